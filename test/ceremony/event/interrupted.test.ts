import { cp, rm } from 'node:fs/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { verifyByTwo } from '../../../ceremony/candidate.ts';
import { CeremonyBench } from '../../support/ceremony-bench.ts';
import { MemoryStore, readerOf } from '../../support/root-of-trust.ts';

/** A store whose process dies before it writes once more. */
class CrashingStore extends MemoryStore {
  left: number;

  constructor(files: ReadonlyMap<string, Uint8Array>, left: number) {
    super(files);
    this.left = left;
  }

  override async create(path: string, bytes: Uint8Array): Promise<void> {
    this.#count();
    await super.create(path, bytes);
  }

  override async replace(path: string, bytes: Uint8Array): Promise<void> {
    this.#count();
    await super.replace(path, bytes);
  }

  #count(): void {
    if (this.left === 0) throw new Error('crash');
    this.left -= 1;
  }
}

/** An event that is signed and assembled, with another online key. */
async function assembled(intent: string): Promise<CeremonyBench> {
  const bench = await CeremonyBench.published();
  await bench.rotateOnline('second');
  await bench.plan('event', intent);
  await bench.freeze('event');
  await bench.sign('event');
  await bench.assemble('event');
  return bench;
}

const benches = {
  'recover-fast-forward': await assembled('kind: recover-fast-forward\nreason: seen\nsince: 2026-11-20T00:00:00Z\n'),
  'rotate-online, the key lost': await assembled('kind: rotate-online\nreason: lost\nlost: [online]\n'),
  'rotate-online': await assembled('kind: rotate-online\nreason: yearly\n'),
};
const pinnedRoots = new Map<CeremonyBench, Uint8Array>();
const publishedBefore = new Map<CeremonyBench, ReadonlyMap<string, Uint8Array>>();
for (const bench of Object.values(benches)) {
  pinnedRoots.set(bench, await bench.pinnedRoot());
  publishedBefore.set(bench, bench.store.files);
  await cp(bench.layout.directory, `${bench.layout.directory}-before`, { recursive: true });
}
afterAll(async () => {
  for (const bench of Object.values(benches)) {
    await rm(`${bench.layout.directory}-before`, { recursive: true, force: true });
    await bench[Symbol.asyncDispose]();
  }
});

/** Undoes what was published. */
async function putBack(bench: CeremonyBench, store: MemoryStore): Promise<void> {
  await rm(bench.layout.directory, { recursive: true });
  await cp(`${bench.layout.directory}-before`, bench.layout.directory, { recursive: true });
  bench.store = store;
}

const cases = Object.entries(benches).flatMap(([name, bench]) =>
  [0, 1, 2, 3].map((writes) => ({ name, bench, writes })),
);

describe('publishEvent', () => {
  it.each(cases)('completes $name that was interrupted after $writes writes', async ({ bench, writes }) => {
    const store = new CrashingStore(publishedBefore.get(bench) ?? new Map(), writes);
    await putBack(bench, store);
    const end = await bench.publishAssembled('event').then(
      () => 'done',
      ({ message }: Error) => message,
    );
    expect(end).toBe(writes === 3 ? 'done' : 'crash');
    store.left = Number.POSITIVE_INFINITY;
    // As if the record was not written any more: what is published is the same.
    await putBack(bench, store);
    await bench.publishAssembled('event');
    const pinnedRoot = pinnedRoots.get(bench) ?? new Uint8Array();
    const { versions } = await verifyByTwo({ read: readerOf(store), pinnedRoot, now: bench.now });
    expect(versions.root).toBe(2);
    expect((await bench.open()).recorded?.versions).toEqual(versions);
  });
});
