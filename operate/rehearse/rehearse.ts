import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command, Invocation, Outcome } from '../../src/cli/command.ts';
import { parseRootPolicy } from '../../src/config/root-policy.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { makePrivateDirectory } from '../../src/core/files.ts';
import { toJson } from '../../src/core/json.ts';
import { asStep } from '../../src/core/progress.ts';
import { packageDirectory } from '../settings.ts';
import { verbs } from '../verbs.ts';
import { nameOnlineKey, rehearsedEvents } from './events.ts';
import { fileRoom, type KeyRoom, softHsmRoom } from './holder-keys.ts';
import { type Judges, type JudgesVerdict, seatJudges } from './judges.ts';
import { rehearseOfflineRoots } from './offline-roots.ts';
import { People } from './people.ts';
import { policyText } from './policy-text.ts';
import { type EventRun, pinFirstRoot, runEvent } from './run-event.ts';
import { sampleMaterial, trustFilesOf } from './sample-trust.ts';
import { Stage } from './stage.ts';

export const ceremonyRehearseCommand: Command = {
  words: ['ceremony', 'rehearse'],
  summary: 'run ceremonies from the first root to an offline CA in a scratch copy, and let clients judge each',
  details: [
    'Nothing outside the scratch directory is touched, and everything that is signed is stamped REHEARSAL. Every step is',
    'the command of the handbook, with people who read the screen and type what they are asked for.',
  ].join('\n'),
  options: {
    policy: { type: 'string', value: 'FILE', help: 'rehearse with this policy (default: the commented example)' },
    signer: { type: 'string', value: 'softhsm|file', help: 'where the holders’ keys are (default: softhsm)' },
    keep: { type: 'string', value: 'DIR', help: 'leave the scratch copy there, to look at' },
  },
  examples: [
    { command: 'sigstead ceremony rehearse', explains: 'with five SoftHSM tokens' },
    {
      command: 'sigstead ceremony rehearse --policy root-signing/policy.yaml --keep look',
      explains: 'with your own policy',
    },
  ],
  exitNotes: ['4    also: a client refused what an event published'],
  run: rehearse,
};

/** What came of one event. */
interface EventReport extends Pick<EventRun, 'event' | 'kind'> {
  readonly versions?: EventRun['versions'];
  readonly seconds: number;
  readonly judges: readonly JudgesVerdict[];
}

async function rehearse(invocation: Invocation): Promise<Outcome> {
  const scratch = await scratchOf(invocation);
  const holderKeys = await holderRoom(invocation, scratch);
  const onlineKeys = await fileRoom(join(scratch, 'online-keys'));
  try {
    const stage = new Stage({ scratch, verbs, surroundings: invocation, holderKeys, onlineKeys });
    const people = await asStep(invocation.progress, 'set the stage', () => setStage(invocation, stage));
    const judges = await seatJudges(stage, invocation);
    try {
      const events = await runAll(invocation, { stage, people, judges });
      return report(stage, holderKeys, [...events, ...(await runRoots(invocation, { stage, people }))]);
    } finally {
      await judges.close();
    }
  } finally {
    holderKeys.close();
    if (invocation.options.text('keep') === undefined) await rm(scratch, { recursive: true, force: true });
  }
}

async function scratchOf({ options }: Invocation): Promise<string> {
  const keep = options.text('keep');
  if (keep === undefined) return await mkdtemp(join(tmpdir(), 'sigstead-rehearsal-'));
  await makePrivateDirectory(resolve(keep));
  return resolve(keep);
}

async function holderRoom({ options, talk }: Invocation, scratch: string): Promise<KeyRoom> {
  const signer = options.text('signer') ?? 'softhsm';
  if (signer === 'softhsm') return await softHsmRoom(join(scratch, 'softhsm'));
  if (signer !== 'file') {
    throw new ToolkitError('CLI_USAGE', {
      message: `--signer: expected softhsm or file, got ${signer}`,
      fault: 'input',
      hint: 'run: sigstead ceremony rehearse --help',
    });
  }
  talk.warn('the holders’ keys are in files: this rehearses everything but tokens');
  return await fileRoom(join(scratch, 'holder-keys'));
}

