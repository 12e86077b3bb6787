import { afterAll, describe, expect, it } from '@jest/globals';
import { CeremonyBench } from '../../support/ceremony-bench.ts';
import { type EventCase, eventCases, namesOf, runCase, signersOf } from '../../support/ceremony-events.ts';
import { WatchedStore } from '../../support/watched-store.ts';

const genesis = await CeremonyBench.published();
const pinnedRoot = await genesis.pinnedRoot();
afterAll(() => genesis[Symbol.asyncDispose]());

/** What is published afterwards: versions, who may sign root and targets, who did, and in which order it was written. */
interface Outcome {
  readonly versions: string;
  readonly root?: string;
  readonly targets?: string;
  readonly online?: string;
  readonly signed: string;
  readonly writes: string;
}

const five = 'alice bob carol dave erin';
const renewed = '2.targets.json 2.snapshot.json timestamp.json 2.root.json';
const anew = 'alice 2,bob,carol,dave,erin';
const both = 'alice,alice 2,bob,carol,dave,erin';

const outcomes: { readonly [Case in keyof typeof eventCases]: Outcome } = {
  renew: { versions: '2 2 2 2', signed: `root ${five}; targets ${five}; timestamp online`, writes: renewed },
  renewRoot: {
    versions: '2 1 1 2',
    signed: `root ${five}; targets ${five}; timestamp online`,
    writes: 'timestamp.json 2.root.json',
  },
  renewTargets: {
    versions: '1 2 2 2',
    signed: `root ${five}; targets ${five}; timestamp online`,
    writes: '2.targets.json 2.snapshot.json timestamp.json',
  },
  addHolder: {
    versions: '2 2 2 2',
    root: `${five} frank`,
    targets: `${five} frank`,
    signed: `root ${five} frank; targets ${five} frank; timestamp online`,
    writes: renewed,
  },
  removeHolder: {
    versions: '2 2 2 2',
    root: 'bob carol dave erin',
    targets: 'bob carol dave erin',
    signed: `root ${five}; targets ${five}; timestamp online`,
    writes: renewed,
  },
  replaceKey: {
    versions: '2 2 2 2',
    root: anew,
    targets: anew,
    signed: `root ${both}; targets ${both}; timestamp online`,
    writes: renewed,
  },
  replaceLostKey: {
    versions: '2 2 2 2',
    root: anew,
    targets: anew,
    signed: `root ${anew}; targets ${anew}; timestamp online`,
    writes: renewed,
  },
  replaceQuorum: {
    versions: '2 2 2 2',
    root: 'alice 2,bob 2,carol 2,dave,erin',
    targets: 'alice 2,bob 2,carol 2,dave,erin',
    signed:
      'root alice,alice 2,bob,bob 2,carol,carol 2,dave,erin; targets alice,alice 2,bob,bob 2,carol,carol 2,dave,erin; timestamp online',
    writes: renewed,
  },
  setThreshold: {
    versions: '2 1 1 2',
    signed: `root ${five}; targets ${five}; timestamp online`,
    writes: 'timestamp.json 2.root.json',
  },
  rotateOnline: {
    versions: '2 1 2 2',
    online: 'online 2',
    signed: `root ${five}; targets ${five}; timestamp online,online 2`,
    writes: '2.snapshot.json timestamp.json 2.root.json',
  },
  rotateLostOnline: {
    versions: '2 1 2 2',
    online: 'online 2',
    signed: `root ${five}; targets ${five}; timestamp online 2`,
    writes: '2.root.json 2.snapshot.json timestamp.json',
  },
  revokeKey: {
    versions: '2 2 2 2',
    root: anew,
    targets: anew,
    signed: `root ${anew}; targets ${anew}; timestamp online`,
    writes: renewed,
  },
  revokeHolder: {
    versions: '2 2 2 2',
    root: 'bob carol dave erin',
    targets: 'bob carol dave erin',
    signed: 'root bob carol dave erin; targets bob carol dave erin; timestamp online',
    writes: renewed,
  },
  recoverFastForward: {
    versions: '2 1 2 2',
    online: 'online 2',
    signed: `root ${five}; targets ${five}; timestamp online 2`,
    writes: '2.root.json 2.snapshot.json timestamp.json',
  },
  rotateTargetsKeys: {
    versions: '2 2 2 2',
    targets: 'alice targets,bob targets,carol targets,dave,erin',
    signed: `root ${five}; targets alice,alice targets,bob,bob targets,carol,carol targets,dave,erin; timestamp online`,
    writes: renewed,
  },
  updateTargets: {
    versions: '1 2 2 2',
    signed: `root ${five}; targets ${five}; timestamp online`,
    writes: 'targets/ 2.targets.json 2.snapshot.json timestamp.json',
  },
};

