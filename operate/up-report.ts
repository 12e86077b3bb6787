import type { Outcome } from '../src/cli/command.ts';
import type { Json, JsonObject } from '../src/core/json.ts';
import { shellWord } from '../src/core/shell.ts';
import type { ProvenSignature } from './proof.ts';

/** What `up` tells: which instance is up, what it proved, and what its clients need. */
export interface UpReport {
  readonly instance: string;
  readonly state: string;
  readonly tufUrl: string;
  /** Where clients send people to log in. */
  readonly issuer: string | undefined;
  /** Somebody who can log in here. */
  readonly user: string | undefined;
  readonly root: PinnedRoot;
  readonly services: readonly string[];
  readonly phases: Json;
  /** From the start of the command to the first signature that a client verified. */
  readonly firstMs: number;
  readonly signatures: readonly ProvenSignature[];
}

export interface PinnedRoot {
  readonly file: string;
  readonly sha256: string;
  readonly signedSha256: string;
  readonly threshold: number;
  readonly holders: number;
}

export function outcomeOf(report: UpReport): Outcome {
  return { json: document(report), text: [...proofLines(report, 'is'), ...usageLines(report), '', ''].join('\n') };
}

/** What an instance proved that was stopped again. */
export function outcomeOnce(report: UpReport): Outcome {
  const again = `It was stopped. To start it again: sigstead up --state ${shellWord(report.state)}`;
  return { json: document(report), text: [...proofLines(report, 'was'), again, ''].join('\n') };
}

/** What an instance proved whose state directory is gone: no path in it leads anywhere any more. */
export function outcomeWithoutState(report: UpReport): Outcome {
  const removed = 'It was stopped and its temporary state removed. For one that stays: sigstead up';
  return {
    json: { ...document(report), state: null, rootFile: null },
    text: [...proofLines(report, 'was'), removed, ''].join('\n'),
  };
}

function document({ instance, state, tufUrl, root, issuer, services, ...proof }: UpReport): JsonObject {
  const { phases, firstMs, signatures } = proof;
  return {
    instance,
    state,
    tufUrl,
    rootFile: root.file,
    rootSha256: root.sha256,
    rootSignedSha256: root.signedSha256,
    issuer: issuer ?? null,
    services,
    phases,
    firstVerifiedSignatureMs: signatures.length > 0 ? firstMs : null,
    signatures: signatures.map(({ signedBy, verifiedBy }) => ({ signedBy, verifiedBy: [...verifiedBy] })),
  };
}

function proofLines({ instance, root, signatures, firstMs }: UpReport, tense: 'is' | 'was'): readonly string[] {
  return [
    '',
    `${instance} ${tense} up: a private Sigstore with a root of trust signed by ${root.threshold} of ${root.holders} holders.`,
    ...signatures.map((proof) => `  signed by ${proof.signedBy}, verified by ${proof.verifiedBy.join(', ')}`),
    ...(signatures.length > 0 ? [`  first verified signature after ${(firstMs / 1_000).toFixed(1)} s`] : []),
    '',
  ];
}

function usageLines({ tufUrl, issuer = 'ISSUER', user = 'YOU', root }: UpReport): readonly string[] {
  return [
    `  TUF repository  ${tufUrl}`,
    `  issuer          ${issuer}`,
    `  root            ${root.file}`,
    `                  sha256 of the file         ${root.sha256} (--root-checksum)`,
    `                  sha256 of the signed bytes ${root.signedSha256}`,
    '',
    'Use it with any Sigstore client:',
    `  cosign initialize --mirror ${shellWord(tufUrl)} --root ${shellWord(root.file)}`,
    '  cosign sign-blob FILE --bundle FILE.sigstore.json',
    `  cosign verify-blob FILE --bundle FILE.sigstore.json --certificate-identity ${shellWord(user)} \\`,
    `    --certificate-oidc-issuer ${shellWord(issuer)}`,
  ];
}
