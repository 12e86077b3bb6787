import { beforeEach, describe, expect, it } from '@jest/globals';
import { renewRoot } from '../../ceremony/renew.ts';
import { parseMetadata } from '../../src/tuf/metadata.ts';
import {
  holders,
  inDays,
  MemoryStore,
  onRepository,
  type Published,
  publishedRepository,
  rootPolicy,
  seededSigner,
} from '../support/root-of-trust.ts';

const first = await publishedRepository();
const quorum = holders('bob', 'carol', 'erin');
let published: Published;
beforeEach(() => {
  published = { store: new MemoryStore(first.store.files), pinnedRoot: first.pinnedRoot };
});
const renewOn = (days: number) => ({ ...onRepository(published, inDays(days)), holders: quorum });

describe('renewRoot', () => {
  it('signs nothing that is fresh', async () => {
    expect(await renewRoot(renewOn(0.5))).toMatchObject({ changed: [], notices: [] });
    expect(published.store.writes).toEqual([]);
  });

  it('signs what the online key is due for, too', async () => {
    expect((await renewRoot(renewOn(2))).changed).toEqual(['timestamp.json']);
  });

  it('renews targets when their window opens, and the root when its does', async () => {
    const targets = await renewRoot(renewOn(60));
    expect(targets.changed).toEqual(['2.targets.json', '2.snapshot.json', 'timestamp.json']);
    const both = await renewRoot(renewOn(120));
    expect(both.repository.versions).toEqual({ root: 2, targets: 3, snapshot: 3, timestamp: 3 });
  });

  it('renews a repository in which everything has expired, and says so', async () => {
    const { repository, notices } = await renewRoot(renewOn(1_000));
    expect(repository.versions).toEqual({ root: 2, targets: 2, snapshot: 2, timestamp: 2 });
    expect(notices).toHaveLength(4);
    expect(notices[0]).toMatch(/^root v1 expired at 2027-05-21T10:00:00Z; v2 is signed and valid until /);
    expect(repository.root.signatures).toHaveLength(3);
  });

  it('changes nothing but versions and times', async () => {
    const { repository } = await renewRoot({ ...renewOn(0), force: ['root', 'targets'] });
    const before = parseMetadata(first.pinnedRoot, 'root').signed;
    expect(repository.root.signed).toEqual({ ...before, version: 2, expires: repository.root.signed['expires'] });
    expect(repository.targets.signed['targets']).toEqual(
      JSON.parse(new TextDecoder().decode(first.store.files.get('1.targets.json'))).signed.targets,
    );
  });

  it('refuses too few holders, a stranger, and writes nothing', async () => {
    const few = { ...renewOn(150), holders: holders('alice', 'bob') };
    await expect(renewRoot(few)).rejects.toThrowToolkit('CER_THRESHOLD_NOT_MET', { role: 'root', have: 2 });
    const strange = { ...renewOn(150), holders: new Map([...quorum, ['mallory', seededSigner('mallory')]]) };
    await expect(renewRoot(strange)).rejects.toThrowToolkit('CER_SIGNER_UNKNOWN');
    expect(published.store.writes).toEqual([]);
  });

  it('refuses a policy that asks for another root', async () => {
    const policy = rootPolicy({ root: { ...rootPolicy().root, threshold: 4 } });
    await expect(renewRoot({ ...renewOn(150), policy, holders: holders() })).rejects.toThrowToolkit('CER_PLAN_REFUSED');
  });

  it('refuses when the clock went back', async () => {
    await expect(renewRoot({ ...renewOn(-1), force: ['root'] })).rejects.toThrowToolkit('CER_CLOCK_WENT_BACK');
  });
});
