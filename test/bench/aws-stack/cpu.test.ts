import { describe, expect, it } from '@jest/globals';
import { cpuBetween, percent, saturatedBy, sharesOf } from '../../../bench/aws-stack/cpu.ts';
import { parseStat } from '../../../bench/aws-stack/processes.ts';

const reading = (at: number, parties: Readonly<Record<string, number>>, machine = 0) => ({ at, parties, machine });
const use = (parties: Readonly<Record<string, number>>, machine: number) =>
  cpuBetween(reading(5, {}), reading(15, parties, machine));

describe('cpuBetween', () => {
  it('is what was spent in between, also by who was not there before', () => {
    const between = cpuBetween(reading(7, { fulcio: 1 }, 10), reading(9, { fulcio: 3, rekor: 0.5 }, 14));
    expect(between).toEqual({ seconds: 2, parties: { fulcio: 2, rekor: 0.5 }, total: 2.5, machine: 4 });
  });

  it('gives nobody time back whose processes have ended', () => {
    expect(cpuBetween(reading(0, { task: 3 }), reading(1, { task: 1 }))).toMatchObject({
      parties: { task: 0 },
      total: 0,
    });
  });
});

describe('sharesOf', () => {
  it('sums up to everything, the most first', () => {
    expect(sharesOf(use({ fulcio: 2, emulator: 6 }, 8))).toEqual([
      { name: 'emulator', cpuSeconds: 6, share: 0.75, cores: 0.6 },
      { name: 'fulcio', cpuSeconds: 2, share: 0.25, cores: 0.2 },
    ]);
  });
});

describe('saturatedBy', () => {
  const machine = { cores: 2, oneCore: ['emulator'] };

  it.each([
    ['one core full', use({ emulator: 9.2, fulcio: 1 }, 11), 'emulator: 92 % of the one core that it can use'],
    [
      'both cores full, of others',
      use({ emulator: 4, fulcio: 3 }, 19),
      'the machine: 95 % of its 2 cores, emulator the most of it; but 60 % of the machine went to none of these: repeat this alone',
    ],
    ['both cores full', use({ emulator: 8, fulcio: 9 }, 19), 'the machine: 95 % of its 2 cores, fulcio the most of it'],
    [
      'room left',
      use({ emulator: 8, fulcio: 3 }, 12),
      'nothing: 60 % of the machine was busy, and answers wait for checkpoints',
    ],
    ['nothing at all', use({}, 0), 'nothing ran'],
  ])('%s', (_, spent, said) => {
    expect(saturatedBy(spent, machine)).toBe(said);
  });
});

describe('percent', () => {
  it('keeps one digit', () => {
    expect([percent(0.1234), percent(1)]).toEqual(['12.3 %', '100 %']);
  });
});

describe('parseStat', () => {
  it('reads the command and both times, whatever the command is called', () => {
    const text = '42 (a) R (b) S 1 42 42 0 -1 4194560 1 2 3 4 150 50 9 9 20 0 8 0 100 1 1';
    expect(parseStat(text)).toEqual({ command: 'a) R (b', cpuSeconds: 2 });
  });
});
