import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { sharesInUse } from '../../../ceremony/ca/authority.ts';
import { openEncryptedKey, proofCommand, recordProof, verifyBackup } from '../../../ceremony/ca/backup.ts';
import { backupFindings } from '../../../ceremony/ca/findings.ts';
import { utf8 } from '../../../src/core/bytes.ts';
import { addMs, dayMs } from '../../../src/core/clock.ts';
import type { Share } from '../../../src/keys/shares.ts';
import { CaBench, countedSigner, rootSigner, secret, withShares } from '../../support/ca-bench.ts';
import { lyingSigner } from '../../support/signers.ts';

const repository = 'ab'.repeat(16);

async function setUp() {
  const bench = await CaBench.withRoot();
  const made = await withShares(await bench.authority('fulcio-root'));
  return { bench, ...made, now: bench.now };
}

describe('verifyBackup', () => {
  it('accepts shares that open the key, and has it sign nothing but the proof', async () => {
    const { bench, authority, shares, now } = await setUp();
    await using _ = bench;
    const signed: Uint8Array[] = [];
    const signer = rootSigner('fulcio-root');
    const open = async (restored: string) => {
      expect(restored).toBe(secret);
      const sign = async (message: Uint8Array) => {
        signed.push(message);
        return await signer.sign(message);
      };
      return { ...signer, sign };
    };
    const some = [shares[4], shares[0], shares[2]] as readonly Share[];
    const proof = await verifyBackup({ authority, repository, shares: some, open, now });
    expect(proof).toMatchObject({ ca: 'fulcio-root', at: now, by: ['erin', 'alice', 'carol'] });
    expect(signed.map((message) => Buffer.from(message).toString().slice(0, 24))).toEqual(['sigstead-ca-proof/v1 7 3']);
    await recordProof(authority, proof);
    expect((await bench.authority('fulcio-root')).proofs).toEqual([proof]);
  });

  it('refuses too few shares without opening the key', async () => {
    const { bench, authority, shares, now } = await setUp();
    await using _ = bench;
    const signer = countedSigner(rootSigner('fulcio-root'));
    const options = { authority, repository, open: async () => signer, now };
    await expect(verifyBackup({ ...options, shares: shares.slice(0, 2) })).rejects.toThrowToolkit('KEY_SHARES_TOO_FEW');
    expect(signer.calls()).toBe(0);
  });

  it('refuses a key that is not of this root, and a token that lies', async () => {
    const { bench, authority, shares, now } = await setUp();
    await using _ = bench;
    const options = { authority, repository, shares, now };
    const other = verifyBackup({ ...options, open: async () => rootSigner('other') });
    await expect(other).rejects.toThrowToolkit('X509_ISSUER_KEY');
    const lying = { ...lyingSigner(), publicKey: rootSigner('fulcio-root').publicKey };
    const liar = verifyBackup({ ...options, open: async () => lying });
    await expect(liar).rejects.toThrowToolkit('CER_CA_PROOF_FALSE', { ca: 'fulcio-root' });
  });
});

describe('openEncryptedKey', () => {
  it('refuses another file than genesis wrote', async () => {
    const { bench, authority } = await setUp();
    await using _ = bench;
    const file = { pem: utf8('-----BEGIN'), what: 'fulcio-root.pem', passphrase: secret };
    await expect(openEncryptedKey(authority, file)).rejects.toThrowToolkit('CER_CA_KEY_FILE', { ca: 'fulcio-root' });
  });
});

describe('readAuthorities', () => {
  it('refuses a root that was exchanged', async () => {
    const { bench, authority } = await setUp();
    await using _ = bench;
    const standby = await bench.genesis({ name: 'standby' });
    await writeFile(authority.layout.root, await readFile(standby.layout.root));
    await expect(bench.room()).rejects.toThrowToolkit('CER_CA_CHANGED', { ca: 'fulcio-root' });
  });

  it('refuses a record with an unknown field, and a directory of another name', async () => {
    const { bench, authority } = await setUp();
    await using _ = bench;
    const text = await readFile(authority.layout.document, 'utf8');
    await writeFile(authority.layout.document, text.replace('{', '{ "extra": 1,'));
    await expect(bench.room()).rejects.toThrowToolkit('CER_CA_FILE');
    await writeFile(authority.layout.document, text);
    await bench.file('cas/Other/ca.json', text);
    await expect(bench.room()).rejects.toThrowToolkit('CER_CA_DIRECTORY');
  });
});

describe('sharesInUse', () => {
  it('refuses an authority whose record of shares is gone', async () => {
    const { bench, authority } = await setUp();
    await using _ = bench;
    expect(() => sharesInUse({ ...authority, shares: [] })).toThrowToolkit('CER_CA_NO_SHARES', { ca: 'fulcio-root' });
  });
});

describe('backupFindings', () => {
  it('nags while no restore was proven, and again when the last one is old', async () => {
    const { bench, authority, shares, now } = await setUp();
    await using _ = bench;
    const rules = (of: typeof authority, at: Date) =>
      backupFindings(new Map([[of.name, of]]), at).map(({ rule, severity }) => `${severity} ${rule}`);
    expect(rules(authority, now)).toEqual(['warning ca-backup-proven']);
    const [nag] = backupFindings(new Map([[authority.name, authority]]), now);
    expect(nag?.hint).toMatch(/ca-backup verify fulcio-root --signer file:PATH$/);
    const open = async () => rootSigner('fulcio-root');
    const proof = await verifyBackup({ authority, repository, shares, open, now });
    const proven = { ...authority, proofs: [proof] };
    expect(rules(proven, addMs(now, 180 * dayMs))).toEqual([]);
    expect(rules(proven, addMs(now, 180 * dayMs + 1))).toEqual(['warning ca-backup-proven']);
    const forged = { ...authority, proofs: [{ ...proof, at: addMs(now, dayMs) }] };
    expect(rules(forged, now)).toEqual(['warning ca-backup-proven', 'error ca-backup-proof-true']);
    const retired = {
      ca: 'fulcio-root',
      at: now,
      reason: 'old',
      since: undefined,
      event: 'e',
      planSha256: '',
      authorisedBy: [],
    };
    expect(rules({ ...authority, retired }, now)).toEqual([]);
  });

  it('nags of a token that has no standby', async () => {
    const { bench, authority, now } = await setUp();
    await using _ = bench;
    const inToken = { ...authority, document: { ...authority.document, custody: 'token' as const } };
    expect(proofCommand('fulcio-root', 'token')).toBe('sigstead ceremony ca-backup verify fulcio-root');
    const of = (crossSigned: number) =>
      backupFindings(new Map([['fulcio-root', { ...inToken, crossSigned }]]), now).map(({ rule }) => rule);
    expect(of(0)).toContain('ca-standby');
    expect(of(1)).not.toContain('ca-standby');
  });
});
