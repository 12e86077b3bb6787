import { parseInstant } from '../core/clock.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { type Delegation, parseDelegations } from './delegations.ts';
import { arrayAt, integerAt, malformed, objectAt, sha256At, sha512At, show, stringAt, uniqueAt } from './fields.ts';
import { parseRoleKey, type RoleKey } from './key.ts';
import { isPlainName, type RoleName, roleNames } from './layout.ts';

interface Common {
  /** The signed object as it was read: nothing is lost, unknown fields included. */
  readonly signed: JsonObject;
  readonly version: number;
  readonly expires: Date;
}

export interface KeyHolders {
  readonly keyids: readonly string[];
  readonly threshold: number;
}

export interface RootDocument extends Common {
  readonly consistentSnapshot: boolean;
  readonly keys: ReadonlyMap<string, RoleKey>;
  readonly roles: Readonly<Record<RoleName, KeyHolders>>;
}

/** What must be true of a file that metadata names. */
export interface FileClaim {
  readonly length: number | undefined;
  /** Algorithm to hexadecimal digest. */
  readonly hashes: ReadonlyMap<string, string>;
}

export interface MetadataClaim extends FileClaim {
  readonly version: number;
}

export interface TargetClaim extends FileClaim {
  readonly length: number;
  /** What names the file: its SHA-256, or its SHA-512 where no other is listed (go-tuf before 2.0). */
  readonly digest: string;
}

export interface TargetsDocument extends Common {
  readonly targets: ReadonlyMap<string, TargetClaim>;
  /** Roles that part of the namespace is delegated to, in the order in which clients visit them. */
  readonly delegations: readonly Delegation[];
}

export interface SnapshotDocument extends Common {
  readonly meta: ReadonlyMap<string, MetadataClaim>;
}

export interface TimestampDocument extends Common {
  readonly snapshot: MetadataClaim;
}

export interface Documents {
  readonly root: RootDocument;
  readonly targets: TargetsDocument;
  readonly snapshot: SnapshotDocument;
  readonly timestamp: TimestampDocument;
}

const parsers: { readonly [Role in RoleName]: (common: Common) => Documents[Role] } = {
  root: parseRoot,
  targets: parseTargets,
  snapshot: parseSnapshot,
  timestamp: parseTimestamp,
};

/**
 * Parses the signed part of one role's metadata (TUF §4.3–4.6). Says nothing about signatures.
 * @throws TUF_METADATA, CORE_TIME
 */
export function parseDocument<Role extends RoleName>(signed: JsonObject, role: Role): Documents[Role] {
  if (signed['_type'] !== role) {
    throw malformed(`${role}: _type`, `expected "${role}", got ${JSON.stringify(signed['_type'])}`);
  }
  const specVersion = stringAt(signed['spec_version'], `${role}: spec_version`);
  if (!/^1(\.\d{1,4}){1,2}$/.test(specVersion)) {
    throw malformed(`${role}: spec_version`, `expected version 1 of TUF, got ${show(specVersion)}`);
  }
  const version = integerAt(signed['version'], `${role}: version`, 1);
  const expires = parseInstant(stringAt(signed['expires'], `${role}: expires`), `${role}: expires`);
  return parsers[role]({ signed, version, expires });
}

function parseRoot(common: Common): RootDocument {
  const { signed } = common;
  const consistentSnapshot = signed['consistent_snapshot'];
  if (typeof consistentSnapshot !== 'boolean') throw malformed('root: consistent_snapshot', 'expected true or false');
  const keys = new Map<string, RoleKey>();
  for (const [keyid, key] of Object.entries(objectAt(signed['keys'], 'root: keys'))) {
    keys.set(sha256At(keyid, 'root: keys'), parseRoleKey(keyid, key, `root: keys.${keyid}`));
  }
  const listed = objectAt(signed['roles'], 'root: roles');
  const [root, targets, snapshot, timestamp] = roleNames.map((role) => parseKeyHolders(listed[role], role, keys));
  return {
    ...common,
    consistentSnapshot,
    keys,
    roles: { root, targets, snapshot, timestamp } as RootDocument['roles'],
  };
}

function parseKeyHolders(value: Json | undefined, role: RoleName, keys: ReadonlyMap<string, RoleKey>): KeyHolders {
  const where = `root: roles.${role}`;
  const holders = objectAt(value, where);
  const ids = arrayAt(holders['keyids'], `${where}.keyids`).map((id) => sha256At(id, `${where}.keyids`));
  const unknown = ids.find((id) => !keys.has(id));
  if (unknown !== undefined) throw malformed(`${where}.keyids`, `expected ids of listed keys, got ${unknown}`);
  return {
    keyids: uniqueAt(ids, `${where}.keyids`),
    threshold: integerAt(holders['threshold'], `${where}.threshold`, 1),
  };
}

function parseTargets(common: Common): TargetsDocument {
  const targets = new Map<string, TargetClaim>();
  for (const [name, value] of Object.entries(objectAt(common.signed['targets'], 'targets: targets'))) {
    const where = `targets: targets[${show(name)}]`;
    if (!isPlainName(name))
      throw malformed(where, 'expected a name of letters, digits, ".", "_", "-", "+", "@" and "/"');
    const claim = parseClaim(value, where);
    targets.set(name, {
      ...claim,
      length: integerAt(claim.length, `${where}.length`, 0),
      digest: digestAt(claim.hashes, `${where}.hashes`),
    });
  }
  return { ...common, targets, delegations: parseDelegations(common.signed['delegations'], common.version) };
}

/** Where both are listed clients differ in which of them they ask for: rule `sha256-only` lists one. */
function digestAt(hashes: FileClaim['hashes'], where: string): string {
  const only512 = hashes.has('sha512') && !hashes.has('sha256');
  return only512
    ? sha512At(hashes.get('sha512'), `${where}.sha512`)
    : sha256At(hashes.get('sha256'), `${where}.sha256`);
}

function parseSnapshot(common: Common): SnapshotDocument {
  return { ...common, meta: parseMeta(common.signed, 'snapshot') };
}

function parseTimestamp(common: Common): TimestampDocument {
  const snapshot = parseMeta(common.signed, 'timestamp').get('snapshot.json');
  if (!snapshot) throw malformed('timestamp: meta', 'expected an entry "snapshot.json", got none');
  return { ...common, snapshot };
}

function parseMeta(signed: JsonObject, role: RoleName): ReadonlyMap<string, MetadataClaim> {
  const meta = new Map<string, MetadataClaim>();
  for (const [file, value] of Object.entries(objectAt(signed['meta'], `${role}: meta`))) {
    const where = `${role}: meta[${show(file)}]`;
    const version = integerAt(objectAt(value, where)['version'], `${where}.version`, 1);
    meta.set(file, { ...parseClaim(value, where), version });
  }
  return meta;
}

function parseClaim(value: Json | undefined, where: string): FileClaim {
  const { length, hashes = {} } = objectAt(value, where);
  const digests = new Map<string, string>();
  for (const [algorithm, digest] of Object.entries(objectAt(hashes, `${where}.hashes`))) {
    digests.set(algorithm, stringAt(digest, `${where}.hashes.${algorithm}`));
  }
  return { length: length === undefined ? undefined : integerAt(length, `${where}.length`, 0), hashes: digests };
}
