import { markerOf, readFacts, StateDirectory } from '../local/state.ts';
import type { Command, Invocation, Outcome } from '../src/cli/command.ts';
import { pathExists } from '../src/core/files.ts';
import { asStep } from '../src/core/progress.ts';
import { findMarked, signalLiving, stopAll } from '../src/process/marked-processes.ts';
import { findRunning, removeRecord, waitForState } from './run-record.ts';
import { stateOption, statePath } from './settings.ts';

/** `up` drains its servers first; a log that is busy takes the longest. */
const stopTimeoutMs = 90_000;
const orphanGraceMs = 15_000;

export const downCommand: Command = {
  words: ['down'],
  summary: 'stop the instance, keeping its state',
  details: 'Also stops servers that a killed "up" left behind. The next "up" resumes the same keys, logs and trust.',
  options: { ...stateOption },
  examples: [
    { command: 'sigstead down', explains: 'stop the instance of the default state directory' },
    { command: 'sigstead down --state /tmp/demo', explains: 'stop another one' },
  ],
  run: down,
};

async function down(invocation: Invocation): Promise<Outcome> {
  const state = new StateDirectory(statePath(invocation.options, invocation.environment));
  const facts = await readFacts(state);
  if (!facts || !(await pathExists(state.lockFile))) return outcome(state, 'nothing to stop', 0);
  const running = await findRunning(state);
  if (running) await signalLiving([running.process], 'SIGTERM');
  const { progress, signal } = invocation;
  const lock = await asStep(progress, 'stopping', () => waitForState(state, stopTimeoutMs, signal));
  try {
    // We hold the lock, so nobody runs here: what still carries the marker was left by a killed `up`.
    const orphans = await findMarked(await markerOf(state, facts));
    await stopAll(orphans, orphanGraceMs);
    await removeRecord(state);
    return outcome(state, running || orphans.length > 0 ? 'stopped' : 'nothing to stop', orphans.length);
  } finally {
    lock.release();
  }
}

function outcome(state: StateDirectory, result: string, orphans: number): Outcome {
  const left = orphans > 0 ? ` (${orphans} servers had been left behind)` : '';
  return { json: { state: state.path, result, orphans }, text: `${state.path}: ${result}${left}\n` };
}
