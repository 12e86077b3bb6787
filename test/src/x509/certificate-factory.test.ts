import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { KeyUsageFlags } from '@peculiar/asn1-x509';
import { toHex } from '../../../src/core/bytes.ts';
import { type Certificate, parseCertificate } from '../../../src/x509/certificate.ts';
import {
  type IssueOptions,
  issueFulcioIntermediate,
  issueFulcioRoot,
  issueTsaLeaf,
  issueTsaRoot,
} from '../../../src/x509/certificate-factory.ts';
import { chainOf } from '../../../src/x509/chain.ts';
import { lintFulcioChain, lintTsaChain } from '../../../src/x509/lint.ts';
import { oid } from '../../../src/x509/oids.ts';
import { days, testNow } from '../../support/certificates.ts';
import { lyingSigner, memorySigner } from '../../support/signers.ts';

const subject = { organization: 'Acme', commonName: 'acme root' };
const period = { notBefore: days(0), notAfter: days(3650) };
const signer = memorySigner();
const below: Omit<IssueOptions, 'root'> = {
  subject: { organization: 'Acme', commonName: 'acme issuing' },
  publicKey: memorySigner().publicKey,
  notBefore: days(0),
  notAfter: days(1825),
};

const read = (der: Uint8Array): Certificate => parseCertificate(der, 'issued');
const isCritical = ({ extensions }: Certificate, id: string) => extensions.find((item) => item.oid === id)?.critical;

describe('issueFulcioRoot', () => {
  it('accepts a signer and issues an authority with room for one intermediate', async () => {
    const root = read(await issueFulcioRoot({ subject, signer, ...period }));
    expect(root).toMatchObject({
      version: 3,
      label: 'acme root',
      basicConstraints: { isCa: true, pathLength: 1 },
      keyUsage: KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign,
      extendedKeyUsage: undefined,
      authorityKeyId: undefined,
      issuer: root.subject,
    });
    expect(isCritical(root, oid.basicConstraints)).toBe(true);
    expect(isCritical(root, oid.keyUsage)).toBe(true);
    expect(isCritical(root, oid.subjectKeyIdentifier)).toBe(false);
    expect(root.publicKey.equals(signer.publicKey)).toBe(true);
    expect(root.isSignedBy(signer.publicKey)).toBe(true);
  });

  it('accepts P-256 and P-384 keys and names the digest that goes with each', async () => {
    for (const [algorithm, id] of [
      ['ecdsa-p256-sha256', oid.ecdsaWithSha256],
      ['ecdsa-p384-sha384', oid.ecdsaWithSha384],
    ] as const) {
      const root = read(await issueFulcioRoot({ subject, signer: memorySigner(algorithm), ...period }));
      expect(root.signatureAlgorithm.oid).toBe(id);
    }
  });

  it('accepts every character in a subject, since no name is parsed from text', async () => {
    const odd = { organization: 'Acme, Inc. "Ä+Ω" <#;=\\> 🎉', commonName: ' CN=evil,O=other/OU=x ' };
    const { subject: text } = new X509Certificate(await issueFulcioRoot({ subject: odd, signer, ...period }));
    const root = read(await issueFulcioRoot({ subject: odd, signer, ...period }));
    expect(Buffer.from(root.subject).includes(odd.organization)).toBe(true);
    expect(root.label).toBe(odd.commonName);
    expect(text.split('\n')).toHaveLength(2);
  });

  it.each([
    ['an empty name', ''],
    ['a line break', 'acme\nroot'],
    ['a NUL', 'acme\0'],
    ['half a surrogate pair', 'acme \ud800'],
    ['65 characters', 'x'.repeat(65)],
  ])('refuses %s in a subject', async (_, commonName) => {
    const options = { subject: { organization: 'Acme', commonName }, signer, ...period };
    await expect(issueFulcioRoot(options)).rejects.toThrowToolkit('X509_SUBJECT', { attribute: 'commonName' });
  });

  it('accepts 64 characters, however many bytes they take', async () => {
    const commonName = '🎉'.repeat(64);
    expect(read(await issueFulcioRoot({ subject: { ...subject, commonName }, signer, ...period })).label).toBe(
      commonName,
    );
  });

  it('writes dates as UTCTime to 2049 and GeneralizedTime from 2050, in whole seconds', async () => {
    const notBefore = new Date('2049-12-31T23:59:59.999Z');
    const root = read(
      await issueFulcioRoot({ subject, signer, notBefore, notAfter: new Date('2050-01-01T00:00:00.5Z') }),
    );
    expect(root.notBefore).toEqual({ at: new Date('2049-12-31T23:59:59Z'), form: 'UTCTime' });
    expect(root.notAfter).toEqual({ at: new Date('2050-01-01T00:00:00Z'), form: 'GeneralizedTime' });
  });

  it('draws a positive serial number of 20 octets each time', async () => {
    const serials = await Promise.all(
      Array.from({ length: 8 }, async () => read(await issueFulcioRoot({ subject, signer, ...period })).serial),
    );
    for (const serial of serials) {
      expect(serial).toHaveLength(20);
      expect((serial[0] ?? 0) >> 6).toBe(1);
    }
    expect(new Set(serials.map(toHex)).size).toBe(serials.length);
  });

  it('refuses an end that is not after the start', async () => {
    const options = { subject, signer, notBefore: days(0), notAfter: days(0) };
    await expect(issueFulcioRoot(options)).rejects.toThrowToolkit('X509_VALIDITY');
  });

  it('refuses a signature that does not verify', async () => {
    const options = { subject, signer: lyingSigner(), ...period };
    await expect(issueFulcioRoot(options)).rejects.toThrowToolkit('X509_SIGNATURE', { signer: 'memory:liar' });
  });
});

