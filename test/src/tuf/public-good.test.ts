import { describe, expect, it } from '@jest/globals';
import { sha256Hex } from '../../../src/core/digest.ts';
import { keyId } from '../../../src/tuf/key.ts';
import { type ParsedMetadata, parseMetadata } from '../../../src/tuf/metadata.ts';
import { verifyRootUpdate, walkRootChain } from '../../../src/tuf/root-chain.ts';
import { quorumOf, signingStatus, verifyThreshold } from '../../../src/tuf/threshold.ts';
import { readFixtureTarball } from '../../support/tarball.ts';

const files = readFixtureTarball('public-good-root.tar.gz');
const title = 'the public instance’s 15 roots';

const fileAt = (path: string): Uint8Array => files?.get(`public-good-root/${path}`) as Uint8Array;
const rootBytes = (version: number): Uint8Array => fileAt(`metadata/root_history/${version}.root.json`);
const rootAt = (version: number): ParsedMetadata<'root'> => parseMetadata(rootBytes(version), 'root');
const readRoots = async (path: string): Promise<Uint8Array | undefined> =>
  files?.get(`public-good-root/metadata/root_history/${path}`);

(files ? describe : describe.skip)(files ? title : `SKIPPED, ../shared/fixtures is absent: ${title}`, () => {
  it('accepts the chain from v5 to v15', async () => {
    const roots = await walkRootChain(readRoots, rootBytes(5));
    expect(roots.map(({ version }) => version)).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
  });

  // Signatures that verify, places left empty, and how many different keys those are.
  it.each([
    [5, 4, 0, 4],
    [6, 5, 0, 5],
    [7, 4, 0, 4],
    [8, 4, 0, 4],
    [9, 5, 0, 5],
    [10, 5, 0, 5],
    [11, 5, 0, 5],
    [12, 3, 2, 3],
    [13, 5, 1, 5],
    [14, 4, 1, 4],
    [15, 5, 0, 5],
  ])('counts the signatures of v%i: %i by its own keys, %i empty, %i people', (version, own, empty, people) => {
    const root = rootAt(version);
    const status = signingStatus(root.canonical, root.signatures, quorumOf(root, 'root'));
    expect({
      own: status.keys.filter((key) => key.status === 'ok').length,
      empty: root.signatures.filter(({ sig }) => sig === '').length,
      people: status.have,
    }).toEqual({ own, empty, people });
  });

  it('counts the holders who signed v9 under an old and a new key id once', () => {
    const [old, young] = [rootAt(8), rootAt(9)];
    expect(young.signatures).toHaveLength(10);
    const keys = [...quorumOf(old, 'root').keys, ...quorumOf(young, 'root').keys];
    const status = signingStatus(young.canonical, young.signatures, { name: 'both', keys, threshold: 3 });
    expect(status.keys.filter((key) => key.status === 'ok')).toHaveLength(10);
    expect(status.have).toBe(5);
  });

  it('finds the one key id that is not the digest of its key, in v11', () => {
    const wrong = [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15].flatMap((version) =>
      [...rootAt(version).keys.values()]
        .filter(({ keyid, key }) => keyId(key) !== keyid)
        .map(({ keyid }) => [version, keyid.slice(0, 8)]),
    );
    expect(wrong).toEqual([[11, '7247f0db']]);
  });

  it.each([
    [5, '84793106'],
    [15, 'aa5f5ce2'],
  ])('derives the digest of v%i that is known from elsewhere', (version, digest) => {
    expect(rootAt(version).canonicalSha256.slice(0, 8)).toBe(digest);
  });

  it.each([
    [1, '2021-12-18T13:28:12.99008-06:00'],
    [2, '2022-05-11T19:09:02.663975009Z'],
    [3, '2022-11-10T21:58:09.733402317Z'],
  ])('refuses v%i: its time %s is none that the specification knows', (version) => {
    expect(() => rootAt(version)).toThrowToolkit('CORE_TIME');
  });

  it('refuses v4: its keys are bare points, which python and Go clients do not verify', () => {
    const root = rootAt(4);
    expect([...root.keys.values()].map(({ publicKey }) => publicKey)).toEqual(Array(7).fill(undefined));
    expect(() => verifyThreshold(root, 'root', quorumOf(root, 'root'))).toThrowToolkit('TUF_THRESHOLD', { have: 0 });
  });

  it('refuses a root that skips a version, or goes back', () => {
    // The same five people hold v10, v11 and v12, so signatures alone would not stop either.
    expect(() => verifyRootUpdate(rootAt(10), rootAt(12))).toThrowToolkit('TUF_VERSION', { expected: 11, got: 12 });
    expect(() => verifyRootUpdate(rootAt(12), rootAt(11))).toThrowToolkit('TUF_VERSION', { expected: 13, got: 11 });
    expect(() => verifyRootUpdate(rootAt(11), rootAt(11))).toThrowToolkit('TUF_VERSION', { expected: 12, got: 11 });
  });

  it('accepts targets, snapshot and timestamp by root v15, and each target by its hash', () => {
    const root = rootAt(15);
    const have = (role: 'targets' | 'snapshot' | 'timestamp') =>
      verifyThreshold(parseMetadata(fileAt(`metadata/${role}.json`), role), role, quorumOf(root, role)).have;
    expect([have('targets'), have('snapshot'), have('timestamp')]).toEqual([5, 1, 1]);
    const targets = parseMetadata(fileAt('metadata/targets.json'), 'targets');
    expect(targets.delegations).toMatchObject([
      { paths: [expect.stringMatching(/^registry\.[a-z]+\.org\/\*$/)], terminating: true },
    ]);
    expect(targets.targets.size).toBe(11);
    for (const [name, { length, digest }] of targets.targets) {
      expect([name, fileAt(`targets/${name}`).length, sha256Hex(fileAt(`targets/${name}`))]).toEqual([
        name,
        length,
        digest,
      ]);
    }
  });
});
