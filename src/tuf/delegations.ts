import { ToolkitError } from '../core/error.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { TargetsDocument } from './document.ts';
import { arrayAt, integerAt, malformed, objectAt, sha256At, show, stringAt, uniqueAt } from './fields.ts';
import { parseRoleKey, type RoleKey } from './key.ts';
import { isPlainName, roleNames } from './layout.ts';
import type { Quorum } from './threshold.ts';

/** A role that part of the targets' namespace is delegated to (TUF §4.5). */
export interface Delegation {
  /** Plain, without `/`, and no top-level role. */
  readonly name: string;
  readonly quorum: Quorum;
  /** Patterns of `*` and `?`, neither of which matches a `/`; `undefined` where the namespace is given otherwise. */
  readonly paths: readonly string[] | undefined;
  /** True if a name that matches and is not listed there is listed nowhere. */
  readonly terminating: boolean;
}

/** The most delegated roles that the clients in the field visit. */
const maxDelegations = 32;

/**
 * Parses the delegations of targets metadata, one level. What we do not interpret (prefixes of hashes, bins, patterns
 * of other characters) parses, and has no `paths`: see `assertInterpreted`.
 * @throws TUF_METADATA
 */
export function parseDelegations(value: Json | undefined, version: number): readonly Delegation[] {
  if (value === undefined) return [];
  const where = 'targets: delegations';
  const { keys: listed, roles, succinct_roles: bins } = objectAt(value, where);
  const keys = new Map<string, RoleKey>();
  for (const [keyid, key] of Object.entries(objectAt(listed, `${where}.keys`))) {
    keys.set(sha256At(keyid, `${where}.keys`), parseRoleKey(keyid, key, `${where}.keys.${keyid}`));
  }
  const read = { where, keys, version };
  if (bins !== undefined) return [parseBins(objectAt(bins, `${where}.succinct_roles`), read)];
  const delegations = arrayAt(roles, `${where}.roles`).map((role) =>
    parseDelegation(objectAt(role, `${where}.roles`), read),
  );
  uniqueAt(
    delegations.map(({ name }) => name),
    `${where}.roles`,
  );
  if (delegations.length > maxDelegations) {
    throw malformed(`${where}.roles`, `expected at most ${maxDelegations} roles, got ${delegations.length}`);
  }
  return delegations;
}

/**
 * Passes if every part of the namespace is delegated in a way that this client follows.
 * @throws TUF_DELEGATIONS
 */
export function assertInterpreted({ delegations }: TargetsDocument): void {
  const roles = delegations.filter(({ paths }) => paths === undefined).map(({ name }) => name);
  if (roles.length > 0) throw refusedDelegations(roles, 'delegated by patterns of "*" and "?" alone, got others');
}

/** The error of delegated roles of which nothing would be verified here. */
export function refusedDelegations(roles: readonly string[], expected: string): ToolkitError {
  return new ToolkitError('TUF_DELEGATIONS', {
    message: `targets: expected roles ${expected}: ${roles.join(', ')}`,
    fault: 'input',
    data: { roles },
    hint: 'the files of such a role would not be verified here; delegate one level, by paths, to a role that the snapshot lists',
  });
}

/** True if a pattern of a delegation covers the name of a target, as clients match them: part by part. */
export function matchesPath(pattern: string, name: string): boolean {
  const [patterns, parts] = [pattern.split('/'), name.split('/')];
  return patterns.length === parts.length && patterns.every((part, index) => matchesPart(part, parts[index] ?? ''));
}

/**
 * Returns the delegated role from which clients take a target that the top-level targets do not list: the first whose
 * paths cover the name and that lists it, unless one before it covers the name and ends the search.
 */
export function delegatedRoleOf(
  name: string,
  delegations: readonly Delegation[],
  documents: ReadonlyMap<string, TargetsDocument>,
): string | undefined {
  for (const { name: role, paths = [], terminating } of delegations) {
    if (!paths.some((path) => matchesPath(path, name))) continue;
    if (documents.get(role)?.targets.has(name)) return role;
    if (terminating) return undefined;
  }
  return undefined;
}

interface Reading {
  readonly where: string;
  readonly keys: ReadonlyMap<string, RoleKey>;
  readonly version: number;
}

function parseDelegation(role: JsonObject, read: Reading): Delegation {
  const name = stringAt(role['name'], `${read.where}.roles`);
  const where = `${read.where}.roles[${show(name)}]`;
  if (!isPlainName(name) || name.includes('/') || roleNames.some((reserved) => reserved === name)) {
    throw malformed(where, 'expected a plain name that is no top-level role');
  }
  const { terminating, paths, path_hash_prefixes: prefixes } = role;
  if (typeof terminating !== 'boolean') throw malformed(`${where}.terminating`, 'expected true or false');
  if ((paths === undefined) === (prefixes === undefined)) {
    throw malformed(where, 'expected either paths or path_hash_prefixes');
  }
  return { name, quorum: parseQuorum(name, role, { ...read, where }), paths: parsePaths(paths, where), terminating };
}

function parseBins(bins: JsonObject, read: Reading): Delegation {
  const where = `${read.where}.succinct_roles`;
  const name = stringAt(bins['name_prefix'], `${where}.name_prefix`);
  return { name, quorum: parseQuorum(name, bins, { ...read, where }), paths: undefined, terminating: true };
}

function parseQuorum(name: string, role: JsonObject, { where, keys, version }: Reading): Quorum {
  const ids = arrayAt(role['keyids'], `${where}.keyids`).map((id) => sha256At(id, `${where}.keyids`));
  const own = uniqueAt(ids, `${where}.keyids`).map((id) => {
    const key = keys.get(id);
    if (!key) throw malformed(`${where}.keyids`, `expected ids of listed keys, got ${id}`);
    return key;
  });
  const threshold = integerAt(role['threshold'], `${where}.threshold`, 1);
  return { name: `${name} of targets v${version}`, keys: own, threshold };
}

function parsePaths(value: Json | undefined, where: string): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const paths = arrayAt(value, `${where}.paths`).map((path) => stringAt(path, `${where}.paths`));
  return paths.every((path) => path.split('/').every(isPlainPattern)) ? paths : undefined;
}

/** Brackets, braces and what else a shell knows mean one thing to one client and another to the next. */
function isPlainPattern(part: string): boolean {
  return /^[A-Za-z0-9_*?][A-Za-z0-9._+@*?-]*$/.test(part);
}

/** Goes back to the last `*` only: no pattern makes it slow. */
function matchesPart(pattern: string, part: string): boolean {
  let [at, star, resume] = [0, -1, 0];
  for (let index = 0; index < part.length; ) {
    if (pattern[at] === '*') {
      [star, resume] = [at, index];
      at += 1;
    } else if (pattern[at] === '?' || pattern[at] === part[index]) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      resume += 1;
      [at, index] = [star + 1, resume];
    } else {
      return false;
    }
  }
  return /^\**$/.test(pattern.slice(at));
}
