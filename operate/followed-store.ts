import type { LockableStore } from '../ceremony/lock.ts';
import type { Reached } from '../src/core/moment.ts';

/** Returns a store that tells of each file once it is written. */
export function followedStore(store: LockableStore, reached: Reached): LockableStore {
  return {
    uri: store.uri,
    read: (path, maxBytes) => store.read(path, maxBytes),
    create: async (path, bytes) => {
      await store.create(path, bytes);
      reached('repository-file-written', path);
    },
    replace: async (path, bytes) => {
      await store.replace(path, bytes);
      reached('repository-file-written', path);
    },
    tryLock: () => store.tryLock(),
  };
}
