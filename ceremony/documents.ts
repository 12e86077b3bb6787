import type { KeyObject } from 'node:crypto';
import type { OnlineRolePolicy, RootPolicy } from '../src/config/root-policy.ts';
import { addMs, dayMs, floorToSecond, formatInstant } from '../src/core/clock.ts';
import { sha256Hex } from '../src/core/digest.ts';
import { ToolkitError } from '../src/core/error.ts';
import type { JsonObject } from '../src/core/json.ts';
import { digestLike } from '../src/tuf/claim.ts';
import { keyId, physicalKeyOf, tufKey } from '../src/tuf/key.ts';
import type { RoleName } from '../src/tuf/layout.ts';
import type { RootMetadata, TargetsMetadata } from '../src/tuf/metadata.ts';
import { keyholdersField, ownersOf } from './owners.ts';

/** What the other clients' constants say; a full semantic version, as the specification wants. */
const specVersion = '1.0.31';

/** The field of a root that was made for a rehearsal: no plan that follows on it passes for real, nor the reverse. */
export const rehearsalField = 'x-sigstead-rehearsal';

export interface RootKeys {
  /** Public keys by holder id: one for every holder that the policy names, and no other. */
  readonly holders: ReadonlyMap<string, KeyObject>;
  /** Keys that holders use for the targets role alone, by holder id. @default the same as for root */
  readonly forTargets?: ReadonlyMap<string, KeyObject>;
  /** @default the online keys of the root in force, which stay: an imported repository says nothing of where they are */
  readonly online?: KeyObject | undefined;
}

/**
 * Returns the root that a policy and its holders' keys ask for: the first one, or the one after `current`, whose other
 * fields and whose keys' own fields it keeps. Pure.
 * @throws CER_HOLDERS if the keys are not one each for the holders of the policy
 */
export function rootDocument(policy: RootPolicy, keys: RootKeys, occasion: RootOccasion): JsonObject {
  const { now, current, rehearsal = false } = occasion;
  assertHolders(policy, keys);
  const own = new Map([...keys.holders].map(([id, key]) => [id, listedKey(key, current)]));
  const forTargets = new Map([...(keys.forTargets ?? [])].map(([id, key]) => [id, listedKey(key, current)]));
  const role = (name: RoleName, keyids: readonly string[], threshold: number) => ({
    ...rolesOf(current)[name],
    keyids,
    threshold,
  });
  const held = (name: 'root' | 'targets') => {
    const ids = policy[name].holders.flatMap(
      (id) => (name === 'targets' ? forTargets.get(id) : undefined) ?? own.get(id) ?? [],
    );
    return role(
      name,
      ids.map(({ keyid }) => keyid),
      policy[name].threshold,
    );
  };
  const roles = { root: held('root'), targets: held('targets') };
  const online = onlineRoles(keys, current);
  const listed = [...own, ...forTargets].filter(([, { keyid }]) =>
    [roles.root, roles.targets].some(({ keyids }) => keyids.includes(keyid)),
  );
  return {
    ...(rehearsal && !current && { [rehearsalField]: true }),
    ...current?.signed,
    ...header('root', (current?.version ?? 0) + 1, { expires: expiry(policy, 'root', now), current }),
    consistent_snapshot: true,
    keys: Object.fromEntries([...listed.map(([, key]) => key), ...online.keys].map(({ keyid, key }) => [keyid, key])),
    roles: { ...roles, ...online.roles },
    ...keyholders(listed, current),
  };
}

/** The keys of snapshot and timestamp, and the roles that name them. */
function onlineRoles(
  { online }: RootKeys,
  current: RootMetadata | undefined,
): { readonly keys: readonly ListedKey[]; readonly roles: JsonObject } {
  const stay = ['snapshot', 'timestamp'] as const;
  if (online === undefined && current) {
    const keyids = stay.flatMap((name) => current.roles[name].keyids);
    const keys = [...current.keys.values()].filter(({ keyid }) => keyids.includes(keyid));
    return { keys, roles: Object.fromEntries(stay.map((name) => [name, rolesOf(current)[name] ?? {}])) };
  }
  if (online === undefined) throw new TypeError('the first root names an online key');
  const key = listedKey(online, current);
  const role = (name: RoleName) => ({ ...rolesOf(current)[name], keyids: [key.keyid], threshold: 1 });
  return { keys: [key], roles: { snapshot: role('snapshot'), timestamp: role('timestamp') } };
}

