import { join } from 'node:path';
import { findSoftHsm } from '../../operate/rehearse/holder-keys.ts';
import { packageDirectory } from '../../operate/settings.ts';
import { runProgram } from '../../src/process/run-program.ts';
import type { MeasureOptions } from './measure.ts';

export interface RehearsedTimes {
  readonly signer: string;
  readonly events: readonly { readonly kind: string; readonly seconds: number }[];
}

/** Rehearses everything once, with SoftHSM where it is installed, in `rehearsal` of the directory. */
export async function measureRehearsal({ directory, say }: MeasureOptions): Promise<RehearsedTimes> {
  const signer = (await findSoftHsm()) === undefined ? 'file' : 'softhsm';
  say(signer === 'file' ? 'rehearsing with key files: SoftHSM IS NOT INSTALLED' : 'rehearsing with SoftHSM');
  const { exitCode, stdout, stderr } = await runProgram({
    file: join(packageDirectory, 'bin', 'sigstead'),
    args: ['ceremony', 'rehearse', '--signer', signer, '--keep', join(directory, 'rehearsal'), '--json'],
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/' },
    timeoutMs: 600_000,
  });
  if (exitCode !== 0) throw new Error(stderr);
  const { events } = JSON.parse(stdout) as RehearsedTimes;
  return { signer, events: events.map(({ kind, seconds }) => ({ kind, seconds })) };
}
