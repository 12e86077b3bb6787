import { resolve } from 'node:path';
import type { Command, Invocation, Outcome } from '../../src/cli/command.ts';
import { parseInstant } from '../../src/core/clock.ts';
import { readFileCapped } from '../../src/core/files.ts';
import { toJson } from '../../src/core/json.ts';
import { maxMetadataBytes } from '../../src/tuf/layout.ts';
import { openEvent } from '../event/event.ts';
import { type RootReport, type VerificationReport, verifyPublished } from '../verify.ts';
import { recordAct } from './record.ts';
import { actorOption, dirOption, eventNamed, requiredOption } from './settings.ts';

export const ceremonyVerifyCommand: Command = {
  words: ['ceremony', 'verify'],
  summary: 'verify a TUF repository as every client does, from a pinned root',
  details: 'Two independent implementations walk the root chain and fetch every target; both have to accept.',
  options: {
    metadata: {
      type: 'string',
      value: 'DIR|URL',
      help: 'the published repository, where timestamp.json is (required)',
    },
    root: { type: 'string', value: 'FILE', help: 'the root that clients pin (required)' },
    ...dirOption,
    ...actorOption,
    event: { type: 'string', value: 'NAME', help: 'add the outcome to the transcript of this event in DIR' },
    at: { type: 'string', value: 'TIME', help: 'verify for this time, e.g. 2026-12-24T00:00:00Z (default: now)' },
  },
  examples: [
    {
      command: 'sigstead ceremony verify --metadata https://tuf.acme.example --root 1.root.json',
      explains: 'as published',
    },
    {
      command: 'sigstead ceremony verify --metadata tuf --root 1.root.json --at 2027-01-01T00:00:00Z',
      explains: 'will it still verify after the holidays?',
    },
  ],
  run: verify,
};

async function verify(invocation: Invocation): Promise<Outcome> {
  const { options, clock } = invocation;
  const at = options.text('at');
  const rootFile = requiredOption(invocation, 'root');
  const event = options.text('event');
  const layout = event === undefined ? undefined : eventNamed(invocation, event);
  if (layout) await openEvent(layout);
  const report = await verifyPublished({
    metadata: requiredOption(invocation, 'metadata'),
    pinnedRoot: await readFileCapped(resolve(rootFile), maxMetadataBytes.root),
    now: at === undefined ? clock.now() : parseInstant(at, '--at'),
  });
  if (layout) {
    const note = `${report.metadata} verifies: root v${report.root.version}, by ${report.judges.join(' and ')}`;
    await recordAct(invocation, layout, {
      verb: 'verify',
      step: 'verify',
      inputs: [resolve(rootFile)],
      note,
    });
  }
  return { json: toJson(report), text: render(report) };
}

function rootLines(title: string, root: RootReport): readonly string[] {
  const [words, ...more] = root.signedWords;
  return [
    `  ${title} v${root.version}`,
    `    sha256 of the file          ${root.fileSha256}  (cosign initialize --root-checksum)`,
    `    sha256 of the signed bytes  ${root.signedSha256}  (what holders compare)`,
    `      to be read aloud          ${words}`,
    ...more.map((line) => `                                ${line}`),
  ];
}

function render(report: VerificationReport): string {
  return [
    `${report.metadata} verifies at ${report.at} (${report.judges.join(', ')})`,
    '',
    ...report.roles.map(({ role, version, expires, signatures }) => {
      const { have, need, of } = signatures;
      return `  ${role.padEnd(9)} v${version}  expires ${expires}  ${have} signatures of ${of} keys, ${need} needed`;
    }),
    '',
    ...report.targets.map(({ name, length, sha256 }) => `  ${name}  ${length} bytes  sha256 ${sha256}`),
    '',
    ...rootLines('pinned root', report.pinnedRoot),
    ...(report.root.version > report.pinnedRoot.version ? rootLines('root in force', report.root) : []),
    '',
  ].join('\n');
}