/** Every client that comes after the new root and before what its key signed. */
function failuresBefore(last: string, changed: readonly string[]): readonly string[] {
  return changed
    .slice(0, changed.indexOf(last))
    .flatMap((path) => [
      ...['new', 'remembering', 'woken up'].map((client) => `${client} after ${path}: TUF_THRESHOLD`),
      ...['new tuf-js', 'remembering tuf-js'].map((client) => `${client} after ${path}: TUF_JUDGE_REFUSED`),
    ]);
}

/** Names with blanks in them are kept apart by commas. */
const listOf = (names: readonly string[]) => names.join(names.some((name) => name.includes(' ')) ? ',' : ' ');

describe('publishEvent', () => {
  it.each(Object.keys(eventCases) as (keyof typeof eventCases)[])('accepts %s, and so do clients', async (key) => {
    await using bench = await genesis.copy();
    await using store = await WatchedStore.begin(genesis.store, pinnedRoot);
    bench.store = store;
    const event: EventCase = eventCases[key];
    const { repository, changed } = await runCase(bench, event);
    const { root, targets, timestamp, versions } = repository;
    const expected: Outcome = { root: five, targets: five, online: 'online', ...outcomes[key] };
    expect({
      versions: Object.values(versions).join(' '),
      root: listOf(namesOf(root.roles.root.keyids)),
      targets: listOf(namesOf(root.roles.targets.keyids)),
      online: listOf(namesOf(root.roles.timestamp.keyids)),
      signed: `root ${listOf(signersOf(root))}; targets ${listOf(signersOf(targets))}; timestamp ${listOf(signersOf(timestamp))}`,
      writes: changed.map((path) => path.replace(/^targets\/.*/, 'targets/')).join(' '),
    }).toEqual(expected);
    expect(store.writes).toEqual(changed);
    expect(store.failures).toEqual(event.interrupts ? failuresBefore('timestamp.json', changed) : []);
    expect((await bench.open()).recorded?.versions).toEqual(versions);
  });

  it('accepts genesis, whose root is there before the timestamp that makes it a repository', () => {
    expect(genesis.store.writes.map((path) => path.replace(/^targets\/.*/, 'targets/'))).toEqual([
      'targets/',
      '1.targets.json',
      '1.snapshot.json',
      '1.root.json',
      'timestamp.json',
    ]);
  });

  it('accepts the same event again, and has nothing left to do', async () => {
    await using bench = await genesis.copy();
    await runCase(bench, eventCases.renew);
    const writes = bench.store.writes.length;
    expect((await bench.publishAssembled('event')).changed).toEqual(['timestamp.json']);
    expect(bench.store.writes).toHaveLength(writes + 1);
  });

  it('leaves out what lies in targets/ for a later event', async () => {
    await using bench = await genesis.copy();
    await bench.target('note.txt', 'for the next event\n');
    await bench.target('more.txt', 'for the next event\n');
    const { repository } = await runCase(bench, eventCases.renew);
    expect([...repository.targetFiles].map(([name, bytes]) => [name, new TextDecoder().decode(bytes)])).toEqual([
      ['note.txt', 'first\n'],
    ]);
  });
});
