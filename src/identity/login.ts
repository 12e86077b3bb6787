import { minuteMs } from '../core/clock.ts';
import { ToolkitError } from '../core/error.ts';
import type { Fetch } from '../core/http.ts';

export interface LoginOptions {
  readonly issuer: string;
  readonly clientId: string;
  /** How long the person has. @default 5 minutes */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly fetch?: Fetch;
}

/**
 * An ID token of somebody who just logged in. Issuer, audience, expiry, nonce and signature were checked. It is a
 * secret: whoever holds it gets certificates of that identity until it expires.
 */
export interface Login {
  readonly idToken: string;
}

/** Runs a login until it ends, the caller aborts it or the time is up. `work` must heed the signal. */
export async function withDeadline<T>(options: LoginOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const timeoutMs = options.timeoutMs ?? 5 * minuteMs;
  const deadline = AbortSignal.timeout(timeoutMs);
  const signal = options.signal ? AbortSignal.any([deadline, options.signal]) : deadline;
  try {
    return await work(signal);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (deadline.aborted) throw timedOut(options.issuer, timeoutMs);
    throw error;
  }
}

/** Waits for `promise`, or rejects as soon as `signal` aborts. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/**
 * Returns what `promise` brings, while `work` runs beside it: a browser that `work` drives may well return only after
 * the answer that we wait for. If `work` fails first, so does this.
 */
export async function meanwhile<T>(promise: Promise<T>, work: () => void | Promise<void>): Promise<T> {
  const working = (async () => await work())();
  return await Promise.race([promise, working.then(() => promise)]);
}

function timedOut(issuer: string, timeoutMs: number): ToolkitError {
  return new ToolkitError('OIDC_TIMEOUT', {
    message: `issuer ${issuer}: nobody logged in within ${Math.round(timeoutMs / 1000)} s`,
    fault: 'environment',
    data: { issuer, timeoutMs },
    hint: 'run the command again and finish the login in the browser',
  });
}
