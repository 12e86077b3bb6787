import { types } from 'node:util';

/**
 * Who has to act on an error.
 *
 * - `caller`: our own code misused a function; a bug.
 * - `input`: a file, flag or configuration that a person wrote has to change.
 * - `evidence`: a signature, proof or key does not check out; somebody may be attacking.
 *   Never retried, never turned into a warning.
 * - `environment`: network, disk, missing tool; trying again may help.
 */
export type Fault = 'caller' | 'input' | 'evidence' | 'environment';

/** Rooms that own error codes; a code is `ROOM_REASON`. */
export type Room =
  | 'CORE'
  | 'CLI'
  | 'CFG'
  | 'OIDC'
  | 'TLOG'
  | 'X509'
  | 'TUF'
  | 'KEY'
  | 'STORE'
  | 'PROC'
  | 'TRUST'
  | 'SVC'
  | 'ROT'
  | 'AWS'
  | 'CER'
  | 'MON'
  | 'LOCAL'
  | 'OPS'
  | 'DRILL';

/** A stable identifier that scripts and the runbook key on, e.g. `CFG_INVALID`. */
export type ErrorCode = `${Room}_${string}`;

export interface ToolkitErrorOptions {
  /** Lower case, no final period; names the exact file, key or role; `expected X, got Y`. */
  readonly message: string;
  readonly fault: Fault;
  /** What the message says, for programs. Never holds a secret. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** What to do now: a command, a file to edit. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** The one error class of the toolkit: a closed code, whose fault it is, and what to do. */
export class ToolkitError extends Error {
  override readonly name = 'ToolkitError';
  readonly code: ErrorCode;
  readonly fault: Fault;
  readonly data: Readonly<Record<string, unknown>>;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, options: ToolkitErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.fault = options.fault;
    this.data = options.data ?? {};
    this.hint = options.hint;
  }
}

/** Exit codes of every tool (the list in each `--help`). */
export const exitCodes = {
  ok: 0,
  bug: 1,
  usage: 2,
  input: 3,
  evidence: 4,
  environment: 5,
  declined: 6,
  interrupted: 130,
} as const;

/** Returns the exit code that an error that reached the top means. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof ToolkitError)) return exitCodes.bug;
  if (error.code === 'CLI_USAGE') return exitCodes.usage;
  if (error.code === 'CLI_DECLINED') return exitCodes.declined;
  if (error.code === 'CLI_INTERRUPTED') return exitCodes.interrupted;
  return error.fault === 'caller' ? exitCodes.bug : exitCodes[error.fault];
}

/** Returns the text of an unknown thrown value, with the texts of its causes. */
export function describeCause(error: unknown): string {
  if (!isError(error)) return String(error);
  const own = error.message || error.name;
  return error.cause === undefined ? own : `${own}: ${describeCause(error.cause)}`;
}

/** True if `error` is a Node system error with this code (`ENOENT`, `EEXIST`, …). */
export function isErrno(error: unknown, code: string): error is NodeJS.ErrnoException {
  return isError(error) && (error as NodeJS.ErrnoException).code === code;
}

/** True for any error, also one of another realm: inside a test runner `instanceof` does not know Node's own errors. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}
