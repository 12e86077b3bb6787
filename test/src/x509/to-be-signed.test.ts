import { describe, expect, it } from '@jest/globals';
import { equalBytes } from '../../../src/core/bytes.ts';
import { parseCertificate } from '../../../src/x509/certificate.ts';
import { chainOf } from '../../../src/x509/chain.ts';
import { lintFulcioChain, lintTsaAuthorities } from '../../../src/x509/lint.ts';
import {
  crossTbs,
  issuedTbs,
  publicKeyOfTbs,
  randomSerial,
  rootTbs,
  signTbs,
  type Terms,
  tbsOf,
  tbsWithKey,
  tbsWithoutKey,
} from '../../../src/x509/to-be-signed.ts';
import { days, testNow } from '../../support/certificates.ts';
import { lyingSigner, memorySigner } from '../../support/signers.ts';

const [one, two, server] = [memorySigner(), memorySigner(), memorySigner()];
const algorithm = 'ecdsa-p384-sha384';
const terms: Terms = {
  profile: 'fulcio-offline-root',
  serial: randomSerial(),
  algorithm,
  notBefore: days(0),
  notAfter: days(3650),
};
const subject = { organization: 'Acme', commonName: 'one' };
const issuing = { organization: 'Acme', commonName: 'issuing' };
const root = async (signer = one, commonName = 'one', profile: Terms['profile'] = 'fulcio-offline-root') =>
  await signTbs(rootTbs({ ...terms, profile }, { ...subject, commonName }, signer.publicKey), signer);

describe('rootTbs', () => {
  it('gives the same bytes for the same terms', () => {
    expect(rootTbs(terms, subject, one.publicKey)).toEqual(rootTbs(terms, subject, one.publicKey));
  });
});

describe('signTbs', () => {
  it('signs the very bytes', async () => {
    const tbs = rootTbs(terms, subject, one.publicKey);
    expect(equalBytes(tbsOf(await signTbs(tbs, one)), tbs)).toBe(true);
    expect(publicKeyOfTbs(tbs).equals(one.publicKey)).toBe(true);
  });

  it('refuses a signature that does not verify', async () => {
    const tbs = rootTbs(terms, subject, one.publicKey);
    await expect(signTbs(tbs, lyingSigner())).rejects.toThrowToolkit('X509_SIGNATURE');
  });
});

describe('tbsWithoutKey', () => {
  it('is the same for two keys, and differs with anything else', () => {
    const masked = tbsWithoutKey(rootTbs(terms, subject, one.publicKey));
    expect(tbsWithoutKey(rootTbs(terms, subject, two.publicKey))).toEqual(masked);
    for (const change of [
      { serial: randomSerial() },
      { notAfter: days(3651) },
      { profile: 'tsa-intermediate' },
    ] as const) {
      expect(tbsWithoutKey(rootTbs({ ...terms, ...change }, subject, one.publicKey))).not.toEqual(masked);
    }
    expect(tbsWithoutKey(rootTbs(terms, issuing, one.publicKey))).not.toEqual(masked);
    // A key of another kind is another algorithm in the bytes.
    const p256 = memorySigner('ecdsa-p256-sha256').publicKey;
    expect(tbsWithoutKey(rootTbs(terms, subject, p256))).not.toEqual(masked);
  });
});

describe('tbsWithKey', () => {
  it('stands in for the issuer: what names the real one is found below it', async () => {
    const real = await root();
    const standIn = await signTbs(tbsWithKey(real, two.publicKey), two);
    const below = { ...terms, profile: 'fulcio-intermediate', notAfter: days(365) } as const;
    const tbs = issuedTbs(below, { subject: issuing, publicKey: server.publicKey, issuer: real });
    const options = { now: testNow, publicKey: server.publicKey };
    expect(lintFulcioChain(chainOf(await signTbs(tbs, two), standIn), options)).toEqual([]);
    expect(lintFulcioChain(chainOf(await signTbs(tbs, one), real), options)).toEqual([]);
  });
});

describe('crossTbs', () => {
  it('takes name, key and key identifier over byte for byte', async () => {
    const [by, of] = [await root(), await root(two, 'two')];
    const cross = await signTbs(crossTbs({ ...terms, profile: 'fulcio-cross' }, { root: of, issuer: by }), one);
    const [made, other, signing] = [cross, of, by].map((der) => parseCertificate(der, 'certificate'));
    expect(made?.subject).toEqual(other?.subject);
    expect(made?.subjectKeyId).toEqual(other?.subjectKeyId);
    expect(made?.publicKey.equals(two.publicKey)).toBe(true);
    expect(made?.issuer).toEqual(signing?.subject);
    expect(made?.authorityKeyId).toEqual(signing?.subjectKeyId);
    expect(lintFulcioChain(chainOf(cross, by), { now: testNow })).toEqual([]);
  });

  it('refuses to outlive the root that vouches', async () => {
    const [by, of] = [await root(), await root(two, 'two')];
    const longer = { ...terms, profile: 'fulcio-cross', notAfter: days(3651) } as const;
    expect(() => crossTbs(longer, { root: of, issuer: by })).toThrowToolkit('X509_VALIDITY');
  });
});

describe('lintTsaAuthorities', () => {
  it('accepts an intermediate, and refuses what is no authority', async () => {
    const by = await root(one, 'tsa', 'tsa-offline-root');
    const below = async (profile: Terms['profile']) => {
      const about = { subject: issuing, publicKey: server.publicKey, issuer: by };
      return chainOf(await signTbs(issuedTbs({ ...terms, profile }, about), one), by);
    };
    expect(lintTsaAuthorities(await below('tsa-intermediate'), { now: testNow })).toEqual([]);
    const rules = lintTsaAuthorities(await below('tsa-leaf'), { now: testNow }).map(({ rule }) => rule);
    expect(rules).toEqual(expect.arrayContaining(['ca-basic-constraints', 'ca-key-usage']));
  });
});
