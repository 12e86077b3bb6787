import { randomInt } from 'node:crypto';
import type { Ask } from '../../src/cli/command.ts';
import { parseHex } from '../../src/core/bytes.ts';
import { formatInstant } from '../../src/core/clock.ts';
import { sha256Hex, spkiOf } from '../../src/core/digest.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { wordLines, wordsOf } from '../../src/core/words.ts';
import { parseCertificate } from '../../src/x509/certificate.ts';
import { parseChain } from '../../src/x509/chain.ts';
import type { CaEvent } from './event.ts';
import type { CaPlan, PlannedAuthority, PlannedCertificate } from './plan-document.ts';

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
  ].join('\n');
}

/**
 * Asks for consent to an event: two words of its plan's digest, then the exact words of what happens.
 * @throws CLI_DECLINED if anything else is typed; CLI_NO_TERMINAL
 */
export async function askCaConsent({ plan, planSha256 }: CaEvent, verb: 'AUTHORISE' | 'RUN', ask: Ask): Promise<void> {
  const words = wordsOf(parseHex(planSha256));
  const half = words.length / 2;
  for (const place of [randomInt(0, half), randomInt(half, words.length)]) {
    const typed = await ask.line(`${plan.event}: type word ${place + 1} of ${words.length}`);
    if (typed.trim().toLowerCase() !== words[place]?.toLowerCase())
      throw declined(plan, `word ${place + 1} is another`);
  }
  const phrase = `${verb} ${plan.kind} ${plan.ca}`;
  if ((await ask.line(`type "${phrase}"`)) !== phrase) throw declined(plan, `expected ${JSON.stringify(phrase)}`);
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

function declined({ event, kind }: CaPlan, why: string): ToolkitError {
  return new ToolkitError('CLI_DECLINED', {
    message: `${event}: nothing was done: ${why}`,
    fault: 'input',
    data: { event, kind },
    hint: 'run the same command again if that was a slip',
  });
}
