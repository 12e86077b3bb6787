import { describe, expect, it } from '@jest/globals';
import type { Comparison } from '../../../bench/load/comparison.ts';
import { judge } from '../../../bench/load/requirements.ts';

const side = { completed: 10, perSecond: 10, p50Ms: 1, p99Ms: 1, errors: {} };

function comparison(work: string, clients: number, measured: Partial<Comparison>): Comparison {
  const addedMs = { p50: 0, p99: 0 };
  const rest = { rateRatio: 1, rateRatios: [1], addedMs, gatewayMicrosecondsPerRequest: 1 };
  return { work, clients, bare: side, gateway: side, ...rest, ...measured };
}

function verdicts(unloaded: readonly Comparison[], loaded: readonly Comparison[]) {
  return Object.fromEntries(judge(unloaded, loaded).map(({ id, met }) => [id, met]));
}

describe('judge', () => {
  it.each([
    [1, true],
    [1.01, false],
  ])('added %d ms at p99: met %s', (p99, met) => {
    const unloaded = [comparison('timestamp', 1, { addedMs: { p50: 0, p99 } })];
    expect(verdicts(unloaded, [])).toMatchObject({ 'added-p99-timestamp': met });
  });

  it.each([
    ['certificate', 0.95, true],
    ['certificate', 0.949, false],
    ['timestamp', 0.85, true],
    ['timestamp', 0.849, false],
  ])('%s at %d of the rate: met %s, where most clients push', (work, rateRatio, met) => {
    const loaded = [comparison(work, 256, { rateRatio }), comparison(work, 64, { rateRatio: met ? 0 : 1 })];
    expect(verdicts([], loaded)).toMatchObject({ [`rate-${work}`]: met });
  });

  it('says nothing of what was not measured', () => {
    expect(Object.keys(verdicts([], [comparison('timestamp', 16, {})]))).toEqual(['rate-timestamp', 'errors']);
  });

  it('is not met if requests fail', () => {
    const failing = comparison('signature', 1, { gateway: { ...side, errors: { 'status 502': 1 } } });
    expect(verdicts([], [failing])).toMatchObject({ errors: false });
    expect(verdicts([], [comparison('signature', 1, {})])).toMatchObject({ errors: true });
  });
});
