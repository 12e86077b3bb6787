import { metricNamespace } from '../../../operate/functions/runtime/metrics.ts';
import { type FunctionLog, functionLog } from '../../../operate/functions/runtime/run-function.ts';

export interface RecordedLog {
  readonly log: FunctionLog;
  readonly lines: string[];
  /** Each metric as `NAME{LOG or SERVICE}`, with its values in order. */
  metrics(): Readonly<Record<string, readonly number[]>>;
}

/** What a function writes, read back as CloudWatch would. */
export function recordedLog(): RecordedLog {
  const lines: string[] = [];
  const clock = { now: () => new Date('2026-11-22T10:00:00Z') };
  const log = functionLog({ name: 'test', instance: 'acme', clock, write: (line) => lines.push(line) });
  return { log, lines, metrics: () => metricsOf(lines) };
}

interface Embedded {
  readonly _aws?: {
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string }[];
    }[];
  };
  readonly [name: string]: unknown;
}

export function metricsOf(lines: readonly string[]): Readonly<Record<string, readonly number[]>> {
  const found: Record<string, number[]> = {};
  for (const line of lines) {
    const document = JSON.parse(line) as Embedded;
    for (const { Namespace, Dimensions, Metrics } of document._aws?.CloudWatchMetrics ?? []) {
      if (Namespace !== metricNamespace) throw new Error(`namespace ${Namespace}`);
      const of = (Dimensions[0] ?? []).filter((name) => name !== 'Instance').map((name) => document[name]);
      for (const { Name } of Metrics) {
        const key = of.length === 0 ? Name : `${Name}{${of.join()}}`;
        found[key] = [...(found[key] ?? []), Number(document[Name])];
      }
    }
  }
  return found;
}
