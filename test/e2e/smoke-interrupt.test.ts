import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '../../src/core/wait.ts';
import { startProgram } from '../../src/process/supervised-program.ts';
import {
  projectDirectory,
  startTestInstance,
  type TestInstance,
  temporaryDirectory,
  userEnvironment,
} from '../support/instance.ts';
import { commandLines, hasProc } from '../support/processes.ts';

type Directory = Awaited<ReturnType<typeof temporaryDirectory>>;

let directory: Directory;
/** All that the command under test may write of its own accord. */
let temporary: string;

beforeEach(async () => {
  directory = await temporaryDirectory();
  temporary = join(directory.path, 'tmp');
  await mkdir(temporary);
});

afterEach(async () => await directory[Symbol.asyncDispose]());

/** Starts a command, sends it SIGINT once `isMoment`, and returns how it ended and what it said. */
async function interrupted(args: readonly string[], isMoment: (said: string) => Promise<boolean> | boolean) {
  const command = await startProgram({
    name: args[0] ?? '',
    file: join(projectDirectory, 'bin', 'sigstead'),
    args,
    env: userEnvironment({ TMPDIR: temporary }),
    cwd: projectDirectory,
    logFile: join(directory.path, 'log'),
  });
  try {
    const what = `the moment to interrupt ${args.join(' ')}`;
    await waitFor(async () => await isMoment(command.head()), { what, timeoutMs: 90_000 });
    process.kill(command.pid, 'SIGINT');
    return { ...(await command.exited), said: command.head() };
  } finally {
    await command.stop(10_000);
  }
}

/** Whether some client has a home in a workbench by now. */
async function hasHome(client: string): Promise<boolean> {
  const paths = await readdir(temporary, { recursive: true }).catch(() => []);
  return paths.some((path) => /^sigstead-proof-[^/]+\/[^/]+$/.test(path) && path.includes(`/${client}-`));
}

/** The compile cache of Node is no file of ours, and outlives every run. */
async function leftBehind(): Promise<readonly string[]> {
  const files = (await readdir(temporary)).filter((name) => name.startsWith('sigstead-'));
  const words = hasProc ? [...(await commandLines()).values()].flat() : [];
  return [...files, ...words.filter((word) => word.includes(temporary))];
}

describe('smoke, interrupted', () => {
  let home: Directory;
  let instance: TestInstance;

  beforeAll(async () => {
    home = await temporaryDirectory();
    instance = await startTestInstance({ state: join(home.path, 'state') });
  }, 180_000);

  afterAll(async () => {
    await instance?.[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
  }, 60_000);

  const onceDone = (line: string) => (said: string) => said.includes(`✓ ${line}`);

  it.each<[string, (said: string) => Promise<boolean> | boolean]>([
    ['sign and verify', () => hasHome('sigstore-js')],
    ['each timestamp authority', onceDone('sign and verify')],
    ['refusals', onceDone('each timestamp authority')],
    ['another instance', onceDone('keys and certificates')],
    ['another instance', onceDone('fulcio')],
    ['expired timestamp', onceDone('another instance')],
  ])(
    'in "%s" ends there, with 130, and leaves nothing behind',
    async (step, isMoment) => {
      const args = ['smoke', '--clients', 'sigstore-js', '--state', instance.state];
      const { code, said } = await interrupted(args, isMoment);
      expect([code, said]).toEqual([130, expect.stringContaining('interrupted by SIGINT')]);
      expect(said).toContain(`✗ ${step}`);
      expect(await leftBehind()).toEqual([]);
    },
    120_000,
  );
});

describe('up --once, interrupted', () => {
  it('while one client writes and the other reads ends with 130 and leaves nothing behind', async () => {
    const { code, said } = await interrupted(['up', '--once'], () => hasHome('cosign'));
    expect([code, said]).toEqual([130, expect.stringContaining('interrupted by SIGINT')]);
    expect(await leftBehind()).toEqual([]);
  }, 120_000);
});
