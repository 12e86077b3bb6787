import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { utf8 } from '../../../src/core/bytes.ts';
import { addMs } from '../../../src/core/clock.ts';
import { keyIdOf } from '../../../src/trust/keys.ts';
import { formatTrustMaterial, parseTrustMaterial } from '../../../src/trust/material.ts';
import { daysAgo, parse, sampleMaterial } from './sample.ts';

const material = await sampleMaterial();
const bytes = formatTrustMaterial(material);

/** The file with one field changed, or taken out. */
function withField(list: string, name: string, value: unknown): Uint8Array {
  const document = parse(bytes) as Record<string, Record<string, unknown>[]>;
  const [entry] = document[list] ?? [];
  if (entry) entry[name] = value;
  return utf8(JSON.stringify(document));
}

describe('parseTrustMaterial', () => {
  it('accepts what formatTrustMaterial wrote', () => {
    const read = parseTrustMaterial(bytes, 'trust-material.json');
    expect(formatTrustMaterial(read)).toEqual(bytes);
    expect(read.fulcio).toEqual(material.fulcio);
    expect(read.timestamps).toEqual(material.timestamps);
    expect(read.oidc).toEqual(material.oidc);
    expect(read.rekor.map(({ publicKey }) => keyIdOf(publicKey))).toEqual(
      material.rekor.map(({ publicKey }) => keyIdOf(publicKey)),
    );
  });

  it('accepts every period in whole seconds', () => {
    // Chains take long to parse, and have no period of their own here.
    const few = { ...material, fulcio: [], timestamps: [] };
    const second = fc.integer({ min: 0, max: 4_000_000_000 });
    fc.assert(
      fc.property(second, second, fc.nat(999), (start, end, fraction) => {
        const validFor = { start: addMs(new Date(start * 1000), fraction), end: addMs(new Date(end * 1000), fraction) };
        const [oidc] = parseTrustMaterial(
          formatTrustMaterial({ ...few, oidc: [{ url: 'https://a', operator: 'b', validFor }] }),
          'material',
        ).oidc;
        expect(oidc?.validFor).toEqual({ start: new Date(start * 1000), end: new Date(end * 1000) });
      }),
      { numRuns: 30 },
    );
  });

  it('writes the same bytes however an entry was put together', () => {
    const reversed = material.oidc.map((entry) => Object.fromEntries(Object.entries(entry).reverse()) as typeof entry);
    expect(formatTrustMaterial({ ...material, oidc: reversed })).toEqual(bytes);
  });

  it.each([
    ['an unknown field', withField('rekor', 'sign', true), 'rekor[0].sign: unknown field'],
    ['a field that is missing', withField('rekor', 'origin', undefined), 'rekor[0].origin: expected a text'],
    [
      'a fraction of a second',
      withField('ct', 'validFor', { start: '2026-11-22T10:00:00.5Z' }),
      'ct[0].validFor.start',
    ],
    ['a chain that is none', withField('fulcio', 'chain', 'PEM'), 'fulcio[0].chain: chain: expected'],
    [
      'a text for a boolean',
      withField('fulcio', 'signing', 'yes'),
      'fulcio[0].signing: expected true or false, got "yes"',
    ],
    ['another version', utf8('{"version":2}'), 'version: unknown field'],
  ])('refuses %s', (_, file, message) => {
    expect(() => parseTrustMaterial(file, 'trust-material.json')).toThrowToolkit('TRUST_MATERIAL');
    expect(() => parseTrustMaterial(file, 'trust-material.json')).toThrow(message);
  });

  it('refuses a private key where a public one belongs', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const file = withField('rekor', 'publicKey', privateKey.export({ type: 'pkcs8', format: 'pem' }));
    expect(() => parseTrustMaterial(file, 'material')).toThrow('rekor[0].publicKey: expected a PEM public key');
  });

  it('refuses every problem at once', () => {
    const file = utf8(JSON.stringify({ ...(parse(bytes) as object), selection: { timestamps: 'some' }, oidc: [{}] }));
    expect(() => parseTrustMaterial(file, 'material')).toThrowToolkit('TRUST_MATERIAL', {
      problems: [
        { kind: 'missing-field', path: 'oidc[0].url', message: 'expected a text that is not empty' },
        { kind: 'missing-field', path: 'oidc[0].operator', message: 'expected a text that is not empty' },
        { kind: 'missing-field', path: 'oidc[0].validFor', message: 'expected an object' },
        { kind: 'bad-value', path: 'selection.timestamps', message: 'expected one of any, all, got "some"' },
      ],
    });
  });

  it('refuses more than a mebibyte before parsing it', () => {
    expect(() => parseTrustMaterial(new Uint8Array((1 << 20) + 1), 'material')).toThrowToolkit('CORE_TOO_LARGE');
  });

  it('keeps a period without end open', () => {
    const [oidc] = parseTrustMaterial(bytes, 'material').oidc;
    expect(oidc?.validFor).toEqual({ start: daysAgo(9) });
  });
});
