import { describe, expect, it } from '@jest/globals';
import { certificatesLogged } from '../../../../operate/functions/monitoring/issued-certificates.ts';
import { utf8 } from '../../../../src/core/bytes.ts';
import { addMs, minuteMs } from '../../../../src/core/clock.ts';
import { issuance } from '../../../../src/services/issuance.ts';
import { MemoryStore } from '../../../support/root-of-trust.ts';

const start = new Date('2026-11-22T10:00:00Z');
const at = (minutes: number) => addMs(start, minutes * minuteMs);

/** Looks at one log, whose size at a time `sizeAt` says, every ten minutes; returns each metric that was sent. */
async function watch(minutes: number, sizeAt: (minute: number) => number, memory = new MemoryStore()) {
  const sent: { readonly at: Date; readonly value: number }[] = [];
  for (let minute = 0; minute <= minutes; minute += 10) {
    const metric = await certificatesLogged([{ service: 'ct-a', size: sizeAt(minute) }], { memory, now: at(minute) });
    if (metric?.at) sent.push({ at: metric.at, value: metric.value });
  }
  return sent;
}

/** What the alarm compares: signatures of a window, and the largest value that was sent for a time in it. */
function unexplained(signatures: readonly number[], sent: Awaited<ReturnType<typeof watch>>, from: number): number {
  const inWindow = (minute: number) => minute >= from && minute < from + issuance.windowMinutes;
  const made = signatures.filter(inWindow).length;
  const values = sent
    .filter((metric) => inWindow((metric.at.getTime() - start.getTime()) / minuteMs))
    .map(({ value }) => value);
  return values.length === 0 ? Number.NaN : made - issuance.signaturesPerCertificate * Math.max(...values);
}

describe('certificatesLogged', () => {
  it('says nothing until it has looked for long enough, and then speaks of a time that is over', async () => {
    const sent = await watch(180, () => 5);
    expect(sent).toEqual([
      { at: at(80), value: 0 },
      { at: at(90), value: 0 },
    ]);
  });

  it.each([0, 3, 7, 12])('explains every signature of a burst, told %d minutes late, in any window', async (late) => {
    const signatures = 2_000;
    for (let burst = 200; burst < 330; burst += 13) {
      const sent = await watch(500, (minute) => (minute >= burst ? 1_000 : 0));
      const made = Array.from({ length: signatures }, () => burst + late);
      const excess = Array.from({ length: 250 }, (_, index) => unexplained(made, sent, 100 + index));
      expect(excess.filter((each) => each > 0)).toEqual([]);
      expect(excess.filter((each) => !Number.isNaN(each)).length).toBeGreaterThan(200);
    }
  });

  it('leaves unexplained what no log shows', async () => {
    const sent = await watch(500, () => 40);
    expect(
      unexplained(
        Array.from({ length: 25 }, () => 250),
        sent,
        220,
      ),
    ).toBe(25);
  });

  it('counts every log, one that is new from nothing on, and none that is gone', async () => {
    const memory = new MemoryStore();
    const look = async (minute: number, sizes: Readonly<Record<string, number>>) => {
      const standings = Object.entries(sizes).map(([service, size]) => ({ service, size }));
      return (await certificatesLogged(standings, { memory, now: at(minute) }))?.value;
    };
    await look(0, { 'ct-a': 10, 'ct-gone': 50 });
    expect(await look(170, { 'ct-a': 14, 'ct-new': 3 })).toBe(7);
  });

  it('keeps the looks that it needs, and no others', async () => {
    const memory = new MemoryStore();
    await watch(1_000, (minute) => minute, memory);
    const { seen } = JSON.parse(Buffer.from(memory.files.get('issued.json') ?? []).toString()) as { seen: unknown[] };
    expect(seen).toHaveLength(18);
  });

  it('refuses a memory that somebody else wrote', async () => {
    const memory = new MemoryStore();
    memory.files.set('issued.json', utf8('{"format":"sigstead issued v1","seen":[{"at":"yesterday","sizes":[]}]}'));
    const looked = certificatesLogged([], { memory, now: start });
    await expect(looked).rejects.toThrowToolkit('OPS_FUNCTION_MEMORY');
  });
});
