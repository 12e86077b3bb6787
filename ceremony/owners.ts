import type { Json, JsonObject } from '../src/core/json.ts';
import type { RootDocument } from '../src/tuf/document.ts';
import { keyholdersField } from './documents.ts';

/**
 * Returns whose key is whose in a root, by key id: as the root itself says, which its quorum signed.
 *
 * Of a repository that was made with tuf-on-ci, the names that it keeps in the keys.
 */
export function ownersOf(root: RootDocument): ReadonlyMap<string, string> {
  const listed = (root.signed[keyholdersField] ?? {}) as JsonObject;
  const owners = [...root.keys].map(
    ([keyid, { key }]) => [keyid, ownerOf(listed[keyid]) ?? tufOnCiOwner(key)] as const,
  );
  return new Map(owners.flatMap(([keyid, owner]) => (owner === undefined ? [] : [[keyid, owner] as const])));
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
