import { addMs, dayMs } from '../src/core/clock.ts';
import { type RoleName, roleNames } from '../src/tuf/layout.ts';
import { type CheckPeriodsOptions, checkPeriods } from './periods.ts';

/** `due`: the time for signing the next version has begun; `late`: half of it is over. */
export type RoleState = 'fresh' | 'due' | 'late' | 'expired';

export interface RoleOutlook {
  readonly role: RoleName;
  readonly version: number;
  readonly state: RoleState;
  readonly dueFrom: Date;
  readonly lateFrom: Date;
  readonly expires: Date;
}

/**
 * Says for each role how much time is left to sign its next version.
 * @throws CER_CLOCK_WENT_BACK
 */
export function outlookOf(options: CheckPeriodsOptions): readonly RoleOutlook[] {
  const { policy, now } = options;
  const periods = checkPeriods(options);
  return roleNames.map((role) => {
    const { version, expires, state } = periods[role];
    const windowMs = policy[role].resignDays * dayMs;
    const lateFrom = addMs(expires, -windowMs / 2);
    const isLate = state === 'due' && now >= lateFrom;
    return { role, version, state: isLate ? 'late' : state, dueFrom: addMs(expires, -windowMs), lateFrom, expires };
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
