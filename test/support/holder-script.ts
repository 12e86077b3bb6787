import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProgramResult, runProgram } from '../../src/process/run-program.ts';
import { projectDirectory, userEnvironment } from './instance.ts';
import { atTerminal, type TerminalSession, type TerminalStep } from './terminal.ts';

export const scriptName = 'sigstead-holder.mjs';

/** Builds the holder's script into a directory, and returns what the build printed. */
export async function buildHolder(directory: string): Promise<string> {
  const { exitCode, stdout, stderr } = await runProgram({
    file: process.execPath,
    args: [join(projectDirectory, 'bin', 'build-holder.ts'), directory],
    env: userEnvironment(),
    // Nothing of where it is started is in what it makes.
    cwd: tmpdir(),
    timeoutMs: 120_000,
  });
  if (exitCode !== 0) throw new Error(stderr);
  return stdout;
}

export interface Permissions {
  readonly read?: readonly string[];
  readonly write?: readonly string[];
}

/** A machine with Node and the script: no packages, nothing of ours, and only what it is given may be touched. */
export class HolderMachine implements AsyncDisposable {
  readonly directory: string;
  readonly script: string;
  readonly home: string;

  private constructor(directory: string) {
    this.directory = directory;
    this.script = this.path(scriptName);
    this.home = this.path('home');
  }

  static async with(script: string): Promise<HolderMachine> {
    const machine = new HolderMachine(await mkdtemp(join(tmpdir(), 'sigstead-holder-')));
    await cp(script, machine.script);
    await mkdir(machine.home);
    return machine;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** The home may be read and written always. Node takes a directory with all that is in it, if it is there. */
  argv(words: readonly string[], { read = [], write = [] }: Permissions = {}): readonly string[] {
    const reads = [this.script, this.home, ...read, ...write].map((path) => `--allow-fs-read=${path}`);
    const writes = [this.home, ...write].map((path) => `--allow-fs-write=${path}`);
    return [process.execPath, '--permission', ...reads, ...writes, this.script, ...words];
  }

  async run(
    words: readonly string[],
    permissions?: Permissions,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<ProgramResult> {
    const [file = '', ...args] = this.argv(words, permissions);
    return await runProgram({
      file,
      args,
      env: { NO_COLOR: '1', ...environment },
      cwd: this.directory,
      timeoutMs: 30_000,
    });
  }

  async atTerminal(
    words: readonly string[],
    steps: readonly TerminalStep[],
    permissions?: Permissions,
  ): Promise<TerminalSession> {
    return await atTerminal(this.argv(words, permissions), steps);
  }
}
