import type { Rule } from '../../src/core/rules.ts';
import type { ReviewedPlan } from '../plan.ts';
import { acceptedKeyTypes } from './accepted-key-types.ts';
import { announcedChanges } from './announced-changes.ts';
import { announcedDelegations } from './announced-delegations.ts';
import { announcedTargets } from './announced-targets.ts';
import { consistentSnapshot } from './consistent-snapshot.ts';
import { delegationPaths } from './delegation-paths.ts';
import { derivedKeyIds } from './derived-key-ids.ts';
import { distinctKeys } from './distinct-keys.ts';
import { expiryWithinPolicy } from './expiry-within-policy.ts';
import { holdersComplete } from './holders-complete.ts';
import { onlineKeyApart } from './online-key-apart.ts';
import { plainTargetNames } from './plain-target-names.ts';
import { quorumsReachable } from './quorums-reachable.ts';
import { replayEnded } from './replay-ended.ts';
import { sha256Only } from './sha256-only.ts';
import { snapshotKeepsFiles } from './snapshot-keeps-files.ts';
import { storedBundles } from './stored-bundles.ts';
import { thresholdFeasible } from './threshold-feasible.ts';
import { toleranceKept } from './tolerance-kept.ts';
import { trustFiles } from './trust-files.ts';
import { trustFilesPresent } from './trust-files-present.ts';
import { trustKept } from './trust-kept.ts';
import { versionIncrements } from './version-increments.ts';

/** Every rule that a well-formed plan must pass before anybody signs it, in the order of the report. */
export const planRules: readonly Rule<ReviewedPlan>[] = [
  versionIncrements,
  expiryWithinPolicy,
  holdersComplete,
  thresholdFeasible,
  toleranceKept,
  quorumsReachable,
  announcedChanges,
  replayEnded,
  distinctKeys,
  onlineKeyApart,
  acceptedKeyTypes,
  derivedKeyIds,
  consistentSnapshot,
  plainTargetNames,
  sha256Only,
  snapshotKeepsFiles,
  announcedTargets,
  announcedDelegations,
  delegationPaths,
  trustFiles,
  trustFilesPresent,
  trustKept,
  storedBundles,
];
