import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { findProgram } from '../../src/process/find-program.ts';
import { runProgram } from '../../src/process/run-program.ts';
import { userEnvironment } from '../support/instance.ts';

const program = join(import.meta.dirname, 'ask-program.ts');
const driver = join(import.meta.dirname, 'pseudo-terminal.py');
const environment = userEnvironment({ NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') });
const python = await findProgram('python3', environment['PATH'] ?? '');
const title = python === undefined ? 'a terminal (SKIPPED: no python3 on PATH)' : 'a terminal';

interface Session {
  readonly screen: string;
  readonly stdout: string;
  readonly exitCode: number;
}

/** What is waited for on the screen, and what is then typed; `null` is a SIGTERM. */
type Step = readonly [awaited: string, typed: string | null];

async function atTerminal(verb: string, ...steps: readonly Step[]): Promise<Session> {
  const { exitCode, stdout, stderr } = await runProgram({
    file: python ?? 'python3',
    args: [driver],
    env: environment,
    timeoutMs: 60_000,
    input: JSON.stringify({ argv: [process.execPath, program, verb, '--json'], steps }),
  });
  if (exitCode !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Session;
}

const ctrlC = '\u0003';
const ctrlD = '\u0004';
const ctrlT = '\u0014';
const clearLine = '\u0015';

(python === undefined ? describe.skip : describe)(title, () => {
  it('shows a line as it is typed, and keeps the result alone on stdout', async () => {
    const { screen, stdout, exitCode } = await atTerminal('line', ['Your name?', 'Alice\r']);
    expect({ exitCode, answer: JSON.parse(stdout) }).toEqual({ exitCode: 0, answer: { answer: 'Alice' } });
    expect(screen).toContain('Alice');
    expect(screen).not.toContain('\u001b[2J');
  });

  it('never shows a secret, nor how long it is', async () => {
    const { screen, stdout } = await atTerminal('secret', ['The PIN?', `73912${ctrlT}846\r`]);
    expect(JSON.parse(stdout)).toEqual({ answer: '73912846' });
    expect(screen).not.toMatch(/7391|3912|846/);
    expect(screen).not.toContain('*');
  });

  it('asks one thing after the other', async () => {
    const { stdout } = await atTerminal('both', ['The PIN?', '73912846\r'], ['Your name?', 'Alice\r']);
    expect(JSON.parse(stdout)).toEqual({ answer: '73912846 Alice' });
  });

  it.each([
    ['Ctrl-C', 'line', ctrlC],
    ['Ctrl-C', 'secret', `7391${ctrlC}`],
    ['Ctrl-D', 'line', ctrlD],
    ['Ctrl-D', 'secret', ctrlD],
  ])('ends with 130 at %s at a %s', async (_, verb, typed) => {
    const { screen, stdout, exitCode } = await atTerminal(verb, ['?', typed]);
    expect({ exitCode, document: JSON.parse(stdout) }).toMatchObject({
      exitCode: 130,
      document: { error: { code: 'CLI_INTERRUPTED' } },
    });
    expect(screen).toContain('sigstead: error: interrupted at a question');
    expect(screen).not.toContain('7391');
  });

  it('ends a question when it is interrupted from outside, and gives the terminal back', async () => {
    const { screen, exitCode } = await atTerminal('secret', ['The PIN?', null]);
    expect(exitCode).toBe(130);
    expect(screen).toContain('sigstead: error: interrupted by SIGTERM');
    // The cursor, which a hidden answer hides, is shown again.
    expect(screen.lastIndexOf('\u001b[?25h')).toBeGreaterThan(screen.lastIndexOf('\u001b[?25l'));
  });

  it.each([
    ['line', 'a\tb', 'got a control character'],
    ['line', 'a\u202eb', 'got a control character'],
    ['line', 'a'.repeat(4_297), 'expected at most 4296 characters'],
    ['secret', 'a\tb', 'got a control character'],
    ['secret', 'a'.repeat(1_025), 'expected at most 1024 characters'],
  ])('refuses an answer to a %s that it should not be, and asks again (%#)', async (verb, typed, problem) => {
    const { stdout } = await atTerminal(verb, ['?', `${typed}\r`], [problem, `${clearLine}good\r`]);
    expect(JSON.parse(stdout)).toEqual({ answer: 'good' });
  });
});

describe('terminalAsk', () => {
  it.each(['line', 'secret'])('refuses to ask for a %s without a terminal', async (verb) => {
    const { exitCode, stdout } = await runProgram({
      file: process.execPath,
      args: [program, verb, '--json'],
      env: environment,
      timeoutMs: 20_000,
      input: 'answer\n',
    });
    expect({ exitCode, document: JSON.parse(stdout) }).toMatchObject({
      exitCode: 3,
      document: { error: { code: 'CLI_NO_TERMINAL', hint: expect.stringContaining('at a terminal') } },
    });
  });
});
