import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { toBase64 } from '../../../src/core/bytes.ts';
import { ToolkitError } from '../../../src/core/error.ts';
import { parseCertificate } from '../../../src/x509/certificate.ts';
import { chainOf, chainPublicKey, parseChain } from '../../../src/x509/chain.ts';
import { formatPem } from '../../../src/x509/pem.ts';
import { make } from '../../support/certificates.ts';
import { fulcioChain } from '../../support/chains.ts';

const good = fulcioChain();
const [first = new Uint8Array(), root = new Uint8Array()] = good.der;
const block = (bytes: Uint8Array) => formatPem('CERTIFICATE', bytes);

describe('parseChain', () => {
  it('accepts what chainOf writes', () => {
    expect(parseChain(good.pem, 'chain.pem')).toEqual(good);
  });

  it('accepts other line breaks and lines of another length', () => {
    expect(parseChain(good.pem.replaceAll('\n', '\r\n'), 'chain.pem')).toEqual(good);
    const oneLine = `-----BEGIN CERTIFICATE-----\n${toBase64(root)}\n-----END CERTIFICATE-----`;
    expect(parseChain(`${block(first)}\n${oneLine}`, 'chain.pem')).toEqual(good);
  });

  it('accepts ten certificates and refuses eleven', () => {
    expect(parseChain(block(root).repeat(10), 'chain.pem').der).toHaveLength(10);
    expect(() => parseChain(block(root).repeat(11), 'chain.pem')).toThrowToolkit('X509_PEM', { what: 'chain.pem' });
  });

  it.each([
    ['nothing', ''],
    ['white space alone', '\n'],
    ['text before', `subject=acme\n${good.pem}`],
    ['text between', `${block(first)}# root\n${block(root)}`],
    ['text after', `${good.pem}that was it\n`],
    ['a key', formatPem('PRIVATE KEY', first)],
    ['a key after the certificates', good.pem + formatPem('EC PRIVATE KEY', first)],
    ['an end without a start', good.pem.replace('-----BEGIN CERTIFICATE-----\n', '')],
    ['a start without an end', block(root).replace('-----END CERTIFICATE-----\n', '')],
    ['stray bits in the base64', block(Uint8Array.of(1)).replace('AQ==', 'AR==')],
    ['the URL alphabet', block(first).replace('-----\nM', '-----\n_')],
    ['headers', block(first).replace('CERTIFICATE-----\n', 'CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n\n')],
    ['more than 64 KiB', good.pem.replace('\n', '\n'.repeat(65_536))],
  ])('refuses %s', (_, pem) => {
    expect(() => parseChain(pem, 'chain.pem')).toThrowToolkit('X509_PEM', { what: 'chain.pem' });
  });

  it('says at which line it stopped', () => {
    const line = block(first).split('\n').length;
    expect(() => parseChain(`${block(first)}oops\n`, 'chain.pem')).toThrow(
      `chain.pem: expected "-----BEGIN CERTIFICATE-----" or the end at line ${line}`,
    );
  });

  it('refuses a block that is no certificate, naming its position', () => {
    const text = block(first) + block(Uint8Array.of(0x30, 0));
    expect(() => parseChain(text, 'chain.pem')).toThrowToolkit('X509_CERTIFICATE', {
      what: 'chain.pem: certificate 2',
    });
  });
});

describe('parseCertificate', () => {
  it('refuses bytes after the certificate', () => {
    const longer = new Uint8Array([...root, 0]);
    expect(() => parseCertificate(longer, 'root')).toThrowToolkit('X509_CERTIFICATE', { what: 'root' });
  });

  it('refuses or reads every mutation, and throws nothing else', () => {
    const { length } = first;
    fc.assert(
      fc.property(fc.nat(length - 1), fc.integer({ min: 0, max: 255 }), fc.nat(length), (at, value, cut) => {
        const bytes = first.slice(0, cut < length / 4 ? length - cut : length);
        bytes[at] = value;
        try {
          parseCertificate(bytes, 'mutant');
        } catch (error) {
          expect(error).toBeInstanceOf(ToolkitError);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('chainPublicKey', () => {
  it('accepts a chain and returns the key of its first certificate', () => {
    const made = make({ commonName: 'root' });
    expect(chainPublicKey(chainOf(made.der)).equals(made.key.publicKey)).toBe(true);
  });

  it('refuses a chain of nothing', () => {
    expect(() => chainPublicKey(chainOf())).toThrowToolkit('X509_PEM');
  });
});
