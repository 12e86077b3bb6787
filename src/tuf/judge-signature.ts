import { Key, Metadata, MetadataKind } from '@tufjs/models';
import type { JsonObject } from '../core/json.ts';
import type { RoleKey } from './key.ts';

/** True if tuf-js, which parses, canonicalises and verifies by itself, accepts a signature over a signed document. */
export function judgeSignature(
  { keyid, key }: RoleKey,
  document: { readonly role: 'root' | 'targets'; readonly signed: JsonObject; readonly sig: string },
): boolean {
  const { role, signed, sig } = document;
  try {
    const json = JSON.parse(JSON.stringify({ signed, signatures: [{ keyid, sig }] }));
    const metadata =
      role === 'root' ? Metadata.fromJSON(MetadataKind.Root, json) : Metadata.fromJSON(MetadataKind.Targets, json);
    Key.fromJSON(keyid, JSON.parse(JSON.stringify(key))).verifySignature(metadata);
    return true;
  } catch {
    return false;
  }
}
