import { equalBytes } from '../src/core/bytes.ts';
import type { Json, JsonObject } from '../src/core/json.ts';
import { canonicalize } from '../src/tuf/canonical-json.ts';
import type { RootDocument } from '../src/tuf/document.ts';
import type { RoleKey } from '../src/tuf/key.ts';
import { type RoleName, roleNames } from '../src/tuf/layout.ts';
import { quorumOf } from '../src/tuf/threshold.ts';
import { keyholdersField, ownersOf } from './owners.ts';

/** One thing that differs between two roots, besides version and expiry. */
export type RootChange = KeyChange | ThresholdChange | RelabelledKey | OtherChange;

/** A private key that a role counts from now on, or no longer. */
export interface KeyChange {
  readonly what: 'key-added' | 'key-removed';
  readonly key: RoleKey;
  readonly roles: readonly RoleName[];
  /** Id of the holder; absent for the online key. */
  readonly holder: string | undefined;
}

export interface ThresholdChange {
  readonly what: 'threshold';
  readonly role: RoleName;
  readonly from: number;
  readonly to: number;
}

/** The same private key under another id. Signatures can be relabelled: this replaces nothing. */
export interface RelabelledKey {
  readonly what: 'relabelled';
  readonly key: RoleKey;
  readonly from: string;
  readonly holder: string | undefined;
}

export interface OtherChange {
  readonly what: 'field';
  readonly field: string;
}

/** Fields of a root that the other changes speak of, or that each version has its own of. */
const spokenOf = ['version', 'expires', 'keys', 'roles', keyholdersField];

/** Says everything that differs between two roots. Before the first root, everything is new. */
export function rootChanges(before: RootDocument | undefined, after: RootDocument): readonly RootChange[] {
  return [
    ...keyChanges('key-removed', before, after),
    ...keyChanges('key-added', after, before),
    ...relabelled(before, after),
    ...thresholds(before, after),
    ...otherChanges(before, after),
  ];
}

/** Returns the keys that a root lists and the one before it did not, in these very words. */
export function addedKeys(before: RootDocument | undefined, after: RootDocument): readonly RoleKey[] {
  return [...after.keys.values()].filter(({ keyid, key }) => !same(before?.keys.get(keyid)?.key, key));
}

/** Keys of `one` that the same role of `other` does not count. */
function keyChanges(
  what: KeyChange['what'],
  one: RootDocument | undefined,
  other: RootDocument | undefined,
): readonly KeyChange[] {
  if (one === undefined) return [];
  const owners = ownersOf(one);
  return [...one.keys.values()].flatMap((key): readonly KeyChange[] => {
    const roles = rolesOf(one, key).filter((role) => other === undefined || !rolesOf(other, key).includes(role));
    return roles.length === 0 ? [] : [{ what, key, roles, holder: owners.get(key.keyid) }];
  });
}

function rolesOf(root: RootDocument, { physicalKey }: RoleKey): readonly RoleName[] {
  return roleNames.filter((role) => quorumOf(root, role).keys.some((key) => key.physicalKey === physicalKey));
}

function relabelled(before: RootDocument | undefined, after: RootDocument): readonly RelabelledKey[] {
  const owners = ownersOf(after);
  return [...after.keys.values()].flatMap((key) => {
    const old = [...(before?.keys.values() ?? [])].find(({ physicalKey }) => physicalKey === key.physicalKey);
    if (!old || old.keyid === key.keyid) return [];
    return [{ what: 'relabelled', key, from: old.keyid, holder: owners.get(key.keyid) }];
  });
}

function thresholds(before: RootDocument | undefined, after: RootDocument): readonly ThresholdChange[] {
  if (before === undefined) return [];
  return roleNames.flatMap((role) => {
    const [from, to] = [before.roles[role].threshold, after.roles[role].threshold];
    return from === to ? [] : [{ what: 'threshold', role, from, to }];
  });
}

function otherChanges(before: RootDocument | undefined, after: RootDocument): readonly OtherChange[] {
  if (before === undefined) return [];
  const fields = new Set([...Object.keys(before.signed), ...Object.keys(after.signed)]);
  const others = [...fields].filter(
    (field) => !spokenOf.includes(field) && !same(before.signed[field], after.signed[field]),
  );
  return [...others, ...hiddenChanges(before, after)].map((field) => ({ what: 'field', field }));
}

/** What could ride along in the fields that the other changes speak of: roles, keys and names that no client counts. */
function hiddenChanges(before: RootDocument, after: RootDocument): readonly string[] {
  const roles = namesIn([before, after], 'roles').filter((name) => !same(restOf(before, name), restOf(after, name)));
  const counted = roleNames.flatMap((role) => after.roles[role].keyids);
  const keys = [...after.keys.keys()].filter((keyid) => !counted.includes(keyid) && !before.keys.has(keyid));
  const [older, newer] = [ownersOf(before), ownersOf(after)];
  const owners = [...after.keys.keys()].filter(
    (keyid) => before.keys.has(keyid) && older.get(keyid) !== newer.get(keyid),
  );
  const strangers = namesIn([after], keyholdersField).filter(
    (keyid) => !after.keys.has(keyid) && !namesIn([before], keyholdersField).includes(keyid),
  );
  return [
    ...roles.map((name) => `roles.${name}`),
    ...keys.map((keyid) => `keys.${keyid}`),
    ...[...owners, ...strangers].map((keyid) => `${keyholdersField}.${keyid}`),
  ];
}

function namesIn(roots: readonly RootDocument[], field: string): readonly string[] {
  const names = roots.flatMap(({ signed }) => Object.keys((signed[field] ?? {}) as JsonObject));
  return [...new Set(names)];
}

/** A role without its keys and threshold; all of it where no client knows it. */
function restOf({ signed }: RootDocument, name: string): Json | undefined {
  const role = ((signed['roles'] ?? {}) as JsonObject)[name] as JsonObject | undefined;
  if (role === undefined || !roleNames.some((known) => known === name)) return role;
  const { keyids: _, threshold: __, ...rest } = role;
  return rest;
}

function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return equalBytes(canonicalize(a), canonicalize(b));
}
