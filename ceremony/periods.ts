import type { RootPolicy } from '../src/config/root-policy.ts';
import { addMs, dayMs, formatInstant, minuteMs } from '../src/core/clock.ts';
import { ToolkitError } from '../src/core/error.ts';
import { type RoleName, roleNames } from '../src/tuf/layout.ts';
import type { AuthenticRepository } from '../src/tuf/repository.ts';

/** `due`: its re-sign window is open. */
export type PeriodState = 'fresh' | 'due' | 'expired';

export interface Period {
  readonly role: RoleName;
  readonly version: number;
  /** When its re-sign window opens. */
  readonly dueFrom: Date;
  readonly expires: Date;
  readonly state: PeriodState;
}

export type Periods = Readonly<Record<RoleName, Period>>;

export interface CheckPeriodsOptions {
  /** From `readRepository`: it may have expired. */
  readonly repository: Pick<AuthenticRepository, RoleName>;
  readonly policy: RootPolicy;
  readonly now: Date;
}

/** Clocks of two machines that both follow a time server. */
const skewMs = 5 * minuteMs;

/**
 * Says for each role whether it is fresh, due for signing or expired.
 *
 * A timestamp that is valid for longer than its whole period was signed in our future: the clock went back. Whoever
 * signs or trusts by such a clock would take what has expired for fresh.
 * @throws CER_CLOCK_WENT_BACK
 */
export function checkPeriods(options: CheckPeriodsOptions): Periods {
  const { repository, policy, now } = options;
  const { expires } = repository.timestamp;
  if (expires.getTime() - now.getTime() > policy.timestamp.expiryDays * dayMs + skewMs) {
    throw new ToolkitError('CER_CLOCK_WENT_BACK', {
      message: `timestamp v${repository.timestamp.version}: expected to expire within ${policy.timestamp.expiryDays} days of ${formatInstant(now)}, expires at ${formatInstant(expires)}`,
      fault: 'environment',
      data: { now: formatInstant(now), expires: formatInstant(expires), expiryDays: policy.timestamp.expiryDays },
      hint: `the clock went back, or ${policy.file} now gives the timestamp a shorter period; set the clock first`,
    });
  }
  return Object.fromEntries(roleNames.map((role) => [role, periodOf(role, options)])) as Periods;
}

/** Returns the roles that want signing: due or expired. */
export function rolesDue(periods: Periods): readonly RoleName[] {
  return roleNames.filter((role) => periods[role].state !== 'fresh');
}

function periodOf(role: RoleName, { repository, policy, now }: CheckPeriodsOptions): Period {
  const { version, expires } = repository[role];
  const dueFrom = addMs(expires, -policy[role].resignDays * dayMs);
  const state = now >= expires ? 'expired' : now >= dueFrom ? 'due' : 'fresh';
  return { role, version, dueFrom, expires, state };
}
