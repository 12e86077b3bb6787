import { utf8 } from '../../src/core/bytes.ts';
import { formatInstant } from '../../src/core/clock.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import type { Signer } from '../../src/core/signer.ts';
import { keyId, tufKey } from '../../src/tuf/key.ts';
import { targetPath } from '../../src/tuf/layout.ts';
import { forge, holders, inDays, type MemoryStore, online, seededSigner, signMetadata } from './root-of-trust.ts';

export interface SampleRole {
  /** @default `npm` */
  readonly name?: string;
  /** @default npm/* */
  readonly paths?: readonly string[];
  readonly terminating?: boolean;
  /** What the role lists. @default npm/keys.json */
  readonly files?: Readonly<Record<string, string>>;
  /** Other fields of the delegation, or of the role's own metadata. */
  readonly delegation?: JsonObject;
  readonly own?: JsonObject;
  readonly signers?: readonly Signer[];
}

const delegateKey = tufKey(seededSigner('npm').publicKey);
const quorum = [...holders('alice', 'bob', 'carol').values()];

/** Puts delegated roles into a repository as genesis published it: targets, snapshot and timestamp become version 2. */
export async function delegateTo(store: MemoryStore, ...roles: readonly SampleRole[]): Promise<void> {
  const meta: Record<string, Json> = { 'targets.json': { version: 2 } };
  for (const role of roles) {
    store.files.set(`1.${nameOf(role)}.json`, await roleMetadata(store, role));
    meta[`${nameOf(role)}.json`] = { version: 1 };
  }
  const keys = { [keyId(delegateKey)]: delegateKey };
  await putTargets(store, { keys, roles: roles.map(delegationOf) });
  await putSnapshot(store, meta);
}

/** Targets of version 2 with these delegations; nothing leads to them yet. */
export async function putTargets(store: MemoryStore, delegations: JsonObject): Promise<void> {
  const bytes = await forge(fileOf(store, '1.targets.json'), 'targets', { version: 2, delegations }, quorum);
  store.files.set('2.targets.json', bytes);
}

/** A later snapshot, and a timestamp that leads to it. */
export async function putSnapshot(store: MemoryStore, meta: JsonObject, version = 2): Promise<void> {
  const bytes = await forge(fileOf(store, '1.snapshot.json'), 'snapshot', { version, meta }, [online]);
  store.files.set(`${version}.snapshot.json`, bytes);
  const claim = { version, length: bytes.length, hashes: { sha256: sha256Hex(bytes) } };
  const change = { version, meta: { 'snapshot.json': claim } };
  store.files.set('timestamp.json', await forge(fileOf(store, 'timestamp.json'), 'timestamp', change, [online]));
}

/** The metadata of a delegated role; its files are put into the store. */
export async function roleMetadata(store: MemoryStore, role: SampleRole): Promise<Uint8Array> {
  const targets: Record<string, Json> = {};
  for (const [name, text] of Object.entries(role.files ?? { 'npm/keys.json': '{"keys":[]}\n' })) {
    const bytes = utf8(text);
    targets[name] = { length: bytes.length, hashes: { sha256: sha256Hex(bytes) } };
    store.files.set(targetPath(name, sha256Hex(bytes)), bytes);
  }
  const header = { _type: 'targets', spec_version: '1.0.31', version: 1, expires: formatInstant(inDays(30)) };
  return await signMetadata({ ...header, targets, ...role.own }, role.signers ?? [seededSigner('npm')]);
}

export function delegationOf(role: SampleRole): JsonObject {
  const { paths = ['npm/*'], terminating = true, delegation } = role;
  return { name: nameOf(role), keyids: [keyId(delegateKey)], threshold: 1, paths, terminating, ...delegation };
}

function nameOf({ name = 'npm' }: SampleRole): string {
  return name;
}

function fileOf(store: MemoryStore, path: string): Uint8Array {
  return store.files.get(path) ?? new Uint8Array();
}
