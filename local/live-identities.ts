import { createPublicKey } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseBase64, parseUtf8 } from '../src/core/bytes.ts';
import { describeCause, isErrno, ToolkitError } from '../src/core/error.ts';
import { readFileIfPresent } from '../src/core/files.ts';
import { requestBody } from '../src/core/http.ts';
import { isJsonObject, parseJsonObject } from '../src/core/json.ts';
import { waitFor } from '../src/core/wait.ts';
import type { ServiceSpec } from '../src/services/service.ts';
import { checkpointPath, type VerifiedCheckpoint, verifyCheckpoint } from '../src/tlog/checkpoint.ts';
import { ctCheckpointTime, ctNoteVerifier } from '../src/tlog/ct-key.ts';
import { maxNoteBytes, type NoteVerifier } from '../src/tlog/note.ts';
import { rekorNoteVerifier } from '../src/tlog/rekor-key.ts';
import type { LiveIdentity } from '../src/trust/drift.ts';
import type { TrustMaterial } from '../src/trust/material.ts';
import { parseChain } from '../src/x509/chain.ts';
import { portOf } from './endpoints.ts';
import type { KeyStore } from './key-store.ts';
import type { ServerProcess } from './server-process.ts';
import type { StateDirectory, StateFacts } from './state.ts';

const maxAnswerBytes = 1_048_576;
/** TesseraCT signs its checkpoint anew every two seconds. */
const checkpointTimeoutMs = 15_000;

export interface LiveOptions {
  readonly processes: readonly ServerProcess[];
  readonly state: StateDirectory;
  readonly facts: StateFacts;
  readonly material: TrustMaterial;
  /** Where the keys of the material are published, for messages. */
  readonly published: { readonly at: string };
  readonly signal: AbortSignal;
}

/**
 * Returns who each server will be once it is started with the key file that we have for it.
 * @throws KEY_PASSPHRASE, CORE_SECRET_MODE, CORE_FILE_MISSING, … naming the file that cannot be opened
 */
export async function readStoredIdentities(
  specs: readonly ServiceSpec[],
  keys: KeyStore,
): Promise<readonly LiveIdentity[]> {
  return await Promise.all(
    specs.map(async ({ id, role, name }) => {
      const { publicKey } = await keys.open(id);
      return { service: role, name: `${name} (${keys.path(id)})`, publicKey };
    }),
  );
}

/**
 * Asks each running server who it is, from the key in its hands and not from our files: the chains that Fulcio and
 * the TSAs serve, the key that Rekor says it loaded, and a CT checkpoint signed since its start.
 *
 * @throws LOCAL_LIVE_KEY (evidence) if a log's checkpoint is not signed by the key in the trust material
 */
export async function readLiveIdentities(options: LiveOptions): Promise<readonly LiveIdentity[]> {
  return await Promise.all(options.processes.map((server) => readOne(server, options)));
}

async function readOne(server: ServerProcess, options: LiveOptions): Promise<LiveIdentity> {
  switch (server.spec.role) {
    case 'fulcio':
      return await fulcioIdentity(server, options);
    case 'tsa':
      return await timestampIdentity(server, options);
    case 'rekor':
      return await rekorIdentity(server, options);
    case 'ct-log':
      return await ctLogIdentity(server, options);
  }
}

async function fulcioIdentity({ spec }: ServerProcess, options: LiveOptions): Promise<LiveIdentity> {
  const url = `${serverUrl(spec.id, options.facts)}/api/v2/trustBundle`;
  const body = await requestBody(url, { maxBytes: maxAnswerBytes, signal: options.signal });
  const { chains } = parseJsonObject(body, { what: url, maxBytes: maxAnswerBytes });
  const [chain] = Array.isArray(chains) ? chains : [];
  const certificates = isJsonObject(chain) ? chain['certificates'] : undefined;
  if (!Array.isArray(certificates)) throw unreadable(spec.id, `${url}: expected a chain`);
  return { service: 'fulcio', name: spec.name, chain: parseChain(certificates.join('\n'), url) };
}

async function timestampIdentity({ spec }: ServerProcess, options: LiveOptions): Promise<LiveIdentity> {
  const url = `${serverUrl(spec.id, options.facts)}/api/v1/timestamp/certchain`;
  const body = await requestBody(url, { maxBytes: maxAnswerBytes, signal: options.signal });
  return { service: 'tsa', name: spec.name, chain: parseChain(parseUtf8(body, url), url) };
}

