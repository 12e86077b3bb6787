import { addMs } from '../src/core/clock.ts';
import { roleNames } from '../src/tuf/layout.ts';
import { type CheckPeriodsOptions, checkPeriods, type Period, type PeriodState } from './periods.ts';

/** `late`: half of the time for signing the next version is over. */
export type RoleState = PeriodState | 'late';

export interface RoleOutlook extends Omit<Period, 'state'> {
  readonly state: RoleState;
  readonly lateFrom: Date;
}

/**
 * Says for each role how much time is left to sign its next version.
 * @throws CER_CLOCK_WENT_BACK
 */
export function outlookOf(options: CheckPeriodsOptions): readonly RoleOutlook[] {
  const periods = checkPeriods(options);
  return roleNames.map((role) => {
    const period = periods[role];
    const { dueFrom, expires, state } = period;
    const lateFrom = addMs(dueFrom, (expires.getTime() - dueFrom.getTime()) / 2);
    return { ...period, lateFrom, state: state === 'due' && options.now >= lateFrom ? 'late' : state };
  });
}

/**
 * Returns what `ceremony status` ends with, for cron: 40 expired, 30 little time left, 20 people have to sign, 0 nothing
 * to do. Snapshot and timestamp are signed by a job: only when that is late is it worth waking somebody.
 */
export function outlookExitCode(roles: readonly RoleOutlook[]): number {
  if (roles.some(({ state }) => state === 'expired')) return 40;
  if (roles.some(({ state }) => state === 'late')) return 30;
  return roles.some(({ role, state }) => state === 'due' && (role === 'root' || role === 'targets')) ? 20 : 0;
}
