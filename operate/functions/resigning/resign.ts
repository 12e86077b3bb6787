import { readCurrent } from '../../../ceremony/change.ts';
import { resignOnline } from '../../../ceremony/resign-online.ts';
import type { RootPolicy } from '../../../src/config/root-policy.ts';
import { dayMs, hourMs } from '../../../src/core/clock.ts';
import type { Signer } from '../../../src/core/signer.ts';
import type { Store } from '../../../src/core/store.ts';
import type { AuthenticRepository } from '../../../src/tuf/repository.ts';
import type { Metric } from '../runtime/metrics.ts';
import type { FunctionLog } from '../runtime/run-function.ts';
import { assertNotBehind, rememberVersions } from './published-versions.ts';

export interface ResignOptions {
  readonly policy: RootPolicy;
  readonly pinnedRoot: Uint8Array;
  /** The published repository. */
  readonly store: Store;
  /** Keeps what was published last, where the repository's writers cannot write. */
  readonly memory: Store;
  /** The caller of it gets a signer of its own, and closes it. */
  readonly openOnline: () => Promise<Signer & { close(): void }>;
  readonly now: Date;
}

export interface Resigned {
  /** Paths written; empty if nothing was due. */
  readonly changed: readonly string[];
  readonly versions: Readonly<Record<string, number>>;
}

/**
 * Signs snapshot and timestamp where they are due, and measures how long each role is still good for, also where
 * signing failed: that is when it matters.
 * @throws as `resignOnline`; OPS_ROLLED_BACK, OPS_FUNCTION_MEMORY
 */
export async function resignPublished(options: ResignOptions, log: FunctionLog): Promise<Resigned> {
  const { store, memory, pinnedRoot, now } = options;
  let seen: AuthenticRepository | undefined;
  try {
    const online = await options.openOnline();
    try {
      const accept = async (current: AuthenticRepository) => {
        seen = current;
        await assertNotBehind(memory, current);
      };
      const remember = async (repository: AuthenticRepository) => await rememberVersions(memory, repository);
      const { policy } = options;
      const { changed, repository } = await resignOnline({ policy, store, pinnedRoot, now, online, accept, remember });
      seen = repository;
      return { changed, versions: repository.versions };
    } finally {
      online.close();
    }
  } finally {
    seen ??= await readCurrent(store, pinnedRoot).catch(() => undefined);
    if (seen) log.measure(...expiryMetrics(seen, now));
  }
}

/** How long each role is still good for; negative once it has expired. */
export function expiryMetrics(
  repository: Pick<AuthenticRepository, 'root' | 'targets' | 'snapshot' | 'timestamp'>,
  now: Date,
): readonly Metric[] {
  const { root, targets, snapshot, timestamp } = repository;
  const left = ({ expires }: { readonly expires: Date }, unitMs: number) =>
    (expires.getTime() - now.getTime()) / unitMs;
  return [
    { name: 'TufTimestampExpiresInHours', value: left(timestamp, hourMs), unit: 'None' },
    { name: 'TufSnapshotExpiresInDays', value: left(snapshot, dayMs), unit: 'None' },
    { name: 'TufTargetsExpiresInDays', value: left(targets, dayMs), unit: 'None' },
    { name: 'RootExpiresInDays', value: left(root, dayMs), unit: 'None' },
  ];
}