/** Rekor does not serve its key. It prints it at start, and its checkpoint shows that it can sign with it. */
async function rekorIdentity({ spec, program }: ServerProcess, options: LiveOptions): Promise<LiveIdentity> {
  const log = options.material.rekor.find((entry) => entry.shard === spec.name);
  if (!log) throw unreadable(spec.id, 'the trust material has no entry for it');
  const spki = /"pubkey in base64 DER"="?([A-Za-z0-9+/=]{1,2000})/.exec(program.head())?.[1];
  if (spki === undefined) throw unreadable(spec.id, 'its log does not name the key that it loaded');
  const publicKey = createPublicKey({ key: Buffer.from(parseBase64(spki, spec.id)), format: 'der', type: 'spki' });
  const identity = { service: 'rekor', name: spec.name, publicKey } as const;
  // Another key is for the gate to refuse, whoever signed the checkpoint that happens to lie there.
  if (!publicKey.equals(log.publicKey)) return identity;
  const path = join(options.state.dataOf(spec.id), checkpointPath);
  const bytes = await waitFor(async () => await readFileIfPresent(path, maxNoteBytes), {
    what: `the first checkpoint of ${spec.id}`,
    timeoutMs: checkpointTimeoutMs,
    signal: options.signal,
  });
  verifyOwn(bytes, { spec, path, origin: log.origin, verifier: rekorNoteVerifier(log.origin, publicKey) }, options);
  return identity;
}

/** TesseraCT neither serves nor prints its key: only something it signed since its start shows which one it holds. */
async function ctLogIdentity({ spec, startedAt }: ServerProcess, options: LiveOptions): Promise<LiveIdentity> {
  const log = options.material.ct.find((entry) => entry.shard === spec.name);
  if (!log) throw unreadable(spec.id, 'the trust material has no entry for it');
  const path = join(options.state.dataOf(spec.id), checkpointPath);
  const verifier = ctNoteVerifier(log.origin, log.publicKey);
  await waitFor(
    async () => {
      // What an earlier run signed says nothing about this one, not even if it had another key.
      if (!(await isWrittenSince(path, startedAt))) return undefined;
      const bytes = await readFileIfPresent(path, maxNoteBytes);
      if (!bytes) return undefined;
      const checkpoint = verifyOwn(bytes, { spec, path, origin: log.origin, verifier }, options);
      const signedAt = ctCheckpointTime(checkpoint);
      return signedAt !== undefined && signedAt >= startedAt;
    },
    { what: `a fresh checkpoint of ${spec.id}`, timeoutMs: checkpointTimeoutMs, signal: options.signal },
  );
  return { service: 'ct-log', name: spec.name, publicKey: log.publicKey };
}

interface OwnLog {
  readonly spec: ServiceSpec;
  readonly path: string;
  readonly origin: string;
  readonly verifier: NoteVerifier;
}

function verifyOwn(bytes: Uint8Array, log: OwnLog, options: LiveOptions): VerifiedCheckpoint {
  try {
    return verifyCheckpoint(bytes, log);
  } catch (cause) {
    throw new ToolkitError('LOCAL_LIVE_KEY', {
      message: `${log.spec.id}: its checkpoint ${log.path} is not signed by the key in ${options.published.at}: ${describeCause(cause)}`,
      fault: 'evidence',
      data: { service: log.spec.id, checkpoint: log.path, publishedAt: options.published.at },
      hint: 'put back the key that is published; what this one signs, no client accepts',
      cause,
    });
  }
}

async function isWrittenSince(path: string, time: Date): Promise<boolean> {
  try {
    return (await stat(path)).mtime >= time;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

function serverUrl(service: string, facts: StateFacts): string {
  return `http://127.0.0.1:${portOf(facts, `${service}/http`)}`;
}

function unreadable(service: string, message: string): ToolkitError {
  return new ToolkitError('LOCAL_LIVE_KEY', {
    message: `${service}: cannot tell which key it holds: ${message}`,
    fault: 'evidence',
    data: { service },
    hint: `see the end of its log: sigstead logs ${service}, with the --state of this instance`,
  });
}
