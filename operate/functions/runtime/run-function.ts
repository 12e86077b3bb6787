import type { Clock } from '../../../src/core/clock.ts';
import { describeCause, ToolkitError } from '../../../src/core/error.ts';
import { formatMetric, type Metric } from './metrics.ts';

/** What a function says while it works: one JSON document a line. */
export interface FunctionLog {
  say(level: 'info' | 'warning' | 'error', message: string, data?: Readonly<Record<string, unknown>>): void;
  measure(...metrics: readonly Metric[]): void;
  /** Says what failed, once however often it is handed on, and counts evidence. */
  fail(error: unknown): void;
}

export interface FunctionOptions {
  readonly name: string;
  readonly instance: string;
  readonly clock: Clock;
  /** Takes a line, without its end. */
  readonly write: (line: string) => void;
}

/**
 * Runs the work of a function, and writes how it ended. What it throws is thrown on, so that Lambda counts it; evidence
 * is counted besides, for somebody has to look at it at once.
 */
export async function runFunction<T extends object>(
  options: FunctionOptions,
  work: (log: FunctionLog) => Promise<T>,
): Promise<T> {
  const log = functionLog(options);
  try {
    const result = await work(log);
    log.say('info', 'done', { result });
    return result;
  } catch (error) {
    log.fail(error);
    throw error;
  }
}

export function functionLog({ name, instance, clock, write }: FunctionOptions): FunctionLog {
  const said = new Set<unknown>();
  const log: FunctionLog = {
    say: (level, message, data) =>
      write(JSON.stringify({ time: clock.now().toISOString(), level, function: name, instance, message, ...data })),
    measure: (...metrics) => {
      for (const metric of metrics) write(formatMetric(metric, { instance, now: clock.now() }));
    },
    fail: (error) => {
      if (said.has(error)) return;
      said.add(error);
      const { message, ...rest } = failureOf(error);
      log.say('error', message, rest);
      if (rest.fault === 'evidence') log.measure({ name: 'Evidence', value: 1, unit: 'Count' });
    },
  };
  return log;
}

function failureOf(error: unknown) {
  if (!(error instanceof ToolkitError)) return { message: describeCause(error), fault: 'caller' };
  const { code, fault, hint, data, cause, message } = error;
  return { message, code, fault, hint, data, ...(cause !== undefined && { cause: describeCause(cause) }) };
}

/** Of several failures the one to throw: evidence before all else. */
export function worstOf(failures: readonly unknown[]): unknown {
  return failures.find((error) => error instanceof ToolkitError && error.fault === 'evidence') ?? failures[0];
}
