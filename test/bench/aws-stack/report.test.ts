import { describe, expect, it } from '@jest/globals';
import { awsStackReport, bestOf, type Measured, oursIn, type Step } from '../../../bench/aws-stack/report.ts';

function step(clients: number, perSecond: number, errors: Readonly<Record<string, number>> = {}): Step {
  const cpu = { seconds: 10, parties: { emulator: 9, fulcio: 1 }, total: 10, machine: 12 };
  return { clients, block: { completed: perSecond * 10, perSecond, latencies: [1_000], errors }, cpu };
}

function measured(changes: Partial<Measured> = {}): Measured {
  return {
    ...{ writers: 'anyone', cores: 2, oneCore: [], entryStarts: {}, ctLogCost: { ours: 1, upstream: 1, failures: 0 } },
    climbs: [{ way: 'to the tasks', steps: [step(4, 10), step(8, 20), step(16, 19)] }],
    ...changes,
  };
}

const verdicts = (of: Measured) => Object.fromEntries(awsStackReport(of).requirements.map(({ id, met }) => [id, met]));

describe('bestOf', () => {
  it('is the step with the highest rate, the first of equals', () => {
    expect(bestOf([step(4, 10), step(8, 20), step(16, 20)]).clients).toBe(8);
  });
});

describe('oursIn', () => {
  it("is what our log spends beyond upstream's, and every start of entry", () => {
    const ctLogCost = { ours: 3, upstream: 1, failures: 0 };
    const ours = oursIn(step(8, 20), { entryStarts: { fulcio: 0.25, rekor: 0.75 }, ctLogCost });
    expect(ours).toEqual({ gateway: 0, entry: 1, writeGate: 0, ctLog: 0.4, share: 1.4 / 11 });
  });

  it('is what the write gate spends, where one judges', () => {
    const gated = { ...step(8, 20), cpu: { seconds: 10, parties: { 'write-gate': 2 }, total: 10, machine: 12 } };
    expect(oursIn(gated, measured())).toMatchObject({ writeGate: 2, share: 0.2 });
  });

  it("is never less than nothing, where upstream's spends more", () => {
    expect(oursIn(step(8, 20), measured({ ctLogCost: { ours: 1, upstream: 2, failures: 0 } })).share).toBe(0);
  });
});

describe('awsStackReport', () => {
  it.each([
    [6, true],
    [6.1, false],
  ])('ours at %d ms per certificate beside 1: met %s', (ours, met) => {
    const ctLogCost = { ours, upstream: 1, failures: 0 };
    expect(verdicts(measured({ ctLogCost }))).toEqual({ failures: true, 'ours to the tasks': met });
  });

  it('is not met if a request fails, in whichever step', () => {
    const climbs = [{ way: 'to the tasks', steps: [step(4, 10), step(8, 5, { 'status 502': 2 })] }];
    expect(verdicts(measured({ climbs }))).toMatchObject({ failures: false });
    expect(verdicts(measured({ ctLogCost: { ours: 1, upstream: 1, failures: 1 } }))).toMatchObject({ failures: false });
  });
});
