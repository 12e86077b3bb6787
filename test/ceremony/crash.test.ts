import { describe, expect, it } from '@jest/globals';
import { verifyByTwo } from '../../ceremony/candidate.ts';
import { runGenesis } from '../../ceremony/genesis.ts';
import { renewRoot } from '../../ceremony/renew.ts';
import { resignOnline } from '../../ceremony/resign-online.ts';
import { updateTargets } from '../../ceremony/update-targets.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { type AuthenticRepository, type VerifiedRepository, verifyRepository } from '../../src/tuf/repository.ts';
import {
  holders,
  MemoryStore,
  now,
  online,
  onRepository,
  publishedRepository,
  readerOf,
  rootPolicy,
  targets,
} from '../support/root-of-trust.ts';

/** A store whose process dies once so many writes have reached the disk. */
class CrashingStore extends MemoryStore {
  readonly #crashAfter: number;

  constructor(files: ReadonlyMap<string, Uint8Array>, crashAfter: number) {
    super(files);
    this.#crashAfter = crashAfter;
  }

  override create(path: string, bytes: Uint8Array): Promise<void> {
    return this.#write(() => super.create(path, bytes));
  }

  override replace(path: string, bytes: Uint8Array): Promise<void> {
    return this.#write(() => super.replace(path, bytes));
  }

  async #write(write: () => Promise<void>): Promise<void> {
    if (this.#crashAfter === 0) throw new Error('crash');
    await write();
    if (this.writes.length === this.#crashAfter) throw new Error('crash');
  }
}

const first = await publishedRepository();
const before = await verifyRepository({ read: readerOf(first.store), pinnedRoot: first.pinnedRoot, now });
const quorum = holders('alice', 'bob', 'carol');
const other = new Map([...targets, ['trusted_root.json', utf8('{"trusted":"more"}\n')]]);

type Operation = (store: MemoryStore) => Promise<{ readonly repository: VerifiedRepository }>;
const on = (store: MemoryStore) => onRepository({ store, pinnedRoot: first.pinnedRoot });
const operations: readonly [string, Operation, number][] = [
  ['resignOnline', (store) => resignOnline({ ...on(store), force: true }), 2],
  ['updateTargets', (store) => updateTargets({ ...on(store), holders: quorum, targets: other }), 4],
  ['renewRoot', (store) => renewRoot({ ...on(store), holders: quorum, force: ['root', 'targets'] }), 4],
];

/** A new client and one that knew the old repository, each by two implementations. */
async function checkRepository(store: MemoryStore): Promise<VerifiedRepository> {
  const options = { read: readerOf(store), pinnedRoot: first.pinnedRoot, now };
  return await verifyByTwo({ ...options, current: before });
}

function isSame(a: AuthenticRepository, b: AuthenticRepository): boolean {
  return (['targets', 'snapshot', 'timestamp'] as const).every((role) => a.versions[role] === b.versions[role]);
}

describe.each(operations)('%s', (_, operate, writes) => {
  const points = Array.from({ length: writes + 1 }, (_unused, k) => k);

  it('makes as many writes as are crashed below', async () => {
    const store = new MemoryStore(first.store.files);
    await operate(store);
    expect(store.writes).toHaveLength(writes);
  });

  it.each(points)('crashing after %i writes leaves the old repository or the new one', async (k) => {
    const store = new CrashingStore(first.store.files, k);
    await expect(operate(store)).rejects.toThrow('crash');
    expect(isSame(await checkRepository(store), before)).toBe(!store.writes.includes('timestamp.json'));
    const again = new MemoryStore(store.files);
    // Publishing ends with a look by both clients.
    expect(isSame((await operate(again)).repository, before)).toBe(false);
  });
});

describe('runGenesis', () => {
  const writes = 6;
  const genesis = (store: MemoryStore) =>
    runGenesis({ policy: rootPolicy(), holders: holders(), online, targets, store, now });

  it('makes as many writes as are crashed below', () => {
    expect(first.store.writes).toHaveLength(writes);
  });

  it.each(Array.from({ length: writes + 1 }, (_unused, k) => k))(
    'crashing after %i writes leaves nothing, or all',
    async (k) => {
      const store = new CrashingStore(new Map(), k);
      await expect(genesis(store)).rejects.toThrow('crash');
      const left = new MemoryStore(store.files);
      expect(left.files.has('timestamp.json')).toBe(k === writes);
      const root = left.files.get('1.root.json');
      if (k === writes) await expect(genesis(left)).rejects.toThrowToolkit('CER_REPOSITORY_EXISTS');
      else expect((await genesis(left)).root.bytes).toEqual(root ?? left.files.get('1.root.json'));
      const pinnedRoot = left.files.get('1.root.json') as Uint8Array;
      const { versions } = await verifyByTwo({ read: readerOf(left), pinnedRoot, now });
      expect(versions).toMatchObject({ root: 1, timestamp: 1 });
    },
  );
});
