import { join } from 'node:path';
import { runProgram } from '../../../src/process/run-program.ts';
import { metricsOf } from './recorded-log.ts';

export interface Invocation {
  /** What the handler returned; absent where it threw. */
  readonly result?: unknown;
  /** The last line that it logged as an error. */
  readonly error?: Readonly<Record<string, unknown>>;
  readonly metrics: Readonly<Record<string, readonly number[]>>;
  /** All that it wrote. */
  readonly output: string;
}

/** Loads the bundle and calls its handler, in a process that has only what Lambda would give it. */
export async function invokeFunction(
  directory: string,
  environment: Readonly<Record<string, string>>,
  event: object = {},
): Promise<Invocation> {
  const module = JSON.stringify(join(directory, 'index.mjs'));
  const script = `const { handler } = await import(${module});
    console.log(JSON.stringify({ returned: await handler(JSON.parse(process.argv[1])) }));`;
  const { exitCode, stdout, stderr } = await runProgram({
    file: process.execPath,
    args: ['--input-type=module', '--eval', script, '--', JSON.stringify(event)],
    cwd: directory,
    env: { LAMBDA_TASK_ROOT: directory, ...environment },
    timeoutMs: 120_000,
  });
  const lines = stdout.split('\n').filter((line) => line !== '');
  const documents = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const error = documents.findLast(({ level }) => level === 'error');
  const metrics = metricsOf(lines.filter((line) => line.includes('"_aws"')));
  const returned = documents.find((document) => 'returned' in document)?.['returned'];
  return { metrics, output: stdout + stderr, ...(exitCode === 0 && { result: returned }), ...(error && { error }) };
}
