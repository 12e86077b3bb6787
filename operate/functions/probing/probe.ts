import { X509Certificate } from 'node:crypto';
import { describeCause, isError, ToolkitError } from '../../../src/core/error.ts';
import { type Fetch, request } from '../../../src/core/http.ts';
import { checkpointPath, verifyCheckpoint } from '../../../src/tlog/checkpoint.ts';
import { ctCheckpointTime } from '../../../src/tlog/ct-key.ts';
import { maxNoteBytes } from '../../../src/tlog/note.ts';
import { isValidAt } from '../../../src/trust/period.ts';
import type { TrustedRootView } from '../../../src/trust/trusted-root.ts';
import { type DeployedLog, type KnownLog, knownLog, readUrl } from '../runtime/known-logs.ts';
import type { Metric } from '../runtime/metrics.ts';
import { daysLeft } from './signature.ts';

/** An authority as the deployment knows it: what the metric of its certificates is called after. */
export interface DeployedAuthority {
  readonly service: string;
  /** Its name in the trusted root, or where it is: the host is what counts. */
  readonly url: string;
}

/** One thing that the prober tried, and how long it took. */
export interface Step<T> {
  readonly value: T;
  readonly ms: number;
}

/**
 * Does one step of a probe. What a client threw becomes an error of ours that names the step; a signature that does not
 * verify is evidence, for the instance itself has just made it.
 * @throws OPS_PROBE_FAILED
 */
export async function step<T>(
  name: 'trust' | 'token' | 'sign' | 'verify',
  work: () => Promise<T> | T,
): Promise<Step<T>> {
  const start = performance.now();
  try {
    return { value: await work(), ms: performance.now() - start };
  } catch (cause) {
    const isEvidence = name === 'verify' || (cause instanceof ToolkitError && cause.fault === 'evidence');
    throw new ToolkitError('OPS_PROBE_FAILED', {
      message: `${name}: ${cause instanceof ToolkitError ? `${cause.code}: ` : ''}${describeCause(cause)}`,
      fault: isEvidence ? 'evidence' : 'environment',
      data: { step: name, ...(isError(cause) && { error: cause.name }) },
      hint: hints[name],
    });
  }
}

const hints = {
  trust: 'clients cannot update either: check the TUF repository, its expiry, and the way to it',
  token: "check the prober's secret against the identity provider",
  sign: 'nobody can sign: the logs of Fulcio, Rekor and the timestamp authority say which of them refused',
  verify: 'the instance made a signature that its own clients refuse: compare the servers with the published trust',
} as const;

/**
 * Returns how old a log's checkpoint is. A CT log signs the time; for Rekor it is when the file was written.
 * @throws OPS_NO_CHECKPOINT, OPS_CHECKPOINT_TIME, TLOG_SIGNATURE, TLOG_ORIGIN, OPS_LOG_UNTRUSTED, CORE_HTTP_UNREACHABLE
 */
export async function checkpointAge(
  deployed: DeployedLog,
  trusted: TrustedRootView,
  options: { readonly now: Date; readonly fetch?: Fetch },
): Promise<Metric> {
  const log = knownLog(deployed, trusted);
  const url = readUrl(log, checkpointPath);
  const answer = await request(url, { maxBytes: maxNoteBytes, ...(options.fetch && { fetch: options.fetch }) });
  if (answer.status !== 200) throw noCheckpoint(log, url, answer.status);
  const checkpoint = verifyCheckpoint(answer.body, log);
  const written = log.kind === 'ct' ? ctCheckpointTime(checkpoint) : dateOf(answer.headers.get('last-modified'));
  if (written === undefined) throw noTime(log, url);
  const seconds = Math.max(0, (options.now.getTime() - written.getTime()) / 1_000);
  return { name: 'CheckpointAgeSeconds', value: seconds, unit: 'Seconds', of: { Log: log.service } };
}

/** Returns, for each authority that clients trust now, the days until the first certificate of its chain ends. */
export function certificateMetrics(
  authorities: readonly DeployedAuthority[],
  trusted: TrustedRootView,
  now: Date,
): readonly Metric[] {
  const inForce = [...trusted.certificateAuthorities, ...trusted.timestampAuthorities].filter(({ validFor }) =>
    isValidAt(validFor, now),
  );
  const byService = new Map<string, Metric>();
  for (const { uri, chain } of inForce) {
    const service = authorities.find(({ url }) => hostOf(url) === hostOf(uri))?.service ?? hostOf(uri);
    const dates = chain.der.map((der) => new X509Certificate(der).validToDate);
    // Of several of one service, the newest is the one that signs.
    const value = Math.max(daysLeft(dates, now), byService.get(service)?.value ?? Number.NEGATIVE_INFINITY);
    byService.set(service, { name: 'CertificateExpiresInDays', value, unit: 'None', of: { Service: service } });
  }
  return [...byService.values()];
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

function dateOf(header: string | null): Date | undefined {
  const date = new Date(header ?? '');
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function noCheckpoint({ service }: KnownLog, url: string, status: number): ToolkitError {
  return new ToolkitError('OPS_NO_CHECKPOINT', {
    message: `${service}: expected a checkpoint at ${url}, got status ${status}`,
    fault: 'environment',
    data: { service, url, status },
    hint: 'the log has not published yet, or its bucket is empty: never start it over one that had a checkpoint',
  });
}

function noTime({ service }: KnownLog, url: string): ToolkitError {
  return new ToolkitError('OPS_CHECKPOINT_TIME', {
    message: `${service}: expected ${url} to say when it was written, got no Last-Modified`,
    fault: 'environment',
    data: { service, url },
    hint: 'let the header of the bucket pass through the edge',
  });
}
