import { printable } from '../../src/core/printable.ts';
import type { PayloadScreen, ReviewScreen } from './screen.ts';

/** Renders what a holder reads before signing. No text of others makes a line of its own, or anything a terminal obeys. */
export function renderReview(screen: ReviewScreen): string {
  const { repository, event, revision, kind, reason, planSha256, policySha256 } = screen;
  return [
    ...(screen.rehearsal ? ['REHEARSAL: nothing that is signed here is trusted by anyone', ''] : []),
    `EVENT ${event}  revision ${revision}  ${kind}`,
    `  of ${repository.name} (${repository.id})`,
    `  because: ${reason}`,
    `  planned ${screen.planned}, to be signed by ${screen.signUntil}`,
    `  policy  sha256 ${policySha256}${policyNote(screen)}`,
    `  plan    sha256 ${planSha256}`,
    ...screen.planWords.map((line) => `          ${line}`),
    '',
    pinnedLine(screen),
    ...replacedLines(screen),
    ...(screen.lost.length > 0
      ? [`WITHOUT the published keys of ${screen.lost.join(', ')}: lost, stolen, or out of reach`]
      : []),
    ...signedOtherLines(screen),
    ...screen.payloads.flatMap(payloadLines),
    '',
    ...(screen.unchanged.length > 0 ? [`NOT CHANGED: ${screen.unchanged.join('; ')}`] : []),
    ...ruleLines(screen),
    ...screen.refusedBundles.map((line) => `NO LONGER VERIFIES: ${line}`),
    ...(screen.exposedUntil === null ? [] : exposureLines(screen.exposedUntil)),
    '',
  ]
    .map(printable)
    .join('\n');
}

function ruleLines({ rules, notes }: ReviewScreen): readonly string[] {
  const of = (wanted: string) => rules.filter(({ outcome }) => outcome === wanted).map(({ rule }) => rule);
  return [
    `RULES: ${of('passed').length} passed: ${of('passed').join(', ')}`,
    `  nothing to look at: ${of('not-applicable').join(', ') || 'none'}`,
    ...notes.map((note) => `  NOTE ${note}`),
  ];
}

function policyNote({ policyChanged }: ReviewScreen): string {
  if (policyChanged === null) return '';
  return policyChanged ? '  CHANGED since you signed last: read it' : '  as when you signed last';
}

function pinnedLine({ pinnedRoot, baseRoot }: ReviewScreen): string {
  if (baseRoot === null)
    return 'FIRST ROOT: there is nothing to compare it with; compare its words with the other holders';
  if (pinnedRoot === baseRoot) return `YOUR PINNED ROOT v${pinnedRoot} is the root in force`;
  return `YOUR PINNED ROOT v${pinnedRoot}; the chain from it to v${baseRoot}, the root in force, is signed as it must be`;
}

/** No signature leads from the old chain to the new one: that is what a lost quorum means. */
function replacedLines({ replaces }: ReviewScreen): readonly string[] {
  if (replaces === null) return [];
  return [
    `  it takes the place of the chain that ends with root sha256 ${replaces}:`,
    '  no client follows by itself; each must be given this root by somebody whom its users trust',
  ];
}

function signedOtherLines({ signedOther }: ReviewScreen): readonly string[] {
  if (signedOther === null) return [];
  return [
    `YOU SIGNED ANOTHER ROOT OF THIS VERSION BEFORE: sha256 ${signedOther}`,
    '  only one of the two may ever be published: ask what became of the other before you sign',
  ];
}

function payloadLines(payload: PayloadScreen): readonly string[] {
  const { role, version, was, bytes, sha256, words } = payload;
  return [
    '',
    `ROLE ${role} ${was === null ? '' : `v${was} -> `}v${version}  expires ${payload.expires}`,
    ...payload.changes.map((line) => `  ${line}`),
    '  signed by',
    ...payload.signers.map((line) => `    ${line}`),
    `  SIGNED BYTES ${role}.v${version}  ${bytes} bytes`,
    `    sha256 ${grouped(sha256)}`,
    ...words.map((line, index) => `    ${index === 0 ? 'words ' : '      '} ${line}`),
  ];
}

/** What a new root achieves, and what not (TUF gives no client that never sees it any protection). */
function exposureLines(until: string): readonly string[] {
  return [
    `EXPOSED: a client that sees the new metadata takes nothing older. One that is kept from it, by somebody who also holds`,
    `  the online key, may be given what is in force now until ${until}`,
  ];
}

function grouped(hex: string): string {
  return (hex.match(/.{1,4}/g) ?? []).join(' ');
}
