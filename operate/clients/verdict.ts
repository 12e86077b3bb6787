import type { Verdict } from './client.ts';

interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function verdictOf(ran: Ran): Verdict {
  return ran.exitCode === 0 ? { accepted: true } : { accepted: false, reason: lastLines(ran) };
}

/** Returns the end of what a program said, on one line: enough to recognise why it refused. */
export function lastLines(ran: Ran): string {
  const said = `${ran.stdout}\n${ran.stderr}`.trim().split('\n').slice(-25).join(' ');
  return said.replaceAll(/\s+/g, ' ').slice(-2_000) || `exit code ${ran.exitCode}`;
}
