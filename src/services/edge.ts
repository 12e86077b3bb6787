import { ctEntries, type ReadEntry, rekorEntries, tufEntries } from './edge-paths.ts';

/** What one client address may do: `burst` requests at once, `perSecond` of them lastingly. */
export interface RateLimit {
  readonly perSecond: number;
  readonly burst: number;
}

/** Limits of one client address, per route. */
export interface EdgeLimits {
  /** Requests that make a server sign or append. */
  readonly writes: RateLimit;
  readonly reads: RateLimit;
}

/** For a public edge: a build farm behind one address signs some hundred artifacts at once, not lastingly. */
export const publicEdgeLimits: EdgeLimits = {
  writes: { perSecond: 10, burst: 600 },
  reads: { perSecond: 100, burst: 2_000 },
};

/**
 * For one machine, where every client has the same address: above what the servers can do, so that nobody who signs
 * meets it, and low enough to stop a loop that has gone wild from filling the logs at the speed of the loopback.
 */
export const loopbackEdgeLimits: EdgeLimits = {
  writes: { perSecond: 20_000, burst: 40_000 },
  reads: { perSecond: 20_000, burst: 40_000 },
};

/** A request that is passed on to a server. What is not named here stays at the edge. */
export interface ForwardRoute {
  readonly kind: 'forward';
  /** Unique in the service; names the route in statistics. */
  readonly name: string;
  readonly method: 'GET' | 'POST';
  /** Compared with the request target as it stands; a query makes it another path. */
  readonly path: string;
  /** 0 where a body is refused. */
  readonly maxBodyBytes: number;
  /** Media types of the body. Asking for one also keeps web pages from posting across origins unasked. */
  readonly contentTypes: readonly string[];
  /** Request headers that reach the server, lower case. */
  readonly requestHeaders: readonly string[];
  /** Headers of the answer that reach the client, besides its content type; lower case. */
  readonly answerHeaders: readonly string[];
  readonly maxAnswerBytes: number;
  /** How long the server may take; more than it allows itself, so that its own error arrives. */
  readonly timeoutMs: number;
  readonly cacheControl: string;
  readonly limit: RateLimit;
}

/** Files that are served by GET and HEAD, from a directory or a bucket. */
export interface ReadRoute {
  readonly kind: 'read';
  readonly name: string;
  /** Taken off the request target; what is left is the name of the file. */
  readonly prefixes: readonly string[];
  readonly entries: readonly ReadEntry[];
  readonly limit: RateLimit;
}

export type EdgeRoute = ForwardRoute | ReadRoute;

/**
 * What the edge admits to one service. Everything else is answered 404 (another method of a known path: 405), and
 * neither that nor a missing file may be cached: the next root of a TUF repository appears where a 404 was.
 */
export interface ServiceEdge {
  readonly service: 'fulcio' | 'rekor' | 'ct-log' | 'tsa' | 'tuf';
  readonly routes: readonly EdgeRoute[];
}

const kibibyte = 1_024;

/**
 * What the edge takes of a body, and the server behind it as well: Rekor and the timestamp authorities are told, for
 * their own limits are megabytes. Fulcio has 4 MiB, and nothing to say otherwise with.
 */
export const maxBodyBytes = {
  fulcio: 64 * kibibyte,
  // An entry has at most 65,535 bytes in the log.
  rekor: 64 * kibibyte,
  timestamp: 16 * kibibyte,
} as const;

/** The API that today's clients use; the legacy `/api/v1` has no client among them. */
export function fulcioEdge(limits: EdgeLimits): ServiceEdge {
  return {
    service: 'fulcio',
    routes: [
      submission('certificate', '/api/v2/signingCert', limits, {
        maxBodyBytes: maxBodyBytes.fulcio,
        contentTypes: ['application/json'],
        // sigstore-go and sigstore-python send the ID token as a bearer token, sigstore-js in the body.
        requestHeaders: ['content-type', 'accept', 'authorization'],
        // It waits 30 s for the CT log.
        timeoutMs: 35_000,
      }),
      lookup('trust-bundle', '/api/v2/trustBundle', limits),
      lookup('configuration', '/api/v2/configuration', limits),
    ],
  };
}

/**
 * The write path of a Rekor log, and its read path with and without `/api/v2`: clients of both kinds exist, and the
 * server itself answers neither.
 */
export function rekorEdge(limits: EdgeLimits): ServiceEdge {
  return {
    service: 'rekor',
    routes: [
      submission('log-entry', '/api/v2/log/entries', limits, {
        maxBodyBytes: maxBodyBytes.rekor,
        contentTypes: ['application/json'],
        // A duplicate is answered 409 with the index of the first.
        answerHeaders: ['retry-after', 'x-log-index'],
        // It allows itself 20 s.
        timeoutMs: 25_000,
      }),
      { kind: 'read', name: 'read', prefixes: ['/api/v2/', '/'], entries: rekorEntries, limit: limits.reads },
    ],
  };
}

/** The read path alone: only Fulcio submits, and reaches the log without the edge. */
export function ctEdge(limits: EdgeLimits): ServiceEdge {
  return {
    service: 'ct-log',
    routes: [{ kind: 'read', name: 'read', prefixes: ['/'], entries: ctEntries, limit: limits.reads }],
  };
}

export function timestampEdge(limits: EdgeLimits): ServiceEdge {
  return {
    service: 'tsa',
    routes: [
      submission('timestamp', '/api/v1/timestamp', limits, {
        maxBodyBytes: maxBodyBytes.timestamp,
        contentTypes: ['application/timestamp-query', 'application/json'],
        timeoutMs: 15_000,
      }),
      lookup('certificate-chain', '/api/v1/timestamp/certchain', limits),
    ],
  };
}

export function tufEdge(limits: EdgeLimits): ServiceEdge {
  return {
    service: 'tuf',
    routes: [{ kind: 'read', name: 'read', prefixes: ['/'], entries: tufEntries, limit: limits.reads }],
  };
}

type SubmissionOptions = Pick<ForwardRoute, 'maxBodyBytes' | 'contentTypes' | 'timeoutMs'> &
  Partial<Pick<ForwardRoute, 'requestHeaders' | 'answerHeaders'>>;

function submission(name: string, path: string, limits: EdgeLimits, options: SubmissionOptions): ForwardRoute {
  return {
    kind: 'forward',
    name,
    method: 'POST',
    path,
    requestHeaders: ['content-type', 'accept'],
    answerHeaders: ['retry-after'],
    maxAnswerBytes: 256 * kibibyte,
    cacheControl: 'no-store',
    limit: limits.writes,
    ...options,
  };
}

function lookup(name: string, path: string, limits: EdgeLimits): ForwardRoute {
  return {
    kind: 'forward',
    name,
    method: 'GET',
    path,
    maxBodyBytes: 0,
    contentTypes: [],
    requestHeaders: ['accept'],
    answerHeaders: [],
    maxAnswerBytes: 1_024 * kibibyte,
    timeoutMs: 15_000,
    cacheControl: 'no-cache',
    limit: limits.reads,
  };
}
