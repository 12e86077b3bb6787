import { describe, expect, it } from '@jest/globals';
import { toHex } from '../../../src/core/bytes.ts';
import { keyId, parseRoleKey, tufKey } from '../../../src/tuf/key.ts';
import { type ParsedMetadata, parseMetadata } from '../../../src/tuf/metadata.ts';
import { quorumOf, signingStatus, verifyThreshold } from '../../../src/tuf/threshold.ts';
import { holders, publishedRepository, seededSigner, signMetadata } from '../../support/root-of-trust.ts';

const { pinnedRoot } = await publishedRepository({ holders: holders('alice', 'bob', 'carol', 'dave', 'erin') });
const root = parseMetadata(pinnedRoot, 'root');
const quorum = quorumOf(root, 'root');
const signedBy = async (...ids: readonly string[]): Promise<ParsedMetadata<'root'>> =>
  parseMetadata(await signMetadata(root.signed, ids.map(seededSigner)), 'root');

describe('verifyThreshold', () => {
  it('accepts the threshold, and more', async () => {
    expect(verifyThreshold(await signedBy('alice', 'bob', 'carol'), 'root', quorum)).toMatchObject({
      have: 3,
      need: 3,
    });
    expect(verifyThreshold(root, 'root', quorum)).toMatchObject({ have: 5 });
  });

  it('refuses one signature less, and says who is missing', async () => {
    const metadata = await signedBy('alice', 'erin');
    expect(() => verifyThreshold(metadata, 'root', quorum)).toThrowToolkit('TUF_THRESHOLD', { have: 2, need: 3 });
    const { keys } = signingStatus(metadata.canonical, metadata.signatures, quorum);
    expect(keys.map(({ status }) => status)).toEqual(['ok', 'missing', 'missing', 'missing', 'ok']);
  });

  it('ignores signatures by strangers', async () => {
    const metadata = await signedBy('alice', 'bob', 'mallory');
    expect(() => verifyThreshold(metadata, 'root', quorum)).toThrowToolkit('TUF_THRESHOLD', { have: 2 });
  });

  it('calls a signature over other bytes invalid, and an empty one missing', async () => {
    const metadata = await signedBy('alice', 'bob', 'carol');
    const other = (await signedBy('alice')).signatures[0]?.sig ?? '';
    const signatures = metadata.signatures.map((entry, index) => ({
      ...entry,
      sig: ['', other, entry.sig][index] ?? '',
    }));
    const status = signingStatus(metadata.canonical, signatures, quorum);
    expect(status.keys.map((key) => key.status)).toEqual(['missing', 'invalid', 'ok', 'missing', 'missing']);
    expect(() => verifyThreshold({ ...metadata, signatures }, 'root', quorum)).toThrowToolkit('TUF_THRESHOLD', {
      have: 1,
    });
  });

  it('counts one private key once, under however many ids', async () => {
    const alice = seededSigner('alice');
    const key = tufKey(alice.publicKey);
    const keys = [key, { ...key, 'x-owner': 'alice' }, { ...key, keytype: 'ecdsa-sha2-nistp256' }].map((spelling) =>
      parseRoleKey(keyId(spelling), spelling, 'key'),
    );
    const sig = toHex(await alice.sign(root.canonical));
    const signatures = keys.map(({ keyid }) => ({ keyid, sig }));
    const status = signingStatus(root.canonical, signatures, { name: 'test', keys, threshold: 2 });
    expect(status.keys.map((entry) => entry.status)).toEqual(['ok', 'ok', 'ok']);
    expect(status.have).toBe(1);
  });
});
