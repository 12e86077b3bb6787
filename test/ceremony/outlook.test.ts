import { describe, expect, it } from '@jest/globals';
import { outlookExitCode, outlookOf, type RoleState } from '../../ceremony/outlook.ts';
import { calendarOf, metricsOf } from '../../ceremony/reminders.ts';
import { readRepository } from '../../src/tuf/repository.ts';
import { inDays, now, publishedRepository, rootPolicy } from '../support/root-of-trust.ts';

const { store, pinnedRoot } = await publishedRepository();
const repository = await readRepository({ read: store.read.bind(store), pinnedRoot });
const policy = rootPolicy();
const at = (days: number) => outlookOf({ repository, policy, now: inDays(days) });
const stateOf = (role: string, days: number) => at(days).find((each) => each.role === role)?.state;

describe('outlookOf', () => {
  it.each(['root', 'targets', 'snapshot', 'timestamp'] as const)(
    'has %s due, late and expired at the very second',
    (role) => {
      const { expiryDays, resignDays } = policy[role];
      const second = 1 / 86_400;
      const changes: readonly (readonly [number, RoleState, RoleState])[] = [
        [expiryDays - resignDays, 'fresh', 'due'],
        [expiryDays - resignDays / 2, 'due', 'late'],
        [expiryDays, 'late', 'expired'],
      ];
      for (const [day, before, after] of changes) {
        expect([stateOf(role, day - second), stateOf(role, day)]).toEqual([before, after]);
      }
    },
  );

  it('refuses a clock that went back', () => {
    expect(() => at(-30)).toThrowToolkit('CER_CLOCK_WENT_BACK');
  });
});

describe('outlookExitCode', () => {
  const [root, targets, snapshot, timestamp] = at(0);
  const code = (...states: readonly RoleState[]) =>
    outlookExitCode(
      [root, targets, snapshot, timestamp].flatMap((each, index) =>
        each ? [{ ...each, state: states[index] ?? 'fresh' }] : [],
      ),
    );

  it.each([
    [[], 0],
    [['due'], 20],
    [['fresh', 'due'], 20],
    [['fresh', 'fresh', 'due', 'due'], 0],
    [['due', 'fresh', 'fresh', 'late'], 30],
    [['late'], 30],
    [['late', 'fresh', 'fresh', 'expired'], 40],
  ] as const)('of %j is %d: people sign root and targets, a job the others', (states, expected) => {
    expect(code(...states)).toBe(expected);
  });
});

describe('calendarOf', () => {
  it('has two events for each role, in lines that calendars read', () => {
    const lines = calendarOf(at(0), now).split('\r\n');
    expect(lines.filter((line) => line === 'BEGIN:VEVENT')).toHaveLength(8);
    expect(lines).toEqual(
      expect.arrayContaining([
        'UID:root-1-due@sigstead',
        'SUMMARY:TUF timestamp v1 expires',
        'DTSTAMP:20261122T100000Z',
      ]),
    );
    expect(lines.every((line) => /^[ -~]{0,75}$/.test(line))).toBe(true);
    expect([lines[0], ...lines.slice(-2)]).toEqual(['BEGIN:VCALENDAR', 'END:VCALENDAR', '']);
  });
});

describe('metricsOf', () => {
  it('has a line for each time of each role, in seconds', () => {
    const metrics = metricsOf(at(0));
    const expires = repository.root.expires.getTime() / 1_000;
    expect(metrics).toContain(`\nsigstead_tuf_expires_timestamp_seconds{role="root"} ${expires}\n`);
    for (const line of metrics.trimEnd().split('\n')) {
      expect(line).toMatch(/^(?:# (?:HELP|TYPE) sigstead_tuf_\w+ .+|sigstead_tuf_\w+\{role="\w+"\} \d+)$/);
    }
  });
});
