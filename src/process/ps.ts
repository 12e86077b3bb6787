import { systemPath } from './find-program.ts';
import { runProgram } from './run-program.ts';

/** Runs ps(1), for systems without /proc, and returns its output. */
export async function ps(args: readonly string[]): Promise<string> {
  const { stdout } = await runProgram({
    file: 'ps',
    args,
    env: { PATH: systemPath, LC_ALL: 'C' },
    timeoutMs: 10_000,
    maxOutputBytes: 64 << 20,
  });
  return stdout;
}

/** `lstart` in the C locale: `Sun Nov 22 10:00:00 2026`. */
const lstart = String.raw`\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}`;

/** Parses `ps -o stat=,lstart= -p PID`: the start of the process, or `undefined` for none and for a zombie. */
export function parsePsStart(output: string): string | undefined {
  const [, state, start] = new RegExp(`^\\s*(\\S+)\\s+(${lstart})`).exec(output) ?? [];
  return state?.startsWith('Z') ? undefined : start;
}

export interface PsProcess {
  readonly pid: number;
  readonly startedAt: string;
  readonly command: string;
}

/**
 * Parses `ps -xEww -o pid=,lstart=,command=` of macOS, which prints the environment after the command, and returns
 * the processes whose environment has `assignment` (text without spaces).
 */
export function parsePsEnvironments(output: string, assignment: string): readonly PsProcess[] {
  const line = new RegExp(`^\\s*(\\d+)\\s+(${lstart})\\s+(.*)$`);
  return output.split('\n').flatMap((text) => {
    const [, pid, startedAt, rest] = line.exec(text) ?? [];
    const words = rest?.split(' ') ?? [];
    if (pid === undefined || startedAt === undefined || !words.includes(assignment)) return [];
    // The first word alone: what follows may be the environment, and that holds secrets.
    return [{ pid: Number(pid), startedAt, command: words[0] ?? '' }];
  });
}
