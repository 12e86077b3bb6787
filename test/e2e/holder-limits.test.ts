import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runProgram } from '../../src/process/run-program.ts';
import { eventName, HolderEvent } from '../support/holder-event.ts';
import { buildHolder, HolderMachine, scriptName } from '../support/holder-script.ts';
import { projectDirectory, userEnvironment } from '../support/instance.ts';

/* What the holder's script cannot do: by what is not in it, and by what Node forbids it. */

let directory: string;
let script: string;
let source: string;
let event: HolderEvent;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sigstead-dist-'));
  await buildHolder(directory);
  script = join(directory, scriptName);
  source = await readFile(script, 'utf8');
  event = await HolderEvent.frozen();
});

afterAll(async () => {
  await event[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

/** The modules of Node without which there is no file, no terminal, no digest. None reaches a network or a process. */
const modules = [
  ...['async_hooks', 'buffer', 'crypto', 'fs', 'fs/promises', 'os', 'path', 'process', 'readline', 'sqlite'],
  ...['stream', 'timers/promises', 'tty', 'url', 'util', 'zlib'],
];

describe('what is in the holder’s script', () => {
  it('loads modules of Node, none of which is a client of a network or starts a program', () => {
    const calls = Array.from(source.matchAll(/require\(([^)]*)\)/g), ([, argument = '']) => argument);
    const named = calls.map((argument) => /^"(?:node:)?([a-z_/]+)"$/.exec(argument)?.[1] ?? argument);
    expect([...new Set(named)].sort()).toEqual(modules);
    expect(source.match(/^\s*(import|export) |\bcreateRequire\b|\.(binding|dlopen|_linkedBinding)\(/m)).toBeNull();
    expect(source.match(/getBuiltinModule/g)).toHaveLength(1);
  });

  it('uses no way to a network that Node puts into every program', async () => {
    const names = ['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest', 'Worker', 'eval'];
    // Only a name that nothing in the script declares is replaced.
    const replaced = await esbuild(names.map((name) => `--define:${name}=GLOBAL_${name}`));
    expect(replaced.match(/GLOBAL_\w+/g)).toBeNull();
    expect((await esbuild(['--define:Buffer=GLOBAL_Buffer'])).includes('GLOBAL_Buffer')).toBe(true);
    expect(source.match(/globalThis(\.|\[")(fetch|WebSocket|EventSource)/)).toBeNull();
  });

  it('names no place of the machine that built it', () => {
    expect([projectDirectory, directory].filter((place) => source.includes(place))).toEqual([]);
    expect(source.match(/import\.meta|__filename|__dirname/)).toBeNull();
  });
});

async function esbuild(args: readonly string[]): Promise<string> {
  const { exitCode, stdout } = await runProgram({
    file: join(projectDirectory, 'node_modules', '.bin', 'esbuild'),
    args,
    env: userEnvironment(),
    input: source,
    timeoutMs: 60_000,
  });
  expect(exitCode).toBe(0);
  return stdout;
}

function about(machine: HolderMachine): readonly string[] {
  return [
    ...['--packet', event.packet, '--pinned-root', event.root],
    ...['--home', machine.home, '--allow-network', '--json'],
  ];
}

describe('the permissions of the holder’s script', () => {
  it('refuses a file that it was not given, and says which permission is missing', async () => {
    await using machine = await HolderMachine.with(script);
    const { exitCode, stdout } = await machine.run(['ceremony', 'review', ...about(machine)], { read: [event.root] });
    expect({ exitCode, ...JSON.parse(stdout) }).toMatchObject({
      exitCode: 5,
      error: { code: 'CORE_FILE_READ', hint: expect.stringContaining(`--allow-fs-read=${event.packet}`) },
    });
  });

  it('refuses to write where it was not allowed to, and says which permission is missing', async () => {
    await using machine = await HolderMachine.with(script);
    const into = machine.path('look');
    await mkdir(into);
    const words = ['ceremony', 'packet', 'import', event.packet, '--into', into, '--allow-network', '--json'];
    const { exitCode, stdout } = await machine.run(words, { read: [event.packet, into] });
    expect({ exitCode, ...JSON.parse(stdout) }).toMatchObject({
      exitCode: 5,
      error: { code: 'CORE_FILE_WRITE', hint: expect.stringContaining(`--allow-fs-write=${into}`) },
    });
  });

  it('leave no way to start a program, to load native code or to go on in another thread', async () => {
    await using machine = await HolderMachine.with(join(import.meta.dirname, 'forbidden-program.mjs'));
    const { stdout } = await machine.run([]);
    expect(JSON.parse(stdout)).toEqual({
      process: 'ERR_ACCESS_DENIED',
      thread: 'ERR_ACCESS_DENIED',
      addon: 'ERR_DLOPEN_DISABLED',
    });
  });
});

describe('what the holder’s script leaves out', () => {
  it.each([
    ['pkcs11:token=alice;object=root', ['--module', '/usr/lib/token.so'], '--signer detached'],
    ['awskms:///alias/root', [], 'the whole toolkit'],
  ])('refuses to sign with %s, and says how to go on', async (uri, more, hint) => {
    await using machine = await HolderMachine.with(script);
    const words = ['ceremony', 'sign', ...about(machine), '--signer', uri, ...more];
    const { exitCode, stdout } = await machine.run(words, { read: [event.packet, event.root] });
    expect({ exitCode, ...JSON.parse(stdout) }).toMatchObject({
      exitCode: 3,
      error: { code: 'CLI_LEFT_OUT', hint: expect.stringContaining(hint) },
    });
  });

  it('refuses a repository that is on a network', async () => {
    await using machine = await HolderMachine.with(script);
    const url = 'https://tuf.acme.example';
    const words = ['ceremony', 'verify', '--metadata', url, '--root', event.root, '--allow-network', '--json'];
    const { exitCode, stdout } = await machine.run(words, { read: [event.root] });
    expect({ exitCode, ...JSON.parse(stdout) }).toMatchObject({
      exitCode: 3,
      error: { code: 'CLI_LEFT_OUT', hint: expect.stringContaining('name its directory') },
    });
  });

  it('lists the verbs that are left, with the help of the toolkit', async () => {
    await using machine = await HolderMachine.with(script);
    const { stdout } = await machine.run(['--help']);
    expect(stdout).toContain('ceremony transcript render');
    expect(stdout).not.toMatch(/sigstead up|In a clone/);
    expect((await machine.run(['ceremony', 'review', '--help'])).stdout).toContain('EXIT CODES');
    const { version } = JSON.parse(await readFile(join(projectDirectory, 'package.json'), 'utf8'));
    expect((await machine.run(['--version'])).stdout).toBe(`sigstead ${version}\n`);
  });
});

describe('the machine of the holder’s script', () => {
  it.each([
    ['review', () => ['--packet', event.packet, '--pinned-root', event.root]],
    ['review', () => [eventName, '--dir', event.bench.layout.directory, '--pinned-root', event.root]],
    ['packet import', () => [event.packet, '--into', event.path('look')]],
    ['verify', () => ['--metadata', event.directory, '--root', event.root]],
    ['transcript verify', () => [eventName, '--dir', event.bench.layout.directory]],
  ])('has to be off every network for %s, unless its holder says otherwise', async (verb, words) => {
    await using machine = await HolderMachine.with(script);
    const { stdout } = await machine.run(['ceremony', ...verb.split(' '), ...words(), '--json']);
    const isUp = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ internal }) => !internal));
    // Where there is no network, the next thing that is missing is a permission.
    const { code } = (JSON.parse(stdout) as { error: { code: string } }).error;
    expect(code).toBe(isUp ? 'CER_NETWORK_UP' : 'CORE_FILE_READ');
  });

  it('has to have Node.js 24', async () => {
    const older = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.22.0' } });";
    const { exitCode, stderr } = await runProgram({
      file: process.execPath,
      args: ['--import', `data:text/javascript,${encodeURIComponent(older)}`, script, '--version'],
      timeoutMs: 30_000,
    });
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 5,
      stderr: expect.stringContaining('node: expected version 24 or later, got v22.22.0'),
    });
  });
});

describe('ceremony verify in the holder’s script', () => {
  it('verifies a directory by two clients, and writes it into the transcript, which it verifies and renders', async () => {
    await using machine = await HolderMachine.with(script);
    const [metadata, scratch] = [machine.path('tuf'), machine.path('scratch')];
    await Promise.all([mkdir(metadata), mkdir(scratch)]);
    for (const [name, bytes] of event.bench.store.files) {
      await mkdir(dirname(join(metadata, name)), { recursive: true });
      await writeFile(join(metadata, name), bytes);
    }
    const dir = event.bench.layout.directory;
    const recorded = ['--dir', dir, '--event', eventName, '--as', 'wendy', '--allow-network'];
    const words = ['ceremony', 'verify', '--metadata', metadata, '--root', event.root, ...recorded, '--json'];
    const permissions = { read: [metadata, event.root], write: [dir] };
    // tuf-js works with files of its own.
    const nowhere = await machine.run(words, permissions, { TMPDIR: scratch });
    expect(JSON.parse(nowhere.stdout)).toMatchObject({
      error: { code: 'CORE_FILE_WRITE', hint: expect.stringContaining(`--allow-fs-write=${scratch}`) },
    });
    const verified = await machine.run(words, { ...permissions, write: [dir, scratch] }, { TMPDIR: scratch });
    expect({ exitCode: verified.exitCode, ...JSON.parse(verified.stdout) }).toMatchObject({
      exitCode: 0,
      judges: ['sigstead', 'tuf-js'],
      root: { version: 1 },
    });
    const transcript = [eventName, '--dir', dir, '--allow-network'];
    const { stdout } = await machine.run(['ceremony', 'transcript', 'verify', ...transcript, '--json'], {
      read: [dir],
    });
    expect(JSON.parse(stdout)).toMatchObject({ entries: 1 });
    const rendered = await machine.run(['ceremony', 'transcript', 'render', ...transcript], { read: [dir] });
    expect(rendered).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('wendy') });
  });
});
