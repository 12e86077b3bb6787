import { ToolkitError } from '../core/error.ts';
import type { RootDocument } from './document.ts';
import { type RoleKey, verifiesWith } from './key.ts';
import type { RoleName } from './layout.ts';
import type { Envelope, MetadataSignature } from './metadata.ts';

/** The keys of which so many must sign. */
export interface Quorum {
  /** Who says so, e.g. `root of root v3`. */
  readonly name: string;
  readonly keys: readonly RoleKey[];
  readonly threshold: number;
}

export type KeyStatus = 'ok' | 'missing' | 'invalid';

export interface SigningStatus {
  readonly quorum: string;
  readonly keys: readonly { readonly keyid: string; readonly status: KeyStatus }[];
  /** How many different private keys signed. */
  readonly have: number;
  readonly need: number;
}

/** Returns the quorum that a root demands for a role. */
export function quorumOf(root: RootDocument, role: RoleName): Quorum {
  const { keyids, threshold } = root.roles[role];
  const keys = keyids.flatMap((keyid) => root.keys.get(keyid) ?? []);
  return { name: `${role} of root v${root.version}`, keys, threshold };
}

/** True if the same private keys must sign, and as many of them. */
export function sameQuorum(a: Quorum, b: Quorum): boolean {
  const [ours, theirs] = [a, b].map(({ keys }) => new Set(keys.map(({ keyid }) => keyid)));
  return a.threshold === b.threshold && ours?.size === theirs?.size && [...(ours ?? [])].every((id) => theirs?.has(id));
}

/** Returns who of a quorum signed `canonical`. Signatures by others are neither here nor there. */
export function signingStatus(
  canonical: Uint8Array,
  signatures: readonly MetadataSignature[],
  quorum: Quorum,
): SigningStatus {
  const keys = quorum.keys.map((key) => ({ key, status: keyStatus(key, canonical, signatures) }));
  // Two ids of one key are one person: counting ids would let one of three holders sign alone.
  const signed = new Set(keys.filter(({ status }) => status === 'ok').map(({ key }) => key.physicalKey));
  return {
    quorum: quorum.name,
    keys: keys.map(({ key, status }) => ({ keyid: key.keyid, status })),
    have: signed.size,
    need: quorum.threshold,
  };
}

/**
 * Passes if at least the threshold of different private keys of `quorum` signed the metadata.
 * @throws TUF_THRESHOLD
 * @see https://theupdateframework.github.io/specification/latest/#file-formats-object-format
 */
export function verifyThreshold(metadata: Envelope, role: string, quorum: Quorum): SigningStatus {
  const status = signingStatus(metadata.canonical, metadata.signatures, quorum);
  if (status.have >= status.need) return status;
  const invalid = status.keys.filter((key) => key.status === 'invalid').length;
  throw new ToolkitError('TUF_THRESHOLD', {
    message: `${role}: expected ${status.need} signatures by keys for ${quorum.name}, got ${status.have}${
      invalid > 0 ? ` (and ${invalid} that do not verify)` : ''
    }`,
    fault: 'evidence',
    data: { role, ...status },
  });
}

function keyStatus(key: RoleKey, canonical: Uint8Array, signatures: readonly MetadataSignature[]): KeyStatus {
  const entry = signatures.find(({ keyid }) => keyid === key.keyid);
  if (!entry || entry.sig === '') return 'missing';
  return verifiesWith(key, canonical, entry.sig) ? 'ok' : 'invalid';
}
