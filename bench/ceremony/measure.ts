import { join } from 'node:path';
import { findSoftHsm, softHsmRoom } from '../../operate/rehearse/holder-keys.ts';
import { packageDirectory } from '../../operate/settings.ts';
import { formatInstant } from '../../src/core/clock.ts';
import { runProgram } from '../../src/process/run-program.ts';
import { median, rounded } from '../load/statistics.ts';
import { writePublicGoodMirror } from './public-good-mirror.ts';

/** How long one piece of work took, in milliseconds. */
export interface WorkTime {
  readonly work: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface MeasureOptions {
  /** For what has to be made first. */
  readonly directory: string;
  readonly runs: number;
  readonly say: (line: string) => void;
}

/** Measures our client and tuf-js verifying the public instance, in turn; nothing where the fixtures are absent. */
export async function measureVerify({ directory, runs, say }: MeasureOptions): Promise<readonly WorkTime[]> {
  const mirror = await writePublicGoodMirror(join(directory, 'public-good'));
  if (!mirror) {
    say('SKIPPED: verifying the public instance: ../shared/fixtures is absent');
    return [];
  }
  say(`verifying the public instance ${runs} times`);
  const words = ['verify', mirror.directory, mirror.pinnedRoot, formatInstant(mirror.now)];
  return await repeat(runs, (run) => once([...words, run % 2 === 0 ? 'sigstead' : 'tuf-js']));
}

/** Measures planning an event of a root of five holders, in the directory that a rehearsal left. */
export async function measurePlan({ directory, runs, say }: MeasureOptions): Promise<readonly WorkTime[]> {
  say(`planning ${runs} times`);
  return await repeat(runs, () => once(['plan', join(directory, 'rehearsal', 'root-signing')]));
}

/** Measures a signature by SoftHSM: load the module, log in, sign, close; nothing where SoftHSM is absent. */
export async function measureSign({ directory, runs, say }: MeasureOptions): Promise<readonly WorkTime[]> {
  const modulePath = await findSoftHsm();
  if (modulePath === undefined) {
    say('SKIPPED: a signature by SoftHSM: it is not installed');
    return [];
  }
  say(`signing ${runs} times with SoftHSM`);
  const room = await softHsmRoom(join(directory, 'softhsm'));
  const [, uri = ''] = await room.newKey('alice', 'root');
  const pin = room.secretFor('token "alice"') ?? '';
  const configuration = join(directory, 'softhsm', 'softhsm2.conf');
  const times = await repeat(runs, () => once(['sign', uri, modulePath], { pin, configuration }));
  room.close();
  return times;
}

async function repeat(
  runs: number,
  work: (run: number) => Promise<Readonly<Record<string, number>>>,
): Promise<readonly WorkTime[]> {
  const times: Readonly<Record<string, number>>[] = [];
  for (let run = 0; run < runs; run += 1) times.push(await work(run));
  return Object.keys(times[0] ?? {}).map((name) => {
    const each = times.map((time) => time[name] ?? Number.NaN);
    return {
      work: name,
      median: rounded(median(each)),
      min: rounded(Math.min(...each)),
      max: rounded(Math.max(...each)),
    };
  });
}

interface Token {
  readonly pin: string;
  readonly configuration: string;
}

async function once(words: readonly string[], token?: Token): Promise<Readonly<Record<string, number>>> {
  const { exitCode, stdout, stderr } = await runProgram({
    file: process.execPath,
    args: [join(packageDirectory, 'bench', 'ceremony', 'once.ts'), ...words],
    env: { PATH: process.env['PATH'] ?? '', ...(token && { SOFTHSM2_CONF: token.configuration }) },
    ...(token && { input: token.pin }),
    timeoutMs: 60_000,
  });
  if (exitCode !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, number>;
}
