import type { RootDocument } from '../../src/tuf/document.ts';
import type { VerifiedEnrolment } from '../holders/verify-enrolment.ts';
import { type KeyChange, type RootChange, rootChanges } from '../root-changes.ts';
import type { EnrolledKey } from './enrolled-keys.ts';

/** Says in a line each what differs between two roots, and what is known of each key that is new. */
export function changeLines(
  before: RootDocument | undefined,
  after: RootDocument,
  added: readonly EnrolledKey[],
): readonly string[] {
  const changes = rootChanges(before, after);
  if (changes.length === 0) return ['no key, threshold or other field changes'];
  return changes.map((change) => lineOf(change, added));
}

function lineOf(change: RootChange, added: readonly EnrolledKey[]): string {
  switch (change.what) {
    case 'key-added':
      return `+ ${keyName(change)}  ${change.roles.join(', ')}  ${proofOf(added.find((key) => key.change.key.keyid === change.key.keyid))}`;
    case 'key-removed':
      return `- ${keyName(change)}  ${change.roles.join(', ')}`;
    case 'threshold':
      return `! ${change.role}: ${change.from} had to sign, from now on ${change.to}`;
    case 'relabelled':
      return `! key ${change.from.slice(0, 8)} is listed as ${change.key.keyid.slice(0, 8)}: the same private key, no rotation`;
    default:
      return `! field ${change.field} changes`;
  }
}

function keyName({ key, holder }: KeyChange): string {
  return `${(holder ?? 'online').padEnd(8)} ${String(key.key['scheme'] ?? 'unknown scheme')}  key ${key.keyid.slice(0, 8)}`;
}

function proofOf(key: EnrolledKey | undefined): string {
  if (!key?.enrolment) return 'signs without people';
  return `${deviceOf(key.enrolment)}; possession proved`;
}

function deviceOf({ enrolment, attested }: VerifiedEnrolment): string {
  if (attested) {
    const { firmware, serial, pinPolicy, touchPolicy } = attested;
    return `YubiKey ${firmware} #${serial}, attested (PIN ${pinPolicy}, touch ${touchPolicy})`;
  }
  const { kind, label, model, serial } = enrolment.device;
  if (kind === 'file') return 'KEY IN A FILE: whoever copies the file has the key';
  const name = [model, label && `"${label}"`, serial && `#${serial}`].filter(Boolean).join(' ');
  return `${name || 'a token'} as it calls itself, not attested`;
}
