import { describe, expect, it } from '@jest/globals';
import { diffTrust } from '../../../src/trust/diff.ts';
import { lintTrust, type TrustFiles } from '../../../src/trust/lint.ts';
import { parseTrustedRoot } from '../../../src/trust/trusted-root.ts';
import { readFixtureTarball } from '../../support/tarball.ts';

const fixture = 'public-good-root.tar.gz';
const archive = readFixtureTarball(fixture);
const describeFixture = archive ? describe : describe.skip;
const title = archive
  ? 'the public instance'
  : `the public instance (SKIPPED: ../shared/fixtures/${fixture} is absent)`;

const now = new Date('2026-08-15T00:00:00Z');

function target(name: string): Uint8Array {
  const file = archive?.get(`public-good-root/targets/${name}`);
  if (!file) throw new Error(`${fixture} has no ${name}`);
  return file;
}

function publicFiles(signingConfig: string): TrustFiles {
  return { trustedRoot: target('trusted_root.json'), signingConfig: target(signingConfig) };
}

const rulesOf = (files: TrustFiles, severity: string) =>
  new Set(
    lintTrust(files, { now })
      .filter((finding) => finding.severity === severity)
      .map(({ rule }) => rule),
  );

describeFixture(title, () => {
  it('accepts its trusted root', () => {
    const root = parseTrustedRoot(target('trusted_root.json'), 'trusted_root.json');
    expect(root.tlogs.map(({ baseUrl }) => baseUrl)).toEqual([
      'https://rekor.sigstore.dev',
      'https://log2025-1.rekor.sigstore.dev',
    ]);
    expect(root.certificateAuthorities[0]?.validFor.end).toEqual(new Date('2022-12-31T23:59:59.999Z'));
  });

  it('breaks only the rule that is about being another instance', () => {
    for (const name of ['signing_config.v0.2.json', 'signing_config_rekor_v2.v0.2.json']) {
      expect(rulesOf(publicFiles(name), 'error')).toEqual(new Set(['operator-own']));
      expect(rulesOf(publicFiles(name), 'warning')).toEqual(
        // Its CT logs are of the older kind, and its first CA was a root that issued by itself.
        new Set(['ct-base-url', 'operator-across-kinds', 'fulcio-root-offline']),
      );
    }
  });

  it('refuses its signing configuration of v0.1', () => {
    expect(rulesOf(publicFiles('signing_config.json'), 'error')).toEqual(new Set(['media-type', 'known-fields']));
  });

  it('explains the step to Rekor v2', () => {
    const [before, after] = [publicFiles('signing_config.v0.2.json'), publicFiles('signing_config_rekor_v2.v0.2.json')];
    expect(diffTrust(before, after)).toEqual([
      'Rekor https://log2025-1.rekor.sigstore.dev is offered to signers, valid from 2026-01-01T00:00:00Z',
    ]);
    expect(diffTrust(after, before)).toEqual([
      'Rekor https://log2025-1.rekor.sigstore.dev is no longer offered to signers',
    ]);
  });
});
