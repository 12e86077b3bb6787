import { describe, expect, it } from '@jest/globals';
import { formatMetric } from '../../../../operate/functions/runtime/metrics.ts';
import { runFunction, worstOf } from '../../../../operate/functions/runtime/run-function.ts';
import { ToolkitError } from '../../../../src/core/error.ts';
import { metricsOf } from '../recorded-log.ts';

const now = new Date('2026-11-22T10:00:00Z');

function options(lines: string[]) {
  return { name: 'monitor', instance: 'acme', clock: { now: () => now }, write: (line: string) => lines.push(line) };
}

const evidence = new ToolkitError('TLOG_INCONSISTENT', { message: 'forked', fault: 'evidence', hint: 'look' });
const outage = new ToolkitError('CORE_HTTP_UNREACHABLE', { message: 'no answer', fault: 'environment' });

describe('formatMetric', () => {
  it('writes one document that CloudWatch takes as a metric', () => {
    const metric = { name: 'LogSize', value: 7, unit: 'Count', of: { Log: 'ct-a' } } as const;
    expect(JSON.parse(formatMetric(metric, { instance: 'acme', now }))).toEqual({
      _aws: {
        Timestamp: now.getTime(),
        CloudWatchMetrics: [
          {
            Namespace: 'Sigstead',
            Dimensions: [['Instance', 'Log']],
            Metrics: [{ Name: 'LogSize', Unit: 'Count' }],
          },
        ],
      },
      Instance: 'acme',
      Log: 'ct-a',
      LogSize: 7,
    });
  });
});

describe('runFunction', () => {
  it('returns what the work returned, and says so in one line of JSON', async () => {
    const lines: string[] = [];
    expect(await runFunction(options(lines), async () => ({ size: 3 }))).toEqual({ size: 3 });
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ level: 'info', function: 'monitor', instance: 'acme', result: { size: 3 } }),
    ]);
  });

  it('throws on what was thrown, with code, fault and hint, and counts evidence', async () => {
    const lines: string[] = [];
    await expect(runFunction(options(lines), () => Promise.reject(evidence))).rejects.toBe(evidence);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      ...{ level: 'error', code: 'TLOG_INCONSISTENT', fault: 'evidence', message: 'forked', hint: 'look' },
    });
    expect(metricsOf(lines)).toEqual({ Evidence: [1] });
  });

  it('counts nothing as evidence that is none', async () => {
    const lines: string[] = [];
    await expect(runFunction(options(lines), () => Promise.reject(outage))).rejects.toBe(outage);
    const bug = new TypeError('no such thing');
    await expect(runFunction(options(lines), () => Promise.reject(bug))).rejects.toBe(bug);
    expect(metricsOf(lines)).toEqual({});
    expect(lines).toHaveLength(2);
  });
});

describe('worstOf', () => {
  it('takes evidence before all else, and the first of the rest', () => {
    expect(worstOf([outage, evidence])).toBe(evidence);
    expect(worstOf([outage, new Error('later')])).toBe(outage);
  });
});
