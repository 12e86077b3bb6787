import { ToolkitError } from '../src/core/error.ts';
import type { Lock } from '../src/core/lock.ts';
import type { Store } from '../src/core/store.ts';
import { waitFor } from '../src/core/wait.ts';

/** A store that can be held, so that two who publish take turns. */
export interface LockableStore extends Store {
  tryLock(): Promise<Lock | undefined>;
}

export interface ExclusiveOptions {
  /** How long to wait for another who publishes. @default 30 000 */
  readonly waitMs?: number;
}

/**
 * Runs `work` while nobody else publishes to the store.
 *
 * A store without a lock must refuse a second `create` of one name, and a `replace` of what changed since it was read:
 * then the slower of two fails before it changes what clients see.
 * @throws CER_BUSY
 */
export async function exclusively<T>(store: Store, work: () => Promise<T>, options: ExclusiveOptions = {}): Promise<T> {
  if (!isLockable(store)) return await work().catch((error: unknown) => Promise.reject(overtaken(store, error)));
  const timeoutMs = options.waitMs ?? 30_000;
  const lock = await waitFor(() => store.tryLock(), { what: `the lock of ${store.uri}`, timeoutMs }).catch((cause) => {
    throw cause instanceof ToolkitError && cause.code === 'CORE_TIMEOUT' ? busy(store, cause) : cause;
  });
  try {
    return await work();
  } finally {
    lock.release();
  }
}

function isLockable(store: Store): store is LockableStore {
  return 'tryLock' in store && typeof store.tryLock === 'function';
}

function overtaken(store: Store, error: unknown): unknown {
  return error instanceof ToolkitError && isOvertaken(error) ? busy(store, error) : error;
}

/**
 * How the slower of two who publish to a store without a lock finds out. Snapshot and timestamp get the version above
 * the one just read, so who finds it taken was overtaken. What holders signed has the version it has: to try again would
 * not help.
 */
function isOvertaken({ code, data }: ToolkitError): boolean {
  if (code === 'STORE_CHANGED') return true;
  if (code === 'STORE_EXISTS') return typeof data.path === 'string' && data.path.endsWith('.snapshot.json');
  const taken = code === 'CER_VERSION_REUSED' || code === 'CER_VERSION_BACKWARDS';
  return taken && (data.role === 'snapshot' || data.role === 'timestamp');
}

function busy(store: Store, cause: unknown): ToolkitError {
  return new ToolkitError('CER_BUSY', {
    message: `${store.uri}: someone else is publishing`,
    fault: 'environment',
    data: { store: store.uri },
    hint: 'try again when it is done; nothing was changed',
    cause,
  });
}
