import { resignOnline } from '../../ceremony/resign-online.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { formatInstant } from '../../src/core/clock.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import type { Signer } from '../../src/core/signer.ts';
import { keyId, tufKey } from '../../src/tuf/key.ts';
import { metadataPath, type RoleName, timestampPath } from '../../src/tuf/layout.ts';
import { formatMetadata, parseMetadata } from '../../src/tuf/metadata.ts';
import {
  forge,
  holders,
  inDays,
  MemoryStore,
  online,
  onRepository,
  publishedRepository,
  seededSigner,
  signMetadata,
} from './root-of-trust.ts';

export const first = await publishedRepository();
export const { pinnedRoot } = first;
/** What was signed anew since; clients saw it. */
export const second = new MemoryStore(first.store.files);
await resignOnline({ ...onRepository({ store: second, pinnedRoot }), force: true });
export const quorum = [...holders('alice', 'bob', 'carol').values()];
export const young = ['frank', 'grace', 'heidi'].map(seededSigner);
export const mallory = seededSigner('mallory');

export type Files = Map<string, Uint8Array>;
export const fileAt = (path: string): Uint8Array => second.files.get(path) as Uint8Array;
export const expired = { expires: formatInstant(inDays(-1)) };
export const rootWith = async (change: Readonly<Record<string, Json>>, signers: readonly Signer[] = quorum) =>
  await forge(pinnedRoot, 'root', { version: 2, ...change }, signers);
export const rolesOf = () => parseMetadata(pinnedRoot, 'root').signed['roles'] as Readonly<Record<string, JsonObject>>;
const keysOf = () => parseMetadata(pinnedRoot, 'root').signed['keys'] as JsonObject;

/** Replaces a file of a role, with everything above it signed by the stolen online key to fit. */
export async function put(files: Files, role: 'targets' | 'snapshot', bytes: Uint8Array, version = 3): Promise<void> {
  if (role === 'targets') {
    files.set(metadataPath('targets', version), bytes);
    const meta = { 'targets.json': { version } };
    return await put(
      files,
      'snapshot',
      await forge(fileAt('2.snapshot.json'), 'snapshot', { version: 3, meta }, [online]),
    );
  }
  files.set(metadataPath('snapshot', version), bytes);
  const meta = { 'snapshot.json': { version, length: bytes.length, hashes: { sha256: sha256Hex(bytes) } } };
  files.set(timestampPath, await forge(fileAt(timestampPath), 'timestamp', { version: 3, meta }, [online]));
}

export const reordered = (bytes: Uint8Array, role: RoleName) => {
  const { signed, signatures } = parseMetadata(bytes, role);
  return utf8(formatMetadata(Object.fromEntries(Object.entries(signed).reverse()), signatures));
};
/** A signature over what JSON.stringify makes, in whatever order the fields are. */
export async function overJsonText(bytes: Uint8Array, role: RoleName, signer: Signer): Promise<Uint8Array> {
  const { signed } = parseMetadata(bytes, role);
  const sig = Buffer.from(await signer.sign(utf8(JSON.stringify(signed)))).toString('hex');
  return utf8(formatMetadata(signed, [{ keyid: keyId(tufKey(signer.publicKey)), sig }]));
}

/** A root that lists one private key under two ids, of which two must sign. */
export async function oneKeyTwice(): Promise<Uint8Array> {
  const key = tufKey(mallory.publicKey);
  const same: JsonObject = { ...key, 'x-owner': 'nobody' };
  const keyids = [keyId(key), keyId(same)];
  const roles = { ...rolesOf(), targets: { keyids, threshold: 2 } };
  return await rootWith({ keys: { ...keysOf(), [keyids[0] ?? '']: key, [keyids[1] ?? '']: same }, roles });
}

export async function signedAs(signed: JsonObject, keyids: readonly string[], signer: Signer): Promise<Uint8Array> {
  const bytes = await signMetadata(signed, [signer]);
  const sig = parseMetadata(bytes, 'targets').signatures[0]?.sig ?? '';
  return utf8(
    formatMetadata(
      signed,
      keyids.map((keyid) => ({ keyid, sig })),
    ),
  );
}

export async function handOver(signers: readonly Signer[]): Promise<Uint8Array> {
  const keys = young.map(({ publicKey }) => tufKey(publicKey));
  const root = { keyids: keys.map(keyId), threshold: 3 };
  const listed = { ...keysOf(), ...Object.fromEntries(keys.map((key) => [keyId(key), key])) };
  return await rootWith({ keys: listed, roles: { ...rolesOf(), root } }, signers);
}
