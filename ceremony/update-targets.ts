import { sha256Hex } from '../src/core/digest.ts';
import type { Signer } from '../src/core/signer.ts';
import { type AuthenticRepository, assertNotExpired, type VerifiedRepository } from '../src/tuf/repository.ts';
import { assemble } from './assemble.ts';
import { verifyByTwo } from './candidate.ts';
import { changeOf, publishChange, type RepositoryOptions, readCurrent } from './change.ts';
import { freeze } from './freeze.ts';
import { exclusively } from './lock.ts';
import { assertOnlineKey, freeVersion } from './online.ts';
import { checkPeriods } from './periods.ts';
import { planTargets } from './plan.ts';
import { signPlan } from './sign.ts';

export interface UpdateTargetsOptions extends RepositoryOptions {
  /** Holders who sign, by id: at least the threshold of targets. */
  readonly holders: ReadonlyMap<string, Signer>;
  /** Every target that shall be listed from now on; one that is not among them is listed no more. */
  readonly targets: ReadonlyMap<string, Uint8Array>;
}

export interface TargetsUpdate {
  /** Paths written; empty if the same targets are published already. */
  readonly changed: readonly string[];
  readonly repository: VerifiedRepository;
}

/**
 * Publishes other targets: a new version signed by holders, and the snapshot and timestamp that lead to it.
 *
 * The files of former targets stay where they are; clients that hold older metadata still fetch them.
 * @throws TUF_EXPIRED if the root has expired: renew it first
 * @throws CER_THRESHOLD_NOT_MET, CER_PLAN_REFUSED, CER_SIGNER_UNKNOWN, CER_ONLINE_KEY, CER_CLOCK_WENT_BACK, CER_BUSY
 */
export async function updateTargets(options: UpdateTargetsOptions): Promise<TargetsUpdate> {
  const { policy, store, pinnedRoot, online, now, targets } = options;
  return await exclusively(store, async () => {
    const current = await readCurrent(store, pinnedRoot);
    checkPeriods({ repository: current, policy, now });
    assertNotExpired(current.root, 'root', now);
    assertOnlineKey(current.root, online);
    if (sameTargets(current, targets)) {
      return { changed: [], repository: await verifyByTwo({ read: store.read.bind(store), pinnedRoot, now }) };
    }
    const targetsVersion = await freeVersion(store, 'targets', current.versions.targets);
    const plan = freeze(planTargets({ policy, now, current, targets, targetsVersion }));
    const offline = assemble(plan, await signPlan(plan, [...options.holders.values()]));
    const change = { ...options, ...changeOf(current, offline), targetFiles: targets, resignSnapshot: false };
    return await publishChange(change);
  });
}

function sameTargets(current: AuthenticRepository, targets: ReadonlyMap<string, Uint8Array>): boolean {
  const published = current.targets.targets;
  if (published.size !== targets.size) return false;
  return [...targets].every(([name, bytes]) => published.get(name)?.digest === sha256Hex(bytes));
}
