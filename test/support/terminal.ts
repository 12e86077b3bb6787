import { join } from 'node:path';
import { runProgram } from '../../src/process/run-program.ts';
import { projectDirectory, userEnvironment } from './instance.ts';

const driver = join(projectDirectory, 'test', 'e2e', 'pseudo-terminal.py');

/** What is waited for on the screen, and what is then typed: of a list, the line whose number a pattern finds there. */
export type TerminalStep = readonly [awaited: string, typed: string | readonly string[]];

export interface TerminalSession {
  readonly screen: string;
  readonly stdout: string;
  readonly exitCode: number;
}

/** Runs a program at a terminal of its own, and plays the person there. */
export async function atTerminal(
  argv: readonly string[],
  steps: readonly TerminalStep[],
  environment: Readonly<Record<string, string>> = {},
): Promise<TerminalSession> {
  const { exitCode, stdout, stderr } = await runProgram({
    file: 'python3',
    args: [driver],
    env: userEnvironment(environment),
    timeoutMs: 60_000,
    input: JSON.stringify({ argv, steps }),
  });
  if (exitCode !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as TerminalSession;
}
