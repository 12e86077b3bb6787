import { resolve } from 'node:path';
import type { Command, Invocation, Outcome } from '../../src/cli/command.ts';
import { exitCodes } from '../../src/core/error.ts';
import { toJson } from '../../src/core/json.ts';
import { type Finding, formatFinding } from '../../src/core/rules.ts';
import { backupFindings } from '../ca/findings.ts';
import { openCaRoom } from '../ca/plan-event.ts';
import { lintDirectory } from '../doctor/lint-directory.ts';
import { publishedFindings } from '../doctor/published.ts';
import { readinessFindings } from '../doctor/readiness.ts';
import { tokenFindings } from '../doctor/tokens.ts';
import { openRootSigning } from '../root-signing/open.ts';
import { reviewHere } from './plan.ts';
import { dirOption, layoutOf } from './settings.ts';

export const ceremonyLintCommand: Command = {
  words: ['ceremony', 'lint'],
  summary: 'verify everything in a root-signing directory, open events too',
  details:
    'For every change that is proposed to it: signatures, proofs, attestations, copies, line ends, and each rule.',
  options: dirOption,
  examples: [{ command: 'sigstead ceremony lint', explains: 'in CI, for each pull request' }],
  exitNotes: ['3    also: a finding is an error', '4    also: a signature, a proof or an attestation is false'],
  run: lint,
};

export const ceremonyDoctorCommand: Command = {
  words: ['ceremony', 'doctor'],
  summary: 'say whether the next ceremony would succeed today: people, keys, time, web server',
  options: {
    ...dirOption,
    url: { type: 'string', value: 'URL', help: 'where clients read the repository: asks it what they ask' },
    module: { type: 'string', value: 'FILE', help: 'a PKCS#11 module: says which tokens are near to locking' },
  },
  examples: [
    { command: 'sigstead ceremony doctor --url https://tuf.acme.example', explains: 'weekly' },
    {
      command: 'sigstead ceremony doctor --module /usr/lib/libykcs11.so',
      explains: 'before a ceremony, on a holder’s machine',
    },
  ],
  exitNotes: ['3    also: a finding is an error'],
  run: doctor,
};

async function lint(invocation: Invocation): Promise<Outcome> {
  const rootSigning = await openRootSigning(layoutOf(invocation));
  // Certificates, records and shares of the offline authorities.
  await openCaRoom(rootSigning.layout);
  const review = (event: Parameters<typeof reviewHere>[0]) => reviewHere(event, rootSigning, invocation);
  return outcomeOf(
    rootSigning.layout.directory,
    await lintDirectory({ rootSigning, review, now: invocation.clock.now() }),
  );
}

async function doctor(invocation: Invocation): Promise<Outcome> {
  const { options, clock } = invocation;
  const rootSigning = await openRootSigning(layoutOf(invocation));
  const [url, module] = [options.text('url'), options.text('module')];
  const now = clock.now();
  const findings = [
    ...(await readinessFindings(rootSigning, now)),
    ...backupFindings((await openCaRoom(rootSigning.layout)).authorities, now),
    ...(url !== undefined && rootSigning.recorded
      ? await publishedFindings({ url, rootVersion: rootSigning.recorded.root.version, now })
      : []),
    ...(module !== undefined ? await tokenFindings(resolve(module)) : []),
  ];
  return outcomeOf(rootSigning.layout.directory, findings);
}

function outcomeOf(directory: string, findings: readonly Finding[]): Outcome {
  const failed = findings.some(({ severity }) => severity === 'error');
  const lines = findings.flatMap((finding) => [
    formatFinding(finding),
    ...(finding.hint === undefined ? [] : [`  hint: ${finding.hint}`]),
  ]);
  return {
    json: toJson({ directory, findings }),
    text: findings.length === 0 ? `${directory}: nothing to say\n` : `${lines.join('\n')}\n`,
    exitCode: failed ? exitCodes.input : exitCodes.ok,
  };
}
