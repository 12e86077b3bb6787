import { describe, expect, it } from '@jest/globals';
import { formatInstant } from '../../../src/core/clock.ts';
import type { Json } from '../../../src/core/json.ts';
import type { Signer } from '../../../src/core/signer.ts';
import { keyId, tufKey } from '../../../src/tuf/key.ts';
import { parseMetadata } from '../../../src/tuf/metadata.ts';
import { walkRootChain } from '../../../src/tuf/root-chain.ts';
import {
  forge,
  holders,
  inDays,
  MemoryStore,
  publishedRepository,
  readerOf,
  rootPolicy,
  seededSigner,
} from '../../support/root-of-trust.ts';

const { pinnedRoot } = await publishedRepository();
const quorum = [...holders('alice', 'bob', 'carol').values()];

const next = (change: Readonly<Record<string, Json>>, signers: readonly Signer[]) =>
  forge(pinnedRoot, 'root', { version: 2, ...change }, signers);
const walk = (files: Readonly<Record<string, Uint8Array>>) =>
  walkRootChain(readerOf(new MemoryStore(new Map(Object.entries(files)))), pinnedRoot);

/** Root 2 with three other holders. */
function otherHolders(signers: readonly Signer[]): Promise<Uint8Array> {
  const { signed } = parseMetadata(pinnedRoot, 'root');
  const young = ['frank', 'grace', 'heidi'].map((name) => tufKey(seededSigner(name).publicKey));
  const roles = signed['roles'] as Record<string, Json>;
  const keys = { ...(signed['keys'] as object), ...Object.fromEntries(young.map((key) => [keyId(key), key])) };
  return next({ keys, roles: { ...roles, root: { keyids: young.map(keyId), threshold: 3 } } }, signers);
}
const younger = ['frank', 'grace', 'heidi'].map(seededSigner);

describe('walkRootChain', () => {
  it('accepts a pinned root that is the last', async () => {
    expect((await walk({})).map(({ version }) => version)).toEqual([1]);
  });

  it('accepts holders who hand over, if both quorums sign', async () => {
    const roots = await walk({ '2.root.json': await otherHolders([...quorum, ...younger]) });
    expect(roots.map(({ version }) => version)).toEqual([1, 2]);
  });

  it('refuses a root that only the old, or only the new quorum signed', async () => {
    await expect(walk({ '2.root.json': await otherHolders(quorum) })).rejects.toThrowToolkit('TUF_THRESHOLD', {
      have: 0,
    });
    await expect(walk({ '2.root.json': await otherHolders(younger) })).rejects.toThrowToolkit('TUF_THRESHOLD', {
      have: 0,
    });
  });

  it('refuses two of three signatures, and a third by a stranger', async () => {
    const two = await next({}, quorum.slice(0, 2));
    await expect(walk({ '2.root.json': two })).rejects.toThrowToolkit('TUF_THRESHOLD', { have: 2, need: 3 });
    const stranger = await next({}, [...quorum.slice(0, 2), seededSigner('mallory')]);
    await expect(walk({ '2.root.json': stranger })).rejects.toThrowToolkit('TUF_THRESHOLD', { have: 2 });
  });

  it.each([1, 3])('refuses version %i where version 2 belongs', async (version) => {
    const bytes = await next({ version }, quorum);
    await expect(walk({ '2.root.json': bytes })).rejects.toThrowToolkit('TUF_VERSION', { expected: 2, got: version });
  });

  it('refuses a pinned root that does not sign itself', async () => {
    const unsigned = await forge(pinnedRoot, 'root', {}, quorum.slice(0, 2));
    await expect(walkRootChain(async () => undefined, unsigned)).rejects.toThrowToolkit('TUF_THRESHOLD', { have: 2 });
  });

  it('accepts an expired root on the way', async () => {
    const expired = await next({ expires: formatInstant(inDays(-1)) }, quorum);
    expect(await walk({ '2.root.json': expired })).toHaveLength(2);
  });

  it('refuses a chain without end', async () => {
    const alone = { threshold: 1, holders: ['alice'], expiryDays: 180, resignDays: 60 };
    const policy = rootPolicy({ root: alone, targets: alone, ceremony: { tolerance: 0, planDays: 21 } });
    const one = await publishedRepository({ policy, holders: holders('alice') });
    const alice = seededSigner('alice');
    const read = async (path: string): Promise<Uint8Array> =>
      await forge(one.pinnedRoot, 'root', { version: Number.parseInt(path, 10) }, [alice]);
    await expect(walkRootChain(read, one.pinnedRoot)).rejects.toThrowToolkit('TUF_VERSION');
  });
});
