import { utf8 } from '../../../src/core/bytes.ts';
import { addMs, formatInstant, minuteMs } from '../../../src/core/clock.ts';
import { parseJsonObject } from '../../../src/core/json.ts';
import { assertRead, count, instant, list, object, oneOf, readShape, text } from '../../../src/core/shape.ts';
import type { Store } from '../../../src/core/store.ts';
import { issuance } from '../../../src/services/issuance.ts';
import type { Metric } from '../runtime/metrics.ts';
import type { LogStanding } from './check-log.ts';

const path = 'issued.json';
const format = 'sigstead issued v1';
const maxBytes = 65_536;
const shape = object({
  format: oneOf(format),
  seen: list(object({ at: instant, sizes: list(object({ log: text, size: count })) })),
});

/** How large the CT logs were at a look of the monitor. */
interface Seen {
  readonly at: Date;
  readonly sizes: readonly { readonly log: string; readonly size: number }[];
}

/** The metric is of a time that is over: every certificate of the hour after it has been seen by now. */
const stampedBackMs = (issuance.windowMinutes + issuance.seenLateMinutes) * minuteMs;
const lookedBackMs = stampedBackMs + (issuance.windowMinutes + issuance.toldLateMinutes) * minuteMs;

/**
 * Returns how many certificates the CT logs took, as a metric that any window of `issuance` may be judged by in which it
 * stands: more cannot have been issued there. Nothing until the monitor has looked for that long.
 * @throws OPS_FUNCTION_MEMORY, STORE_…
 */
export async function certificatesLogged(
  standings: readonly LogStanding[],
  { memory, now }: { readonly memory: Store; readonly now: Date },
): Promise<Metric | undefined> {
  const sizes = standings.map(({ service, size }) => ({ log: service, size }));
  const { before, kept } = split(await readSeen(memory), addMs(now, -lookedBackMs));
  await keepSeen(memory, [...(before ? [before] : []), ...kept, { at: now, sizes }]);
  if (before === undefined) return undefined;
  const value = sizes.reduce((sum, { log, size }) => sum + Math.max(0, size - sizeAt(before, log)), 0);
  return { name: 'CertificatesLogged', value, unit: 'Count', at: addMs(now, -stampedBackMs) };
}

/** The last look before a time is the one to compare with; what is older is of no use any more. */
function split(
  seen: readonly Seen[],
  start: Date,
): { readonly before: Seen | undefined; readonly kept: readonly Seen[] } {
  return {
    before: seen.filter(({ at }) => at <= start).at(-1),
    kept: seen.filter(({ at }) => at > start),
  };
}

/** A shard that is new since then was empty. */
function sizeAt({ sizes }: Seen, log: string): number {
  return sizes.find((each) => each.log === log)?.size ?? 0;
}

async function readSeen(memory: Store): Promise<readonly Seen[]> {
  const file = await memory.read(path, maxBytes);
  if (file === undefined) return [];
  const what = `${memory.uri}/${path}`;
  return assertRead(readShape(shape, parseJsonObject(file, { what, maxBytes })), {
    code: 'OPS_FUNCTION_MEMORY',
    what,
    hint: 'only this function writes it: put the last version of the object back that it wrote',
  }).seen;
}

async function keepSeen(memory: Store, seen: readonly Seen[]): Promise<void> {
  const document = { format, seen: seen.map(({ at, sizes }) => ({ at: formatInstant(at), sizes })) };
  await memory.replace(path, utf8(`${JSON.stringify(document)}\n`));
}
