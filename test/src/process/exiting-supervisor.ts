/** A program of its own: starts a program that runs on, says its pid, and ends in the way that is asked for. */
import { join } from 'node:path';
import { runProgram } from '../../../src/process/run-program.ts';
import { startProgram } from '../../../src/process/supervised-program.ts';

const [way = '', directory = ''] = process.argv.slice(2);
const file = '/bin/sleep';
const args = ['60'];

const started = await startProgram({ name: 'x', file, args, env: {}, cwd: directory, logFile: join(directory, 'x.log') });
void runProgram({ file: '/bin/sh', args: ['-c', 'echo $$ > ran.pid; exec sleep 60'], cwd: directory, timeoutMs: 60_000 });
process.stdout.write(`${started.pid}\n`);
if (way === 'is interrupted') process.kill(process.pid, 'SIGINT');
process.on('SIGINT', () => process.exit(130));
setTimeout(() => {
  if (way === 'throws') throw new Error('nobody catches this');
  if (way === 'exits') process.exit(0);
}, 300);