/** A root of another tool that names its holders already is left as it is until somebody joins. */
function keyholders(listed: readonly (readonly [string, ListedKey])[], current: RootMetadata | undefined): JsonObject {
  const known = current && !(keyholdersField in current.signed) ? ownersOf(current) : undefined;
  if (known && listed.every(([id, { keyid }]) => known.get(keyid) === id)) return {};
  return { [keyholdersField]: Object.fromEntries(listed.map(([id, { keyid }]) => [keyid, id])) };
}

export interface RootOccasion {
  readonly now: Date;
  /** The root that the new one follows. @default none: it is the first */
  readonly current?: RootMetadata | undefined;
  /** Whether a first root says that it is a rehearsal's. @default false */
  readonly rehearsal?: boolean | undefined;
}

/** Returns a targets document that lists exactly `targets`, by SHA-256 alone. */
export function targetsDocument(
  targets: ReadonlyMap<string, Uint8Array>,
  { version, expires, current }: TargetsOccasion,
): JsonObject {
  const claims = [...targets]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, bytes]) => [name, claimOn(bytes, listedTarget(current, name))] as const);
  return {
    ...current?.signed,
    ...header('targets', version, { expires, current }),
    targets: Object.fromEntries(claims),
  };
}

export interface TargetsOccasion {
  readonly version: number;
  readonly expires: Date;
  /** The targets that the new ones follow; fields that only others understand are kept. @default none */
  readonly current?: TargetsMetadata | undefined;
}

/** Returns a snapshot that names the targets metadata by version, as the public instance's does. */
export function snapshotDocument(meta: JsonObject, version: number, expires: Date): JsonObject {
  return { ...header('snapshot', version, { expires }), meta };
}

/** Returns a timestamp for one very snapshot: version, length and hash. */
export function timestampDocument(snapshot: { version: number; bytes: Uint8Array }, version: number, expires: Date) {
  const { bytes } = snapshot;
  const claim = { hashes: { sha256: sha256Hex(bytes) }, length: bytes.length, version: snapshot.version };
  return { ...header('timestamp', version, { expires }), meta: { 'snapshot.json': claim } } satisfies JsonObject;
}

/** Returns when metadata of a role that is signed now ends, by the policy. */
export function expiry(policy: RootPolicy, role: RoleName, now: Date): Date {
  const { expiryDays }: OnlineRolePolicy = policy[role];
  return addMs(floorToSecond(now), expiryDays * dayMs);
}

/** A file that stays is listed as it was, whatever hashes that has. */
function claimOn(bytes: Uint8Array, listed: JsonObject | undefined): JsonObject {
  const { sha256, sha512 } = (listed?.['hashes'] ?? {}) as JsonObject;
  const digest = sha256 ?? sha512;
  if (listed && typeof digest === 'string' && digestLike(digest, bytes) === digest) return listed;
  return { ...listed, hashes: { sha256: sha256Hex(bytes) }, length: bytes.length };
}

function listedTarget(current: TargetsMetadata | undefined, name: string): JsonObject | undefined {
  return (current?.signed['targets'] as JsonObject | undefined)?.[name] as JsonObject | undefined;
}

function rolesOf(current: RootMetadata | undefined): Readonly<Record<string, JsonObject>> {
  return (current?.signed['roles'] ?? {}) as Readonly<Record<string, JsonObject>>;
}

/** The version of the specification stays what it was: clients compare its first number alone. */
function header(
  role: RoleName,
  version: number,
  { expires, current }: { readonly expires: Date; readonly current?: RootMetadata | TargetsMetadata | undefined },
): JsonObject {
  const spec = current?.signed['spec_version'] ?? specVersion;
  return { _type: role, spec_version: spec, version, expires: formatInstant(expires) };
}

interface ListedKey {
  readonly keyid: string;
  readonly key: JsonObject;
}

/** A key that the published root lists keeps its id and its fields: only what changes is to be reviewed. */
function listedKey(publicKey: KeyObject, current: RootMetadata | undefined): ListedKey {
  const physical = physicalKeyOf(publicKey);
  const published = [...(current?.keys.values() ?? [])].find(({ physicalKey }) => physicalKey === physical);
  if (published) return published;
  const key = tufKey(publicKey);
  return { keyid: keyId(key), key };
}

function assertHolders(policy: RootPolicy, { holders, forTargets = new Map() }: RootKeys): void {
  const named = new Set([...policy.root.holders, ...policy.targets.holders]);
  const keys = [...holders, ...forTargets].map(([id, key]) => [id, physicalKeyOf(key)] as const);
  const missing = [...named].filter((id) => !holders.has(id));
  const unknown = [...new Set(keys.map(([id]) => id))].filter((id) => !named.has(id));
  const sharing = keys
    .filter(([, key], index) => keys.some(([, same], other) => other !== index && same === key))
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
