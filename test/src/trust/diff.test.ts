import { describe, expect, it } from '@jest/globals';
import { utf8 } from '../../../src/core/bytes.ts';
import { compileTrust } from '../../../src/trust/compile.ts';
import { diffTrust } from '../../../src/trust/diff.ts';
import { certificateIdOf } from '../../../src/trust/keys.ts';
import { parseTrustedRoot } from '../../../src/trust/trusted-root.ts';
import { type Edit, ecKey, edited, now, parse, sampleMaterial, timestampAuthority } from './sample.ts';

const material = await sampleMaterial();
const files = compileTrust(material, { now });
const [log] = parseTrustedRoot(files.trustedRoot, 'root').tlogs;
const keyId = `${Buffer.from(log?.logId ?? '').toString('hex', 0, 4)}…`;
const tsaIds = material.timestamps.map(({ chain }) => `${certificateIdOf(chain).slice(0, 8)}…`);
const change = (...edits: Edit[]) => diffTrust(files, edited(files, ...edits));

describe('diffTrust', () => {
  it('says nothing where only spelling changes', () => {
    expect(diffTrust(files, files)).toEqual([]);
    const respelled = {
      trustedRoot: utf8(JSON.stringify(parse(files.trustedRoot)).replaceAll(/(:\d\d)Z"/g, '$1.000Z"')),
      signingConfig: utf8(JSON.stringify(parse(files.signingConfig))),
    };
    expect(diffTrust(files, respelled)).toEqual([]);
  });

  it('explains the first publication as additions', () => {
    const lines = diffTrust(undefined, files);
    expect(lines[0]).toBe(
      `Rekor log log2026-1.acme.example (key id ${keyId}) is added, valid from 2026-11-14T10:00:00Z`,
    );
    expect(lines).toContain('Fulcio http://127.0.0.1:5001 is offered to signers, valid from 2026-11-13T10:00:00Z');
    expect(lines).toContain('signers use any of the timestamp services that are offered');
    expect(lines).toHaveLength(12);
  });

  it('explains an authority that is added, and one that is removed with what follows', async () => {
    const [first, second] = material.timestamps;
    if (!first || !second) throw new Error('the sample has two');
    const third = await timestampAuthority('tsa-3', 1);
    const after = compileTrust({ ...material, timestamps: [second, third] }, { now });
    const id = certificateIdOf(third.chain).slice(0, 8);
    expect(diffTrust(files, after)).toEqual([
      `timestamp authority ${third.uri} (certificate ${id}…) is added, valid from 2026-11-21T10:00:00Z`,
      `timestamp authority ${first.uri} (certificate ${tsaIds[0]}) is removed: bundles that rely on it alone no longer verify`,
      `timestamp service ${third.url} is offered to signers, valid from 2026-11-21T10:00:00Z`,
      `timestamp service ${first.url} is no longer offered to signers`,
    ]);
  });

  it('explains a new key of a log as another log', () => {
    const ct = material.ct.map((entry) => ({ ...entry, publicKey: ecKey('prime256v1') }));
    const lines = diffTrust(files, compileTrust({ ...material, ct }, { now }));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^CT log ct2026-1\.acme\.example \(key id [0-9a-f]{8}…\) is added/);
    expect(lines[1]).toMatch(/is removed: certificates that it alone logged no longer verify$/);
  });

  it.each<[string, readonly Edit[], string]>([
    [
      'an end of a CT log',
      [['root.ctlogs.0.publicKey.validFor.end', '2027-01-01T00:00:00Z']],
      'now ends at 2027-01-01T00:00:00Z (sigstore-python does not check it)',
    ],
    [
      'an end of a Rekor log',
      [['root.tlogs.0.publicKey.validFor.end', '2027-01-01T00:00:00.5Z']],
      'now ends at 2027-01-01T00:00:00.500Z (no client checks the end of a Rekor v2 log)',
    ],
    [
      'a start',
      [['root.timestampAuthorities.0.validFor.start', '2026-11-17T00:00:00Z']],
      'now starts at 2026-11-17T00:00:00Z, not 2026-11-16T10:00:00Z',
    ],
    [
      'a base URL',
      [['root.ctlogs.0.baseUrl', 'https://ct.acme.example']],
      'has another base URL: https://ct2026-1.acme.example becomes https://ct.acme.example',
    ],
    ['key details', [['root.tlogs.0.publicKey.keyDetails', 'PKIX_ED25519_PH']], 'has another key details'],
    ['a hash algorithm', [['root.tlogs.0.hashAlgorithm', 'SHA2_512']], 'SHA2_256 becomes SHA2_512'],
    ['a URI', [['root.certificateAuthorities.0.uri', 'https://ca.acme.example']], 'has another URI'],
    [
      'a subject',
      [['root.certificateAuthorities.0.subject.commonName', 'x']],
      'O=acme, CN=acme-root becomes O=acme, CN=x',
    ],
    ['an operator', [['config.caUrls.0.operator', 'ca.acme.example']], 'fulcio.acme.example becomes ca.acme.example'],
    ['an API version', [['config.rekorTlogUrls.0.majorApiVersion', 1]], 'has another API version: 2 becomes 1'],
    [
      'a selector',
      [['config.tsaConfig.selector', 'ALL']],
      'signers use all of the timestamp services that are offered, not any',
    ],
    [
      'a count',
      [['config.tsaConfig', { selector: 'EXACT', count: 2 }]],
      'signers use exactly 2 of the timestamp services that are offered, not any',
    ],
    [
      'no selector',
      [['config.rekorTlogConfig', undefined]],
      'signers use none of the Rekor logs that are offered, not any',
    ],
  ])('explains %s in one sentence', (_, edits, sentence) => {
    const lines = change(...edits);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(sentence);
  });

  it('explains an end that is taken back and one that moves', () => {
    const ending = edited(files, ['root.ctlogs.0.publicKey.validFor.end', '2027-01-01T00:00:00Z']);
    expect(diffTrust(ending, files)[0]).toMatch(/no longer ends at 2027-01-01T00:00:00Z/);
    const later = edited(files, ['root.ctlogs.0.publicKey.validFor.end', '2027-02-01T00:00:00Z']);
    expect(diffTrust(ending, later)[0]).toMatch(/now ends at 2027-02-01T00:00:00Z, not 2027-01-01T00:00:00Z/);
  });

  it('explains another root under the same intermediate', () => {
    const [intermediate] = parseTrustedRoot(files.trustedRoot, 'root').certificateAuthorities[0]?.chain.der ?? [];
    const rawBytes = Buffer.from(intermediate ?? []).toString('base64');
    const lines = change(['root.certificateAuthorities.0.certChain.certificates', [{ rawBytes }]]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('has another chain: ');
  });

  it('explains another order', () => {
    const config = parse(files.signingConfig) as { tsaUrls: unknown[] };
    expect(change(['config.tsaUrls', config.tsaUrls.toReversed()])).toEqual([
      'the order of the timestamp service offers changes',
    ]);
  });

  it('explains a log that was listed twice', () => {
    const root = parse(files.trustedRoot) as { tlogs: unknown[] };
    const twice = edited(files, ['root.tlogs', [...root.tlogs, ...root.tlogs]]);
    expect(diffTrust(twice, files)).toEqual([expect.stringContaining('is removed')]);
  });

  it('refuses files that clients cannot read', () => {
    expect(() => diffTrust(undefined, edited(files, ['root.mediaType', 'x']))).toThrowToolkit('TRUST_FORMAT');
  });
});
