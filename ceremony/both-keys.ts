import type { Intent } from '../src/config/intent.ts';
import type { RootDocument } from '../src/tuf/document.ts';
import { type Quorum, quorumOf } from '../src/tuf/threshold.ts';
import { ownersOf } from './owners.ts';

/**
 * Returns what a replacement of keys asks for besides the quorums: of each holder who has not lost the key, a signature
 * by the one that goes and by the one that comes. So a key is replaced by its owner, and by one that works.
 */
export function bothKeysOf(intent: Intent, before: RootDocument, after: RootDocument): readonly Quorum[] {
  if (intent.kind !== 'replace-key' && intent.kind !== 'replace-quorum') return [];
  const present = intent.holders.filter((id) => !intent.lost.includes(id));
  return present.flatMap((id) => [...ownKey(id, before, after), ...ownKey(id, after, before)]);
}

/** The key of a holder in one root that the other does not have. */
function ownKey(id: string, one: RootDocument, other: RootDocument): readonly Quorum[] {
  const owners = ownersOf(one);
  const others = quorumOf(other, 'root').keys.map(({ physicalKey }) => physicalKey);
  const keys = quorumOf(one, 'root').keys.filter(
    ({ keyid, physicalKey }) => owners.get(keyid) === id && !others.includes(physicalKey),
  );
  return keys.map((key) => ({ name: `${id}, whose key in root v${one.version} it is`, keys: [key], threshold: 1 }));
}
