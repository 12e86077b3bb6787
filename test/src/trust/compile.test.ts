import { describe, expect, it } from '@jest/globals';
import { ClientTrustConfig, SigningConfig, TrustedRoot } from '@sigstore/protobuf-specs';
import { toTrustMaterial } from '@sigstore/verify';
import { toBase64, utf8 } from '../../../src/core/bytes.ts';
import { addMs } from '../../../src/core/clock.ts';
import { sha256, spkiOf } from '../../../src/core/digest.ts';
import { compileTrust } from '../../../src/trust/compile.ts';
import { formatTrustMaterial, parseTrustMaterial, type TrustMaterial } from '../../../src/trust/material.ts';
import { daysAgo, ecKey, fulcioChain, now, parse, sampleMaterial } from './sample.ts';

const material = await sampleMaterial();
const compiled = compileTrust(material, { now });

/** Fractions are how protobuf-specs writes a time; they mean the same. */
const withoutFraction = (json: unknown) => JSON.parse(JSON.stringify(json).replaceAll('.000Z"', 'Z"'));

describe('compileTrust', () => {
  it('accepts an instance and writes what protobuf-specs reads and writes', () => {
    expect(withoutFraction(TrustedRoot.toJSON(TrustedRoot.fromJSON(parse(compiled.trustedRoot))))).toEqual(
      parse(compiled.trustedRoot),
    );
    expect(withoutFraction(SigningConfig.toJSON(SigningConfig.fromJSON(parse(compiled.signingConfig))))).toEqual(
      parse(compiled.signingConfig),
    );
    expect(
      withoutFraction(ClientTrustConfig.toJSON(ClientTrustConfig.fromJSON(parse(compiled.clientTrustConfig)))),
    ).toEqual(parse(compiled.clientTrustConfig));
  });

  it('accepts an instance and writes a root that sigstore-js takes', () => {
    const trust = toTrustMaterial(TrustedRoot.fromJSON(parse(compiled.trustedRoot)));
    const [log] = material.rekor;
    expect(trust.tlogs.map(({ baseURL }) => baseURL)).toEqual(['https://log2026-1.acme.example']);
    expect(trust.tlogs[0]?.publicKey.equals(log?.publicKey as never)).toBe(true);
    expect(trust.timestampAuthorities).toHaveLength(2);
    expect(trust.certificateAuthorities[0]?.certChain).toHaveLength(2);
  });

  it('writes the log IDs that Rekor v2 and CT logs compute', () => {
    const [rekor] = material.rekor;
    const [ct] = material.ct;
    const raw = rekor ? spkiOf(rekor.publicKey).slice(-32) : new Uint8Array();
    expect(parse(compiled.trustedRoot)).toMatchObject({
      tlogs: [{ logId: { keyId: toBase64(sha256('log2026-1.acme.example\n', Uint8Array.of(1), raw)) } }],
      ctlogs: [{ logId: { keyId: toBase64(sha256(ct ? spkiOf(ct.publicKey) : '')) } }],
    });
  });

  it('writes the services with their versions, newest first, and the selectors', () => {
    expect(parse(compiled.signingConfig)).toMatchObject({
      mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
      caUrls: [{ url: 'http://127.0.0.1:5001', majorApiVersion: 1, operator: 'fulcio.acme.example' }],
      oidcUrls: [{ url: 'http://127.0.0.1:5000', majorApiVersion: 1 }],
      rekorTlogUrls: [{ url: 'http://127.0.0.1:5002', majorApiVersion: 2 }],
      rekorTlogConfig: { selector: 'ANY' },
      tsaUrls: [{ operator: 'tsa-2.acme.example' }, { operator: 'tsa-1.acme.example' }],
      tsaConfig: { selector: 'ANY' },
    });
    const all = compileTrust({ ...material, selection: { timestamps: 'all' } }, { now });
    expect(parse(all.signingConfig)).toMatchObject({
      rekorTlogConfig: { selector: 'ANY' },
      tsaConfig: { selector: 'ALL' },
    });
  });

  it('keeps what no longer signs in the trusted root, oldest first', async () => {
    const [today] = material.fulcio;
    if (!today) throw new Error('the sample has a Fulcio');
    const old = {
      ...today,
      chain: await fulcioChain('acme-intermediate-0'),
      validFor: { start: daysAgo(20), end: daysAgo(8) },
      signing: false,
    };
    const rotated = compileTrust({ ...material, fulcio: [today, old] }, { now });
    const root = TrustedRoot.fromJSON(parse(rotated.trustedRoot));
    expect(root.certificateAuthorities.map((authority) => authority.validFor?.start)).toEqual([
      daysAgo(20),
      daysAgo(9),
    ]);
    expect(SigningConfig.fromJSON(parse(rotated.signingConfig)).caUrls).toHaveLength(1);
  });

  it('floors a start to its second, and gives the same bytes after the material was stored', () => {
    const [tsa1, tsa2] = material.timestamps;
    if (!tsa1 || !tsa2) throw new Error('the sample has two');
    const young: TrustMaterial = {
      ...material,
      timestamps: [
        { ...tsa1, validFor: { start: addMs(daysAgo(3), 100) } },
        { ...tsa2, validFor: { start: addMs(daysAgo(3), 900) } },
      ],
    };
    const first = compileTrust(young, { now });
    expect(parse(first.trustedRoot)).toMatchObject({
      timestampAuthorities: [
        { validFor: { start: '2026-11-19T10:00:00Z' } },
        { validFor: { start: '2026-11-19T10:00:00Z' } },
      ],
    });
    expect(compileTrust(parseTrustMaterial(formatTrustMaterial(young), 'material'), { now })).toEqual(first);
  });

  it('writes P-256 logs with the SHA-256 of their key as ID', () => {
    const publicKey = ecKey('prime256v1');
    const rekor = material.rekor.map((log) => ({ ...log, publicKey }));
    expect(parse(compileTrust({ ...material, rekor }, { now }).trustedRoot)).toMatchObject({
      tlogs: [
        {
          publicKey: { keyDetails: 'PKIX_ECDSA_P256_SHA_256' },
          logId: { keyId: toBase64(sha256(spkiOf(publicKey))) },
        },
      ],
    });
  });

  it('hands over what the lint warns of', () => {
    expect(compiled.warnings).toEqual([]);
    const { warnings } = compileTrust({ ...material, selection: { timestamps: 'all' } }, { now });
    expect(warnings).toMatchObject([{ rule: 'selector-any', severity: 'warning' }]);
  });

  it('refuses a P-384 Rekor key before anybody sees the files', () => {
    const rekor = material.rekor.map((log) => ({ ...log, publicKey: ecKey('secp384r1') }));
    expect(() => compileTrust({ ...material, rekor }, { now })).toThrowToolkit('TRUST_LINT', {
      findings: [expect.objectContaining({ rule: 'rekor-key-algorithm' })],
    });
  });

  it('refuses a P-384 CT key', () => {
    const ct = material.ct.map((log) => ({ ...log, publicKey: ecKey('secp384r1') }));
    expect(() => compileTrust({ ...material, ct }, { now })).toThrowToolkit('TLOG_KEY');
  });

  it('refuses the operator sigstore.dev and names the place', () => {
    const rekor = material.rekor.map((log) => ({ ...log, operator: 'sigstore.dev' }));
    expect(() => compileTrust({ ...material, rekor }, { now })).toThrow(
      'operator-own: signing_config.v0.2.json rekorTlogUrls[0]: expected an operator of your own, got sigstore.dev',
    );
  });

  it('refuses an instance without a timestamp authority', () => {
    expect(() => compileTrust({ ...material, timestamps: [] }, { now })).toThrowToolkit('TRUST_LINT', {
      findings: [
        expect.objectContaining({ rule: 'timestamp-required', where: 'trusted_root.json timestampAuthorities' }),
        expect.objectContaining({ rule: 'timestamp-required', where: 'signing_config.v0.2.json tsaUrls' }),
      ],
    });
  });

  it('refuses a service that starts later', () => {
    expect(() => compileTrust(material, { now: daysAgo(6) })).toThrowToolkit('TRUST_LINT', {
      findings: [expect.objectContaining({ rule: 'service-start' })],
    });
  });

  it('ends each file with a newline', () => {
    const { trustedRoot, signingConfig, clientTrustConfig } = compiled;
    for (const file of [trustedRoot, signingConfig, clientTrustConfig]) expect(file.at(-1)).toBe(utf8('\n')[0]);
  });
});
