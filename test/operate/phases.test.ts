import { describe, expect, it } from '@jest/globals';
import { Phases } from '../../operate/phases.ts';

describe('Phases', () => {
  it('notes each phase when it ends, and returns what it returned', async () => {
    const phases = new Phases(performance.now());
    const slow = Promise.withResolvers<string>();
    const outer = phases.run('outer', () => slow.promise);
    expect(await phases.run('inner', async () => 3)).toBe(3);
    slow.resolve('done');
    expect(await outer).toBe('done');
    expect(phases.toJson()).toEqual([
      { name: 'start', ms: expect.any(Number) },
      { name: 'inner', ms: expect.any(Number) },
      { name: 'outer', ms: expect.any(Number) },
    ]);
  });

  it('does not note one that failed', async () => {
    const phases = new Phases(0);
    const reason = new Error('no');
    await expect(phases.run('a', () => Promise.reject(reason))).rejects.toBe(reason);
    expect(phases.toJson()).toEqual([{ name: 'start', ms: expect.any(Number) }]);
  });

  it('begins with what passed before the first phase', () => {
    const phases = new Phases(performance.now() - 5_000).toJson() as readonly { readonly ms: number }[];
    expect(phases[0]?.ms).toBeGreaterThanOrEqual(5_000);
  });

  it('counts from the start that it was given', () => {
    expect(new Phases(performance.now() - 5_000).elapsedMs()).toBeGreaterThanOrEqual(5_000);
  });
});
