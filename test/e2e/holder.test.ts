import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseHex } from '../../src/core/bytes.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { wordsOf } from '../../src/core/words.ts';
import { eventName, HolderEvent, userPin } from '../support/holder-event.ts';
import { buildHolder, HolderMachine, scriptName } from '../support/holder-script.ts';
import { sigsteadJson, userEnvironment } from '../support/instance.ts';
import type { TerminalStep } from '../support/terminal.ts';

/* The holder's script where nothing is installed, with no more than the permissions that the handbook gives it. */

const run = promisify(execFile);

let directory: string;
let script: string;
let printed: string;
let event: HolderEvent;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sigstead-dist-'));
  printed = await buildHolder(directory);
  script = join(directory, scriptName);
  event = await HolderEvent.frozen();
});

afterAll(async () => {
  await event[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

/** What every command about the event is given. */
function about(machine: HolderMachine): readonly string[] {
  return ['--packet', event.packet, '--pinned-root', event.root, '--home', machine.home, '--allow-network'];
}

const given = () => [event.packet, event.root];

interface ShownPayload {
  readonly role: string;
  readonly version: string;
  readonly words: readonly string[];
}

/** Reads what a person reads. */
function payloadsOn(screen: string): readonly ShownPayload[] {
  const blocks = screen.matchAll(/SIGNED BYTES (\w+)\.v(\d+) .*\n\s+sha256 .*\n\s+words((?:.*\n){4})/g);
  return Array.from(blocks, ([, role = '', version = '', words = '']) => {
    return { role, version, words: words.trim().split(/\s+/) };
  });
}

/** Types what a person types. The first word that is asked for is of the first half, the second of the other. */
function consent(payloads: readonly ShownPayload[]): readonly TerminalStep[] {
  return payloads.flatMap(({ role, version, words }): readonly TerminalStep[] => {
    const lines = words.map((word) => `${word}\r`);
    return [
      [`${role} v${version}: type word ([1-9]|1[0-6]) of`, lines],
      [`${role} v${version}: type word (1[7-9]|2[0-9]|3[0-2]) of`, lines],
      [`type "SIGN ${role} v${version}"`, `SIGN ${role} v${version}\r`],
    ];
  });
}

async function signatures(
  holder: string,
  sign: (commands: readonly string[]) => Promise<void>,
): Promise<readonly string[]> {
  await using machine = await HolderMachine.with(script);
  const usb = event.path(`usb-${holder}`);
  await mkdir(usb);
  const words = ['ceremony', 'sign', ...about(machine), '--signer', 'detached', '--holder', holder, '--to', usb];
  const permissions = { read: given(), write: [usb] };
  const review = await machine.run(['ceremony', 'review', ...about(machine)], permissions);
  const asked = await machine.atTerminal(words, consent(payloadsOn(review.stdout)), permissions);
  expect(asked).toMatchObject({ exitCode: 0, screen: expect.stringContaining(`EVENT ${eventName}`) });
  await sign(asked.stdout.split('\n').map((line) => line.trim()));
  const done = await machine.run([...words, '--done', '--json'], permissions);
  expect({ exitCode: done.exitCode, stderr: done.stderr }).toEqual({ exitCode: 0, stderr: expect.any(String) });
  return pathsIn(done.stdout);
}

function pathsIn(stdout: string): readonly string[] {
  const document = JSON.parse(stdout) as { readonly signatures: readonly { readonly path: string }[] };
  return document.signatures.map(({ path }) => path);
}

/** Returns the exit codes of the coordinator's commands. */
async function addAll(paths: readonly string[]): Promise<readonly number[]> {
  const codes = [];
  for (const path of paths) {
    const words = ['ceremony', 'add-signature', eventName, path, '--dir', event.bench.layout.directory];
    codes.push((await sigsteadJson(words)).exitCode);
  }
  return codes;
}

/** Runs the lines that begin with `start`, as they are printed but for the names that a person fills in. */
async function runPrinted(lines: readonly string[], start: string, key: string): Promise<void> {
  const commands = lines.filter((line) => line.startsWith(start)).map((line) => line.replace(/^or: /, ''));
  expect(commands).toHaveLength(2);
  for (const command of commands) await run('sh', ['-c', command.replace('KEY.pem', event.path(key))]);
}

async function runAtToken(lines: readonly string[], label: string): Promise<void> {
  for (const line of lines.filter((each) => each.startsWith('openssl '))) await run('sh', ['-c', line]);
  const commands = lines.filter((line) => line.startsWith('pkcs11-tool '));
  expect(commands).toHaveLength(2);
  for (const command of commands) {
    const filled = command.replace('MODULE', event.hsm.modulePath).replace('TOKEN', label).replace('OBJECT', 'root');
    // A person is asked for it.
    await run('sh', ['-c', `${filled} --pin ${userPin}`], { env: userEnvironment(event.hsm.environment) });
  }
}

describe('the build of the holder’s script', () => {
  it('prints the digest of what it wrote, in hexadecimal and in words, and makes the same again', async () => {
    const bytes = await readFile(script);
    const digest = sha256Hex(bytes);
    expect(printed).toContain(`sha256 ${digest}\n`);
    expect(printed.split(/\s+/)).toEqual(expect.arrayContaining([...wordsOf(parseHex(digest))]));
    expect((await run('sha256sum', ['-c', `${scriptName}.sha256`], { cwd: directory })).stdout).toBe(
      `${scriptName}: OK\n`,
    );
    const again = join(directory, 'again');
    await buildHolder(again);
    expect((await readFile(join(again, scriptName))).equals(bytes)).toBe(true);
  });
});

describe('the holder’s script', () => {
  it('shows an event, given only the packet, a root and its home', async () => {
    await using machine = await HolderMachine.with(script);
    const { exitCode, stdout } = await machine.run(['ceremony', 'review', ...about(machine)], { read: given() });
    expect(exitCode).toBe(0);
    expect(stdout).toContain('YOUR PINNED ROOT v1 is the root in force');
    expect(payloadsOn(stdout)).toMatchObject([
      { role: 'root', version: '2' },
      { role: 'targets', version: '2' },
    ]);
    // What was named once is remembered.
    const again = ['ceremony', 'review', '--packet', event.packet, '--home', machine.home, '--allow-network'];
    expect(await machine.run(again, { read: [event.packet] })).toMatchObject({ exitCode: 0, stdout });
  });

  it('takes a packet apart', async () => {
    await using machine = await HolderMachine.with(script);
    const into = machine.path('look');
    await mkdir(into);
    const words = ['ceremony', 'packet', 'import', event.packet, '--into', into, '--allow-network'];
    const { exitCode, stdout } = await machine.run(words, { read: [event.packet], write: [into] });
    expect({ exitCode, lines: stdout.split('\n') }).toMatchObject({
      exitCode: 0,
      lines: expect.arrayContaining([expect.stringContaining(`${into}/root.v2.canonical`)]),
    });
  });

  it.each([
    ['alice', 'openssl with a P-256 key', (lines: readonly string[]) => runPrinted(lines, 'or: openssl', 'alice.pem')],
    ['bob', 'a token with a P-256 key', (lines: readonly string[]) => runAtToken(lines, 'bob')],
    [
      'carol',
      'openssl with an Ed25519 key',
      (lines: readonly string[]) => runPrinted(lines, 'openssl pkeyutl', 'carol.pem'),
    ],
  ])(
    'lets %s sign by the commands that it prints: %s',
    async (holder, _, sign) => {
      expect(await addAll(await signatures(holder, sign))).toEqual([0, 0]);
    },
    60_000,
  );

  it('signs with a file key, and says what that is worth', async () => {
    await using machine = await HolderMachine.with(script);
    const to = machine.path('out');
    await mkdir(to);
    const key = ['--signer', event.fileKey, '--passphrase-file', event.passphrase];
    const permissions = { read: [...given(), event.path('erin.key'), event.passphrase], write: [to] };
    const { stdout } = await machine.run(['ceremony', 'review', ...about(machine)], permissions);
    const words = ['ceremony', 'sign', ...about(machine), ...key, '--to', to, '--json'];
    const { exitCode, screen, ...signed } = await machine.atTerminal(words, consent(payloadsOn(stdout)), permissions);
    expect({ exitCode, screen }).toEqual({ exitCode: 0, screen: expect.stringContaining('this key is in a file') });
    expect(await addAll(pathsIn(signed.stdout))).toEqual([0, 0]);
  }, 60_000);
});