describe('issueFulcioIntermediate', () => {
  it('accepts a public key alone and issues a chain without findings', async () => {
    const root = { der: await issueFulcioRoot({ subject, signer, ...period }), signer };
    const der = await issueFulcioIntermediate({ ...below, root });
    expect(read(der)).toMatchObject({
      basicConstraints: { isCa: true, pathLength: 0 },
      extendedKeyUsage: [oid.codeSigning],
      authorityKeyId: read(root.der).subjectKeyId,
      issuer: read(root.der).subject,
    });
    const options = { now: testNow, publicKey: below.publicKey, outlives: days(1825) };
    expect(lintFulcioChain(chainOf(der, root.der), options)).toEqual([]);
  });

  it('refuses to outlive its root, or to start before it', async () => {
    const root = { der: await issueFulcioRoot({ subject, signer, ...period }), signer };
    for (const dates of [{ notAfter: days(3651) }, { notBefore: days(-1) }]) {
      const issued = issueFulcioIntermediate({ ...below, ...dates, root });
      await expect(issued).rejects.toThrowToolkit('X509_VALIDITY');
    }
  });

  it('refuses the key of another root', async () => {
    const root = { der: await issueFulcioRoot({ subject, signer, ...period }), signer: memorySigner() };
    const issued = issueFulcioIntermediate({ ...below, root });
    await expect(issued).rejects.toThrowToolkit('X509_ISSUER_KEY', { certificate: 'acme root' });
  });
});

describe('issueTsaLeaf', () => {
  it('accepts a public key alone and issues a chain without findings', async () => {
    const root = { der: await issueTsaRoot({ subject, signer, ...period }), signer };
    const der = await issueTsaLeaf({ ...below, root });
    const leaf = read(der);
    expect(leaf).toMatchObject({
      basicConstraints: { isCa: false, pathLength: undefined },
      keyUsage: KeyUsageFlags.digitalSignature,
      extendedKeyUsage: [oid.timeStamping],
    });
    expect(isCritical(leaf, oid.extendedKeyUsage)).toBe(true);
    expect(read(root.der).basicConstraints).toEqual({ isCa: true, pathLength: 0 });
    expect(lintTsaChain(chainOf(der, root.der), { now: testNow, publicKey: below.publicKey })).toEqual([]);
  });
});
