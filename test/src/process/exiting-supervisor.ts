/** A program of its own: starts two programs that would run on, says their pids, and ends in the way that is asked for. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '../../../src/core/wait.ts';
import { runProgram } from '../../../src/process/run-program.ts';
import { startProgram } from '../../../src/process/supervised-program.ts';

const [way = '', directory = ''] = process.argv.slice(2);

async function start(script: string): Promise<number> {
  const logFile = join(directory, `${script.length}.log`);
  const args = ['-c', script];
  const started = await startProgram({ name: 'sleeper', file: '/bin/sh', args, env: {}, cwd: directory, logFile });
  return await waitFor(() => Number(started.head()) || undefined, { what: 'its pid', timeoutMs: 10_000 });
}

const leader = await start('echo $$; exec sleep 60');
const child = await start('sleep 60 & echo $!; wait');
const log = join(directory, 'ran.log');
void runProgram({ file: '/bin/sh', args: ['-c', `echo $$ > '${log}'; exec sleep 60`], timeoutMs: 60_000 });
const ran = await waitFor(async () => Number(await readFile(log, 'utf8').catch(() => '')) || undefined, {
  what: 'the pid of the one that is run',
  timeoutMs: 10_000,
});
process.stdout.write(`${JSON.stringify([leader, child, ran])}\n`, () => {
  if (way === 'exits') process.exit(0);
  throw new Error('nobody catches this');
});