/** Begins a root-signing directory with real trust files, and has everybody enroll. */
async function setStage(invocation: Invocation, stage: Stage): Promise<People> {
  const now = invocation.clock.now();
  const file = invocation.options.text('policy') ?? join(packageDirectory, 'examples', 'root-signing', 'policy.yaml');
  const policy = { ...parseRootPolicy(await readFile(file, 'utf8'), file), online: { key: 'file' as const } };
  const own = stage.path('policy.yaml');
  await writeFile(own, policyText(policy));
  await stage.coordinator('ceremony', 'init', '--name', 'REHEARSAL', '--policy', own);
  const trust = trustFilesOf(await sampleMaterial(stage.path('sample'), now), now);
  for (const [name, bytes] of trust) await writeFile(join(stage.rootSigning, 'targets', name), bytes);
  await nameOnlineKey(stage, 'first');
  const people = new People(stage, policy);
  for (const id of people.ids) await people.enrol(id);
  return people;
}

interface Cast {
  readonly stage: Stage;
  readonly people: People;
  readonly judges: Judges;
}

async function runAll(
  { options, progress, signal }: Invocation,
  { stage, people, judges }: Cast,
): Promise<readonly EventReport[]> {
  const reports: EventReport[] = [];
  const keep = options.text('keep') !== undefined;
  for (const event of rehearsedEvents(people)) {
    signal.throwIfAborted();
    const started = performance.now();
    const ran = await asStep(progress, event.kind, () => runEvent(stage, people, event));
    stage.firstRoot ??= await pinFirstRoot(stage);
    if (keep) await cp(stage.published, stage.path('published-after', event.kind), { recursive: true });
    const verdicts = await judges.judge(stage.firstRoot, ran.event);
    reports.push({ ...ran, seconds: Math.round((performance.now() - started) / 100) / 10, judges: verdicts });
  }
  await stage.coordinator('ceremony', 'resign-online', '--to', stage.published, '--force');
  await stage.coordinator('ceremony', 'lint');
  await stage.coordinator('ceremony', 'doctor', '--url', judges.url);
  await stage.coordinator('ceremony', 'verify', '--metadata', stage.published, '--root', stage.firstRoot ?? '');
  // A mirror of it is enough to go on from, if root-signing/ itself is ever lost.
  await stage.coordinator('ceremony', 'import', judges.url, '--name', 'REHEARSAL', '--dir', stage.path('imported'));
  return reports;
}

/** The offline roots come last, when everybody has a key to authorise them with. */
async function runRoots(
  { progress }: Invocation,
  { stage, people }: Omit<Cast, 'judges'>,
): Promise<readonly EventReport[]> {
  const started = performance.now();
  const runs = await asStep(progress, 'offline roots', () => rehearseOfflineRoots(stage, people));
  const seconds = Math.round((performance.now() - started) / 100 / runs.length) / 10;
  return runs.map((run) => ({ ...run, seconds }));
}

function report(stage: Stage, { kind }: KeyRoom, events: readonly EventReport[]): Outcome {
  const refused = events.flatMap(({ event, judges }) =>
    judges.filter(({ verdict }) => verdict === 'refuses').map(({ judge, says = '' }) => `${event}: ${judge}: ${says}`),
  );
  if (refused.length > 0) {
    throw new ToolkitError('OPS_REHEARSAL_REFUSED', {
      message: `rehearsal: a client refuses what was published: ${refused.join('; ')}`,
      fault: 'evidence',
      data: { refused },
      hint: 'do not hold the real ceremony before this is understood',
    });
  }
  const lines = events.map(({ kind: what, seconds, judges, versions }) => {
    const roles = Object.entries(versions ?? {}).map(([role, version]) => `${role} v${version}`);
    return `  ${what.padEnd(22)} ${seconds.toFixed(1).padStart(5)} s  ${roles.join(', ')}  accepted by ${judges.map(({ judge }) => judge).join(', ')}`;
  });
  return {
    json: toJson({ rehearsal: true, signer: kind, events, commands: stage.commands }),
    text: [
      'REHEARSAL: nothing that was signed here is trusted by anyone',
      ...lines,
      `${stage.commands.length} commands`,
      '',
    ].join('\n'),
  };
}
