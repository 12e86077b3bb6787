import { describe, expect, it } from '@jest/globals';
import { runProgram } from '../../src/process/run-program.ts';
import type { Backend, Reference, ServiceSpec } from '../../src/services/service.ts';
import { serverPath } from '../support/servers.ts';
import { sampleSpecs } from '../support/specs.ts';

const backends: readonly Backend[] = ['posix', 'aws'];
const specs = await Promise.all(
  backends.map(async (backend) =>
    onePerProgram(await sampleSpecs(backend)).map((spec) => [backend, spec.program, spec] as const),
  ),
);

/** Compiling the servers for AWS takes minutes the first time. */
const buildTimeoutMs = 900_000;

describe.each(specs.flat())('on %s, %s', (_backend, program, spec) => {
  it(
    'knows every flag, and takes every value, of its specification',
    async () => {
      const help = await run(await serverPath(program), [...subcommandOf(spec), '--help']);
      const known = new Set([...help.matchAll(/^\s+(?:-\w, )?--?([\w.-]+)/gm)].map(([, name]) => name));
      expect(spec.flags.filter(({ name }) => !known.has(name)).map(({ name }) => name)).toEqual([]);
      // With --help at the end it reads all flags before it prints the help, and does nothing else.
      const args = spec.flags.map(({ name, value }) => `--${name}=${value.map(placeholder).join('')}`);
      await expect(accepts(program, [...subcommandOf(spec), ...args, '--help'])).resolves.toBe(true);
    },
    buildTimeoutMs,
  );

  it('refuses a flag that it does not know: the test above means something', async () => {
    await expect(accepts(program, [...subcommandOf(spec), '--no-such-flag=1', '--help'])).resolves.toBe(false);
  });
});

async function accepts(program: ServiceSpec['program'], args: readonly string[]): Promise<boolean> {
  const { exitCode } = await runProgram({ file: await serverPath(program), args, env: {}, timeoutMs: 30_000 });
  return exitCode === 0;
}

/** Go's own flags print their help to stderr. */
async function run(file: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await runProgram({ file, args, env: {}, timeoutMs: 30_000 });
  return stdout + stderr;
}

function onePerProgram(all: readonly ServiceSpec[]): readonly ServiceSpec[] {
  return [...new Map(all.map((spec) => [spec.program, spec])).values()];
}

function subcommandOf(spec: ServiceSpec): readonly string[] {
  return spec.subcommand === undefined ? [] : [spec.subcommand];
}

function placeholder(part: string | Reference): string {
  if (typeof part === 'string') return part;
  if (part.kind === 'port') return '20001';
  return part.kind === 'peer' ? '127.0.0.1:20001' : part.kind;
}
