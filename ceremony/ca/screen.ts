import type { Ask } from '../../src/cli/command.ts';
import { parseHex } from '../../src/core/bytes.ts';
import { formatInstant } from '../../src/core/clock.ts';
import { sha256Hex, spkiOf } from '../../src/core/digest.ts';
import { printable } from '../../src/core/printable.ts';
import { wordLines } from '../../src/core/words.ts';
import { parseCertificate } from '../../src/x509/certificate.ts';
import { parseChain } from '../../src/x509/chain.ts';
import { askConsent } from '../review/consent.ts';
import type { CaEvent } from './event.ts';
import type { PlannedAuthority, PlannedCertificate } from './plan-document.ts';

/** Returns what everybody reads before they authorise an event, or have it run. */
export function renderCaEvent({ plan, planSha256 }: CaEvent): string {
  const { event, kind, ca, reason, repository, authorisedBy, authority, certificate, since } = plan;
  return [
    ...(plan.rehearsal ? ['REHEARSAL: nothing that is signed here is trusted by anyone', ''] : []),
    `EVENT ${event}  ${kind} of ${ca}`,
    `  of ${repository.name} (${repository.id})`,
    `  because: ${reason}`,
    `  planned ${formatInstant(plan.planned)}, to be run by ${formatInstant(plan.signUntil)}`,
    `  plan    sha256 ${planSha256}`,
    ...wordLines(parseHex(planSha256)).map((line) => `          ${line}`),
    `  to be authorised by all of: ${authorisedBy.join(', ')}`,
    ...(authority ? authorityLines(authority) : []),
    ...(certificate ? certificateLines(certificate) : ['', `RETIRES ${ca}: its key issues nothing from now on`]),
    ...(since ? [`  its key may have been in other hands since ${formatInstant(since)}`] : []),
    '',
  ]
    .map(printable)
    .join('\n');
}

/**
 * Asks for consent to an event: two words of its plan's digest, then the exact words of what happens.
 * @throws as `askConsent`
 */
export async function askCaConsent({ plan, planSha256 }: CaEvent, verb: 'AUTHORISE' | 'RUN', ask: Ask): Promise<void> {
  await askConsent({ what: plan.event, digest: planSha256, phrase: `${verb} ${plan.kind} ${plan.ca}` }, ask);
}

function authorityLines({ use, custody, shares, policyUrl }: PlannedAuthority): readonly string[] {
  const { threshold, holders } = shares;
  const key = {
    token: 'is born in a token and never leaves it; its PIN is shared',
    shares: 'is made in memory and encrypted; its passphrase is shared',
  }[custody];
  return [
    '',
    `NEW AUTHORITY for ${use}; its key ${key}`,
    `  any ${threshold} of ${holders.length} open it: ${holders.join(', ')}`,
    `  made and kept by ${policyUrl}`,
  ];
}

function certificateLines(planned: PlannedCertificate): readonly string[] {
  const { profile, subject, serial, notBefore, notAfter, algorithm, publicKey, root, path, tbsSha256 } = planned;
  const other =
    root === undefined ? undefined : parseCertificate(parseChain(root, path).der[0] ?? new Uint8Array(), path);
  const name = subject ? `O=${subject.organization}, CN=${subject.commonName}` : `that of the root ${other?.label}`;
  const key = publicKey ?? other?.publicKey;
  return [
    '',
    `SIGNS ${path}  ${profile}`,
    `  subject  ${name}`,
    `  valid    ${formatInstant(notBefore)} to ${formatInstant(notAfter)}`,
    `  serial   ${serial}`,
    `  key      ${key ? `sha256 ${sha256Hex(spkiOf(key))}` : 'born when this is run'}`,
    `  signed with ${algorithm}`,
    `  bytes    sha256 ${tbsSha256}${key ? '' : '  (with zeros for the key)'}`,
    ...wordLines(parseHex(tbsSha256)).map((line) => `           ${line}`),
  ];
}
