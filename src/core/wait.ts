import { setTimeout as sleep } from 'node:timers/promises';
import { ToolkitError } from './error.ts';

export interface WaitOptions {
  /** Completes the sentence "timed out waiting for …". */
  readonly what: string;
  readonly timeoutMs: number;
  /** Pause between two looks. @default 25 */
  readonly intervalMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Looks again and again until `condition` returns something other than `undefined` or `false`, and returns it.
 * What `condition` throws ends the wait.
 * @throws CORE_TIMEOUT
 */
export async function waitFor<T>(
  condition: () => Promise<T | undefined | false> | T | undefined | false,
  options: WaitOptions,
): Promise<T> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    options.signal?.throwIfAborted();
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    if (performance.now() >= deadline) throw timeout(options.what, options.timeoutMs);
    await pause(options);
  }
}

async function pause({ intervalMs = 25, signal }: WaitOptions): Promise<void> {
  const waited = sleep(intervalMs, undefined, signal ? { signal } : {});
  // The timer's own AbortError hides why.
  await waited.catch((error: unknown) => {
    signal?.throwIfAborted();
    throw error;
  });
}

/** Runs `work`, and gives it up with the signal's reason when that is aborted first. What was begun goes on unheard. */
export async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const over = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { signal: over.signal });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    over.abort();
  }
}

/** Like `Promise.all`, but when some work fails it waits for the rest to end: nothing goes on after the failure was handled. */
export async function allOf<T extends readonly unknown[] | []>(
  work: T,
): Promise<{ -readonly [Index in keyof T]: Awaited<T[Index]> }> {
  await Promise.allSettled(work);
  return await Promise.all(work);
}

function timeout(what: string, timeoutMs: number): ToolkitError {
  return new ToolkitError('CORE_TIMEOUT', {
    message: `timed out after ${timeoutMs} ms waiting for ${what}`,
    fault: 'environment',
    data: { timeoutMs },
    hint: 'run the command again when this machine has less to do',
  });
}
