import { describe, expect, it } from '@jest/globals';
import { SigningConfig } from '@sigstore/protobuf-specs';
import { parseSigningConfig } from '../../../src/trust/signing-config.ts';
import { daysAgo, edited, parse, sampleFiles } from './sample.ts';

const files = await sampleFiles();

describe('parseSigningConfig', () => {
  it('accepts what the compiler wrote', () => {
    const config = parseSigningConfig(files.signingConfig, 'signing_config.v0.2.json');
    expect(config.rekor).toEqual([
      {
        path: 'rekorTlogUrls[0]',
        url: 'http://127.0.0.1:5002',
        majorApiVersion: 2,
        validFor: { start: daysAgo(8) },
        operator: 'log2026-1.acme.example',
      },
    ]);
    expect(config.timestampSelection).toEqual({ selector: 'ANY', count: 0 });
    expect(config.specs).toEqual(SigningConfig.fromJSON(parse(files.signingConfig)));
  });

  it('accepts absent lists and selectors as what they are', () => {
    const { signingConfig } = edited(files, ['config.tsaUrls', undefined], ['config.tsaConfig', undefined]);
    const config = parseSigningConfig(signingConfig, 'config');
    expect(config.timestamps).toEqual([]);
    expect(config.timestampSelection).toBeUndefined();
  });

  it.each([
    ['a selector that clients do not know', 'config.tsaConfig.selector', 'SOME'],
    ['a fraction of a version', 'config.caUrls.0.majorApiVersion', 1.5],
    ['an empty operator', 'config.caUrls.0.operator', ''],
    ['a field of v0.1', 'config.caUrl', 'https://fulcio.acme.example'],
  ])('refuses %s', (_, path, value) => {
    const { signingConfig } = edited(files, [path, value]);
    expect(() => parseSigningConfig(signingConfig, 'config')).toThrowToolkit('TRUST_FORMAT');
  });
});
