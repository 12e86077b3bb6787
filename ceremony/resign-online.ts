import { type AuthenticRepository, assertNotExpired, type VerifiedRepository } from '../src/tuf/repository.ts';
import { verifyByTwo } from './candidate.ts';
import { changeOf, publishChange, type RepositoryOptions, readCurrent } from './change.ts';
import { exclusively } from './lock.ts';
import { assertOnlineKey } from './online.ts';
import { checkPeriods, type Periods } from './periods.ts';

export interface ResignOnlineOptions extends RepositoryOptions {
  /** Sign snapshot and timestamp even if they are not due. @default false */
  readonly force?: boolean;
  /** Sees what is published before anything is signed, while nobody else publishes; what it throws ends the run. */
  readonly accept?: (current: AuthenticRepository) => Promise<void>;
  /** Sees what is published afterwards, while nobody else publishes. */
  readonly remember?: (repository: VerifiedRepository) => Promise<void>;
}

export interface ResignOnlineResult {
  /** Paths written, e.g. `timestamp.json`; empty if nothing was due. */
  readonly changed: readonly string[];
  readonly repository: VerifiedRepository;
  /** How long each role is good for now. */
  readonly periods: Periods;
}

/**
 * Signs snapshot and timestamp anew where they are due, and publishes them: the job that keeps a repository alive.
 *
 * Root and targets must be authentic and unexpired, for a fresh timestamp would vouch for them. No version goes back.
 * Safe when two run at once.
 * @throws TUF_EXPIRED, TUF_THRESHOLD, TUF_HASH, … if the offline roles do not verify; nothing is signed then
 * @throws CER_ONLINE_KEY, CER_CLOCK_WENT_BACK, CER_NO_REPOSITORY, CER_BUSY
 * @throws CER_NO_VERSION_LEFT (evidence) if somebody published the last version that there is
 */
export async function resignOnline(options: ResignOnlineOptions): Promise<ResignOnlineResult> {
  const { policy, store, pinnedRoot, online, now, force = false } = options;
  return await exclusively(store, async () => {
    const current = await readCurrent(store, pinnedRoot);
    await options.accept?.(current);
    const periods = checkPeriods({ repository: current, policy, now });
    assertNotExpired(current.root, 'root', now);
    assertNotExpired(current.targets, 'targets', now);
    assertOnlineKey(current.root, online);
    const resignSnapshot = force || periods.snapshot.state !== 'fresh';
    const isFresh = !resignSnapshot && periods.timestamp.state === 'fresh';
    const change = { ...options, ...changeOf(current), targetFiles: current.targetFiles, resignSnapshot };
    const { repository, changed } = isFresh
      ? { repository: await verifyByTwo({ read: store.read.bind(store), pinnedRoot, now }), changed: [] }
      : await publishChange(change);
    await options.remember?.(repository);
    return { changed, repository, periods: checkPeriods({ repository, policy, now }) };
  });
}
