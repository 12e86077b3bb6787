import type { Json, JsonObject } from '../src/core/json.ts';
import { parseDocument, type RootDocument } from '../src/tuf/document.ts';
import type { FrozenPlan } from './freeze.ts';

/** The field of a root that says whose key is whose. It is signed, and so is no key id when a person's name changes. */
export const keyholdersField = 'x-sigstead-keyholders';

/**
 * Returns whose key is whose in a root, by key id: as the root itself says, which its quorum signed.
 *
 * Of a repository that was made with tuf-on-ci, the names that it keeps in the keys. Where nobody is named, each key of
 * root and targets that does not sign online as well has a holder named after it.
 */
export function ownersOf(root: RootDocument): ReadonlyMap<string, string> {
  const listed = (root.signed[keyholdersField] ?? {}) as JsonObject;
  const { snapshot, timestamp, ...held } = root.roles;
  const online = [snapshot, timestamp].flatMap(({ keyids }) => keyids);
  const offline = Object.values(held).flatMap(({ keyids }) => keyids);
  const owners = [...root.keys].map(([keyid, { key }]) => {
    const unnamed = offline.includes(keyid) && !online.includes(keyid) ? `holder-${keyid.slice(0, 8)}` : undefined;
    return [keyid, ownerOf(listed[keyid]) ?? tufOnCiOwner(key) ?? unnamed] as const;
  });
  return new Map(owners.flatMap(([keyid, owner]) => (owner === undefined ? [] : [[keyid, owner] as const])));
}

/** Returns whose key is whose in a plan, by the root in force and by the next. */
export function ownersInPlan({ plan, payloads }: Pick<FrozenPlan, 'plan' | 'payloads'>): ReadonlyMap<string, string> {
  const next = payloads.find(({ role }) => role === 'root');
  const roots = [plan.current?.root, next && parseDocument(next.signed, 'root')];
  return new Map(roots.flatMap((root) => (root ? [...ownersOf(root)] : [])));
}

/** Returns the name of a key's owner for people: the holder, or the beginning of its id. */
export function ownerName(owners: ReadonlyMap<string, string>, keyid: string): string {
  return owners.get(keyid) ?? `key ${keyid.slice(0, 8)}`;
}

function ownerOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/.test(value) ? value : undefined;
}

/** `@Name` becomes the holder `name`. */
function tufOnCiOwner(key: JsonObject): string | undefined {
  const owner = key['x-tuf-on-ci-keyowner'];
  return ownerOf(typeof owner === 'string' ? owner.replace(/^@/, '').toLowerCase().replaceAll('_', '-') : undefined);
}
