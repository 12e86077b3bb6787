import { describe, expect, it } from '@jest/globals';
import { ToolkitError } from '../../../src/core/error.ts';
import { allOf, unlessAborted, waitFor } from '../../../src/core/wait.ts';

const interrupted = new ToolkitError('CLI_INTERRUPTED', { message: 'interrupted', fault: 'environment' });
const options = { what: 'the log', timeoutMs: 2_000, intervalMs: 1 };

describe('waitFor', () => {
  it('looks until there is something, be it 0 or an empty text', async () => {
    let looks = 0;
    expect(await waitFor(() => (++looks < 3 ? undefined : 0), options)).toBe(0);
    expect(await waitFor(async () => (++looks < 6 ? false : ''), options)).toBe('');
    expect(looks).toBe(6);
  });

  it('refuses to wait longer than it was told, and looks once even then', async () => {
    expect(await waitFor(() => true, { ...options, timeoutMs: 0 })).toBe(true);
    const waiting = waitFor(() => undefined, { ...options, timeoutMs: 20 });
    await expect(waiting).rejects.toThrowToolkit('CORE_TIMEOUT', { timeoutMs: 20 });
    await expect(waiting).rejects.toThrow('timed out after 20 ms waiting for the log');
  });

  it('ends with what the condition throws', async () => {
    await expect(waitFor(() => Promise.reject(interrupted), options)).rejects.toBe(interrupted);
  });

  it.each([
    ['before', 0],
    ['while it pauses', 10],
  ])('ends with the reason of a signal that is aborted %s', async (_, afterMs) => {
    const controller = new AbortController();
    if (afterMs === 0) controller.abort(interrupted);
    else setTimeout(() => controller.abort(interrupted), afterMs);
    const waiting = waitFor(() => undefined, {
      ...options,
      intervalMs: 60_000,
      timeoutMs: 60_000,
      signal: controller.signal,
    });
    await expect(waiting).rejects.toBe(interrupted);
  });
});

describe('unlessAborted', () => {
  it('returns what the work returns, and throws what it throws', async () => {
    const { signal } = new AbortController();
    expect(await unlessAborted(signal, Promise.resolve(7))).toBe(7);
    await expect(unlessAborted(signal, Promise.reject(interrupted))).rejects.toBe(interrupted);
  });

  it('gives up when the signal is aborted, also when it was before', async () => {
    const controller = new AbortController();
    const given = unlessAborted(controller.signal, new Promise(() => undefined));
    controller.abort(interrupted);
    await expect(given).rejects.toBe(interrupted);
    await expect(unlessAborted(controller.signal, new Promise(() => undefined))).rejects.toBe(interrupted);
  });

  it('says nothing of an abort that comes after the work', async () => {
    const controller = new AbortController();
    await unlessAborted(controller.signal, Promise.resolve());
    // An unhandled rejection would end the test run.
    controller.abort(interrupted);
  });
});

describe('allOf', () => {
  it('returns what each returns', async () => {
    expect(await allOf([Promise.resolve(7), Promise.resolve('x')])).toEqual([7, 'x']);
    expect(await allOf([])).toEqual([]);
  });

  it('fails as the first that fails, once all have ended', async () => {
    let ended = false;
    const slow = waitFor(() => ended, options);
    const work = allOf([slow, Promise.reject(interrupted), Promise.reject(new Error('later'))]);
    const failed = work.catch((error: unknown) => ({ error, ended }));
    setTimeout(() => {
      ended = true;
    }, 10);
    expect(await failed).toEqual({ error: interrupted, ended: true });
  });
});
