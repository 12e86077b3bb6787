import { createPublicKey, type KeyObject } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Intent } from '../../src/config/intent.ts';
import { parseUtf8 } from '../../src/core/bytes.ts';
import { isErrno, ToolkitError } from '../../src/core/error.ts';
import { readFileCapped, readFileIfPresent } from '../../src/core/files.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { unreadable } from '../../src/core/unreadable.ts';
import { keyId, tufKey } from '../../src/tuf/key.ts';
import { maxMetadataBytes } from '../../src/tuf/layout.ts';
import { parseMetadata, type TargetsMetadata } from '../../src/tuf/metadata.ts';
import { type DelegatedRole, maxTargetBytes } from '../../src/tuf/repository.ts';
import type { RootSigningLayout } from './layout.ts';

/** What `delegations/ROLE/` holds: its owners' public keys, and what they signed elsewhere. Nothing of it is verified. */
export interface DelegationFiles {
  /** Public keys by file name, of `*.pem`. */
  readonly keys: ReadonlyMap<string, KeyObject>;
  /** `metadata.json` and the files in `targets/` that it lists; `undefined` until they come. */
  readonly signed: DelegatedRole | undefined;
}

const maxPemBytes = 8192;

/**
 * Reads `delegations/`, a directory for each role.
 * @throws CER_DELEGATION_KEY for a key that some client does not read; TUF_METADATA
 */
export async function readDelegations(layout: RootSigningLayout): Promise<ReadonlyMap<string, DelegationFiles>> {
  const directory = join(layout.directory, 'delegations');
  const roles = (await entriesOf(directory)).filter((entry) => entry.isDirectory());
  const read = roles.map(async ({ name }) => [name, await readRole(join(directory, name))] as const);
  return new Map(await Promise.all(read));
}

/**
 * Returns the delegations that targets shall have after an event: those in force, with the one that the intent adds or
 * replaces, without the one that it ends. `undefined` where they stay.
 * @throws CER_DELEGATION_KEY if a key that it names is not there
 */
export function wantedDelegations(
  { delegates, undelegates }: Intent,
  current: TargetsMetadata | undefined,
  files: ReadonlyMap<string, DelegationFiles>,
): JsonObject | undefined {
  const changed = delegates?.role ?? undelegates;
  if (changed === undefined) return undefined;
  const listed = (current?.signed['delegations'] ?? {}) as {
    readonly keys?: JsonObject;
    readonly roles?: readonly JsonObject[];
  };
  const added = new Map(
    (delegates?.keys ?? []).map((name) => {
      const publicKey = files.get(changed)?.keys.get(name);
      if (!publicKey) throw noKey(changed, name);
      const key = tufKey(publicKey);
      return [keyId(key), key] as const;
    }),
  );
  const { role: name, threshold, paths, terminating } = delegates ?? {};
  const own = delegates ? { name, keyids: [...added.keys()], threshold, paths, terminating } : undefined;
  const before = listed.roles ?? [];
  const replaced = before.map((role) => (role['name'] === changed ? own : role));
  const appended = before.some((role) => role['name'] === changed) ? [] : [own];
  const roles = [...replaced, ...appended].filter((role) => role !== undefined) as readonly JsonObject[];
  const used = new Set(roles.flatMap((role) => role['keyids'] as readonly string[]));
  const keys = Object.entries({ ...listed.keys, ...Object.fromEntries(added) }).filter(([keyid]) => used.has(keyid));
  return { ...listed, keys: Object.fromEntries(keys), roles };
}

async function readRole(directory: string): Promise<DelegationFiles> {
  const pems = (await entriesOf(directory)).filter(({ name }) => name.endsWith('.pem'));
  const keys = pems.map(async ({ name }) => [name, await readKey(join(directory, name))] as const);
  return { keys: new Map(await Promise.all(keys)), signed: await readSigned(directory) };
}

async function readSigned(directory: string): Promise<DelegatedRole | undefined> {
  const bytes = await readFileIfPresent(join(directory, 'metadata.json'), maxMetadataBytes.targets);
  if (bytes === undefined) return undefined;
  const metadata = parseMetadata(bytes, 'targets');
  const files = new Map<string, Uint8Array>();
  for (const name of metadata.targets.keys()) {
    const content = await readFileIfPresent(join(directory, 'targets', name), maxTargetBytes);
    if (content) files.set(name, content);
  }
  return { metadata, files };
}

async function readKey(path: string): Promise<KeyObject> {
  const bytes = await readFileCapped(path, maxPemBytes);
  try {
    const key = createPublicKey(parseUtf8(bytes, path));
    tufKey(key);
    return key;
  } catch (cause) {
    throw new ToolkitError('CER_DELEGATION_KEY', {
      message: `${path}: expected a public key in PEM, ECDSA P-256 or Ed25519`,
      fault: 'input',
      data: { path },
      hint: 'ask the owners of the role for it: openssl pkey -in KEY -pubout',
      cause,
    });
  }
}

async function entriesOf(directory: string) {
  return await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return [];
    throw unreadable(directory, error);
  });
}

function noKey(role: string, name: string): ToolkitError {
  return new ToolkitError('CER_DELEGATION_KEY', {
    message: `delegations/${role}/${name}: expected a public key of the role, got no file`,
    fault: 'input',
    data: { role, name },
    hint: 'put the keys of its owners there, or correct `keys` in the intent',
  });
}
