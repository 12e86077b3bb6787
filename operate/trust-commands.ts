import { join, resolve } from 'node:path';
import { StateDirectory } from '../local/state.ts';
import type { Command, Invocation, Outcome } from '../src/cli/command.ts';
import { exitCodes } from '../src/core/error.ts';
import { createFile, makeDirectory, readFileCapped } from '../src/core/files.ts';
import { printable } from '../src/core/printable.ts';
import { describeFinding, type Finding, formatFinding } from '../src/core/rules.ts';
import { compileTrust, trustFileNames } from '../src/trust/compile.ts';
import { diffTrust } from '../src/trust/diff.ts';
import { lintTrust } from '../src/trust/lint.ts';
import { readInstanceFacts } from './instance-facts.ts';
import { assertTrustMaterial } from './instance-material.ts';
import { stateOption, statePath } from './settings.ts';

const maxTrustBytes = 5_000_000;

export const trustCompileCommand: Command = {
  words: ['trust', 'compile'],
  summary: 'write the files that clients read, from an instance',
  details: [
    `Writes ${Object.values(trustFileNames).join(', ')}.`,
    'Nothing is overwritten: a file that is there with other content is an error.',
  ].join('\n'),
  options: { ...stateOption, out: { type: 'string', value: 'DIR', help: 'where to write (default: ./trust)' } },
  examples: [
    {
      command: 'sigstead trust compile --out /tmp/trust',
      explains: 'what the instance of the default state directory publishes',
    },
  ],
  run: compile,
};

export const trustLintCommand: Command = {
  words: ['trust', 'lint'],
  summary: 'check a trusted root and a signing config against what each client enforces',
  details: `DIR holds ${trustFileNames.trustedRoot} and ${trustFileNames.signingConfig}.`,
  positionals: ['DIR'],
  options: {},
  examples: [{ command: 'sigstead trust lint trust', explains: 'a directory that "trust compile" wrote' }],
  exitNotes: ['3    also: a rule of severity "error" is violated'],
  run: lint,
};

export const trustDiffCommand: Command = {
  words: ['trust', 'diff'],
  summary: 'say what a change of the trust files means, a sentence per line',
  details: `Both directories hold ${trustFileNames.trustedRoot} and ${trustFileNames.signingConfig}.`,
  positionals: ['OLD_DIR', 'NEW_DIR'],
  options: {},
  examples: [{ command: 'sigstead trust diff trust-before trust', explains: 'before you sign a change' }],
  run: diff,
};

async function compile(invocation: Invocation): Promise<Outcome> {
  const state = new StateDirectory(statePath(invocation.options, invocation.environment));
  await readInstanceFacts(state);
  const compiled = compileTrust(await assertTrustMaterial(state), { now: invocation.clock.now() });
  for (const warning of compiled.warnings) invocation.talk.warn(describeFinding(warning));
  const directory = resolve(invocation.options.text('out') ?? 'trust');
  await makeDirectory(directory);
  const files = Object.entries(trustFileNames).map(([part, name]) => ({ path: join(directory, name), part }));
  for (const { path, part } of files) await createFile(path, compiled[part as keyof typeof trustFileNames]);
  const paths = files.map((file) => file.path);
  return { json: { files: paths }, text: paths.map((path) => `${path}\n`).join('') };
}

async function lint(invocation: Invocation): Promise<Outcome> {
  const [directory = '.'] = invocation.positionals;
  const findings = lintTrust(await readTrust(directory), { now: invocation.clock.now() });
  const failed = findings.some((finding) => finding.severity === 'error');
  return {
    json: { findings: findings.map((finding) => ({ ...finding })) },
    text: findings.length === 0 ? 'no findings\n' : findings.map(line).join(''),
    exitCode: failed ? exitCodes.input : exitCodes.ok,
  };
}

async function diff(invocation: Invocation): Promise<Outcome> {
  const [before = '.', after = '.'] = invocation.positionals;
  const sentences = diffTrust(await readTrust(before), await readTrust(after));
  return {
    json: { changes: [...sentences] },
    text:
      sentences.length === 0
        ? 'nothing that a client would notice has changed\n'
        : sentences.map((text) => `${printable(text)}\n`).join(''),
  };
}

async function readTrust(directory: string) {
  const read = async (name: string) => await readFileCapped(join(resolve(directory), name), maxTrustBytes);
  return {
    trustedRoot: await read(trustFileNames.trustedRoot),
    signingConfig: await read(trustFileNames.signingConfig),
  };
}

function line(finding: Finding): string {
  return `${printable(formatFinding(finding))}\n${finding.hint ? `  hint: ${printable(finding.hint)}\n` : ''}`;
}
