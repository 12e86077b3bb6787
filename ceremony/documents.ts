import type { KeyObject } from 'node:crypto';
import type { OnlineRolePolicy, RootPolicy } from '../src/config/root-policy.ts';
import { addMs, dayMs, floorToSecond, formatInstant } from '../src/core/clock.ts';
import { sha256Hex } from '../src/core/digest.ts';
import { ToolkitError } from '../src/core/error.ts';
import type { JsonObject } from '../src/core/json.ts';
import { keyId, physicalKeyOf, type TufKey, tufKey } from '../src/tuf/key.ts';
import type { RoleName } from '../src/tuf/layout.ts';

/** What the other clients' constants say; a full semantic version, as the specification wants. */
const specVersion = '1.0.31';

export interface RootKeys {
  /** Public keys by holder id: one for every holder that the policy names, and no other. */
  readonly holders: ReadonlyMap<string, KeyObject>;
  readonly online: KeyObject;
}

/** Returns the first root of a policy: its holders' keys and one online key. Pure. */
export function rootDocument(policy: RootPolicy, keys: RootKeys, now: Date): JsonObject {
  assertHolders(policy, keys.holders);
  const listed = new Map([...keys.holders].map(([id, key]) => [id, listedKey(key)]));
  const online = listedKey(keys.online);
  const idsOf = (holders: readonly string[]) => holders.flatMap((id) => listed.get(id)?.keyid ?? []);
  const byOnlineKey = { keyids: [online.keyid], threshold: 1 };
  return {
    ...header('root', 1, expiry(policy, 'root', now)),
    consistent_snapshot: true,
    keys: Object.fromEntries([...listed.values(), online].map(({ keyid, key }) => [keyid, key])),
    roles: {
      root: { keyids: idsOf(policy.root.holders), threshold: policy.root.threshold },
      targets: { keyids: idsOf(policy.targets.holders), threshold: policy.targets.threshold },
      snapshot: byOnlineKey,
      timestamp: byOnlineKey,
    },
  };
}

/** Returns a targets document that lists exactly `targets`, by SHA-256 alone. */
export function targetsDocument(targets: ReadonlyMap<string, Uint8Array>, version: number, expires: Date): JsonObject {
  const claims = [...targets]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, bytes]) => [name, { hashes: { sha256: sha256Hex(bytes) }, length: bytes.length }] as const);
  return { ...header('targets', version, expires), targets: Object.fromEntries(claims) };
}

/** Returns a snapshot that names the targets metadata by version, as the public instance's does. */
export function snapshotDocument(meta: JsonObject, version: number, expires: Date): JsonObject {
  return { ...header('snapshot', version, expires), meta };
}

/** Returns a timestamp for one very snapshot: version, length and hash. */
export function timestampDocument(snapshot: { version: number; bytes: Uint8Array }, version: number, expires: Date) {
  const { bytes } = snapshot;
  const claim = { hashes: { sha256: sha256Hex(bytes) }, length: bytes.length, version: snapshot.version };
  return { ...header('timestamp', version, expires), meta: { 'snapshot.json': claim } } satisfies JsonObject;
}

/** Returns when metadata of a role that is signed now ends, by the policy. */
export function expiry(policy: RootPolicy, role: RoleName, now: Date): Date {
  const { expiryDays }: OnlineRolePolicy = policy[role];
  return addMs(floorToSecond(now), expiryDays * dayMs);
}

function header(role: RoleName, version: number, expires: Date): JsonObject {
  return { _type: role, spec_version: specVersion, version, expires: formatInstant(expires) };
}

function listedKey(publicKey: KeyObject): { readonly keyid: string; readonly key: TufKey } {
  const key = tufKey(publicKey);
  return { keyid: keyId(key), key };
}

function assertHolders(policy: RootPolicy, holders: ReadonlyMap<string, KeyObject>): void {
  const named = new Set([...policy.root.holders, ...policy.targets.holders]);
  const keys = [...holders].map(([id, key]) => [id, physicalKeyOf(key)] as const);
  const missing = [...named].filter((id) => !holders.has(id));
  const unknown = [...holders.keys()].filter((id) => !named.has(id));
  const sharing = keys
    .filter(([id, key]) => keys.some(([other, same]) => other !== id && same === key))
    .map(([id]) => id);
  const problems = Object.entries({ missing, 'not in the policy': unknown, 'sharing one key': sharing })
    .filter(([, ids]) => ids.length > 0)
    .map(([problem, ids]) => `; ${problem}: ${ids.join(', ')}`);
  if (problems.length === 0) return;
  throw new ToolkitError('CER_HOLDERS', {
    message: `${policy.file}: expected a key of their own for each holder of root and targets, and for no one else${problems.join('')}`,
    fault: 'input',
    data: { missing, unknown, sharing },
    hint: 'name each holder once in the policy, and give each one key that nobody else has',
  });
}
