import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { utf8 } from '../../../src/core/bytes.ts';
import { ToolkitError } from '../../../src/core/error.ts';
import { parseTrustedRoot } from '../../../src/trust/trusted-root.ts';
import { daysAgo, edited, parse, sampleFiles, valueAt } from './sample.ts';

const files = await sampleFiles();

describe('parseTrustedRoot', () => {
  it('accepts what the compiler wrote, as keys, chains and dates', () => {
    const root = parseTrustedRoot(files.trustedRoot, 'trusted_root.json');
    expect(root.tlogs).toEqual([
      expect.objectContaining({
        path: 'tlogs[0]',
        baseUrl: 'https://log2026-1.acme.example',
        keyDetails: 'PKIX_ED25519',
        validFor: { start: daysAgo(8) },
      }),
    ]);
    expect(root.tlogs[0]?.publicKey.asymmetricKeyType).toBe('ed25519');
    expect(root.timestampAuthorities.map(({ commonName }) => commonName)).toEqual([
      'acme-tsa-1-root',
      'acme-tsa-2-root',
    ]);
    expect(root.certificateAuthorities[0]?.chain.der).toHaveLength(2);
  });

  it('accepts a trusted root without timestamp authorities', () => {
    const { trustedRoot } = edited(files, ['root.timestampAuthorities', undefined]);
    expect(parseTrustedRoot(trustedRoot, 'root').timestampAuthorities).toEqual([]);
  });

  it('refuses every problem at once and names each place', () => {
    const { trustedRoot } = edited(
      files,
      ['root.mediaType', 'application/json'],
      ['root.tlogs.0.publicKey.validFor', {}],
      ['root.ctlogs.0.publicKey.rawBytes', 'MCow'],
      ['root.surprise', 1],
    );
    expect(() => parseTrustedRoot(trustedRoot, 'https://tuf.acme.example/trusted_root.json')).toThrowToolkit(
      'TRUST_FORMAT',
      {
        problems: [
          expect.objectContaining({ kind: 'unknown-field', path: 'surprise' }),
          expect.objectContaining({ kind: 'bad-value', path: 'mediaType' }),
          expect.objectContaining({ kind: 'missing-field', path: 'tlogs[0].publicKey.validFor.start' }),
          expect.objectContaining({ kind: 'bad-value', path: 'ctlogs[0].publicKey.rawBytes' }),
        ],
      },
    );
  });

  it.each([
    ['bytes after a key', 'root.tlogs.0.publicKey.rawBytes', (text: string) => append(text)],
    ['bytes after a certificate', 'root.certificateAuthorities.0.certChain.certificates.0.rawBytes', append],
    ['the URL alphabet of base64', 'root.tlogs.0.logId.keyId', () => '-_-_'],
    ['a time zone', 'root.tlogs.0.publicKey.validFor.start', () => '2026-11-22T10:00:00+00:00'],
    ['a hash algorithm without name', 'root.tlogs.0.hashAlgorithm', () => 'MD5'],
  ])('refuses %s', (_, path, change) => {
    const value = path.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], {
      root: parse(files.trustedRoot),
    });
    const { trustedRoot } = edited(files, [path, change(String(value))]);
    expect(() => parseTrustedRoot(trustedRoot, 'root')).toThrowToolkit('TRUST_FORMAT');
  });

  it('refuses whatever else stands in a field, with a problem and not with a crash', () => {
    // One chain less to parse in each run.
    const few = edited(files, ['root.timestampAuthorities', [valueAt(files, 'root.timestampAuthorities.0')]]);
    const paths = leavesOf({ root: parse(few.trustedRoot) });
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
        const { trustedRoot } = edited(few, [path, value]);
        const failure = thrownBy(() => parseTrustedRoot(trustedRoot, 'root'));
        return failure === undefined || (failure instanceof ToolkitError && failure.code === 'TRUST_FORMAT');
      }),
      { numRuns: 40 },
    );
  });

  it('refuses what is no JSON object', () => {
    expect(() => parseTrustedRoot(utf8('[]'), 'root')).toThrowToolkit('CORE_JSON');
    expect(() => parseTrustedRoot(new Uint8Array((1 << 20) + 1), 'root')).toThrowToolkit('CORE_TOO_LARGE');
  });
});

function append(base64: string): string {
  return Buffer.concat([Buffer.from(base64, 'base64'), Buffer.from([0])]).toString('base64');
}

function leavesOf(json: unknown, path = ''): string[] {
  if (typeof json !== 'object' || json === null) return [path];
  return Object.entries(json).flatMap(([name, value]) => leavesOf(value, path === '' ? name : `${path}.${name}`));
}

function thrownBy(run: () => unknown): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}
