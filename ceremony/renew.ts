import { formatInstant } from '../src/core/clock.ts';
import type { Signer } from '../src/core/signer.ts';
import type { AuthenticRepository, VerifiedRepository } from '../src/tuf/repository.ts';
import { assemble, type SignedMetadata } from './assemble.ts';
import { verifyByTwo } from './candidate.ts';
import { changeOf, publishChange, type RepositoryOptions, readCurrent } from './change.ts';
import { freeze } from './freeze.ts';
import { exclusively } from './lock.ts';
import { assertOnlineKey, freeVersion } from './online.ts';
import { checkPeriods, type Periods } from './periods.ts';
import { planRenewal } from './plan.ts';
import { signPlan } from './sign.ts';

export type OfflineRole = 'root' | 'targets';

export interface RenewOptions extends RepositoryOptions {
  /** Holders who sign, by id: at least the threshold of each role that is renewed. */
  readonly holders: ReadonlyMap<string, Signer>;
  /** Roles to renew even if they are not due. @default none */
  readonly force?: readonly OfflineRole[];
}

export interface Renewal {
  readonly changed: readonly string[];
  readonly repository: VerifiedRepository;
  /** What happened, a sentence each, to be said loudly: someone's keys were used. Empty if nothing was due. */
  readonly notices: readonly string[];
}

/**
 * Renews root and targets where their re-sign window is open or they have expired, with the keys that the root lists
 * already, and then snapshot and timestamp. Keys, thresholds and targets stay as they are.
 * @throws CER_PLAN_REFUSED if the policy asks for another root than is published: that is no renewal
 * @throws CER_THRESHOLD_NOT_MET, CER_SIGNER_UNKNOWN, CER_ONLINE_KEY, CER_CLOCK_WENT_BACK, CER_NO_REPOSITORY, CER_BUSY
 */
export async function renewRoot(options: RenewOptions): Promise<Renewal> {
  const { policy, store, pinnedRoot, online, now } = options;
  return await exclusively(store, async () => {
    const current = await readCurrent(store, pinnedRoot);
    const periods = checkPeriods({ repository: current, policy, now });
    assertOnlineKey(current.root, online);
    const roles = rolesToRenew(periods, options.force ?? []);
    const onlineDue = periods.snapshot.state !== 'fresh' || periods.timestamp.state !== 'fresh';
    if (roles.length === 0 && !onlineDue) {
      return {
        changed: [],
        repository: await verifyByTwo({ read: store.read.bind(store), pinnedRoot, now }),
        notices: [],
      };
    }
    const offline = roles.length > 0 ? await signRenewal(options, current, roles) : undefined;
    const resignSnapshot = periods.snapshot.state !== 'fresh';
    const change = { ...options, ...changeOf(current, offline), targetFiles: current.targetFiles, resignSnapshot };
    const publication = await publishChange(change);
    return { ...publication, notices: noticesOf(periods, publication.repository) };
  });
}

async function signRenewal(
  options: RenewOptions,
  current: AuthenticRepository,
  roles: readonly OfflineRole[],
): Promise<SignedMetadata> {
  const { policy, now, store } = options;
  const targetsVersion = await freeVersion(store, 'targets', current.versions.targets);
  const plan = freeze(planRenewal({ policy, now, current, roles, targetsVersion }));
  return assemble(plan, await signPlan(plan, [...options.holders.values()]));
}

function rolesToRenew(periods: Periods, force: readonly OfflineRole[]): readonly OfflineRole[] {
  return (['root', 'targets'] as const).filter((role) => periods[role].state !== 'fresh' || force.includes(role));
}

function noticesOf(before: Periods, after: VerifiedRepository): readonly string[] {
  return Object.values(before)
    .filter(({ role, version }) => after.versions[role] !== version)
    .map(({ role, version, expires, state }) => {
      const was = `${state === 'expired' ? 'expired' : 'would expire'} at ${formatInstant(expires)}`;
      const { version: next, expires: until } = after[role];
      return `${role} v${version} ${was}; v${next} is signed and valid until ${formatInstant(until)}`;
    });
}
