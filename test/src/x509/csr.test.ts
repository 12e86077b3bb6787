import { describe, expect, it } from '@jest/globals';
import { acceptIssuedChain, createCsr, parseCsr } from '../../../src/x509/csr.ts';
import { oid } from '../../../src/x509/oids.ts';
import { days, testNow } from '../../support/certificates.ts';
import { fulcioChain, tsaChain } from '../../support/chains.ts';
import { memorySigner } from '../../support/signers.ts';

const subject = { organization: 'Acme, Inc.', commonName: 'acme "signing"' };
const signer = memorySigner();

/** What a corporate PKI certifies: it sees the public half alone. */
const certified = { publicKey: signer.publicKey } as const;

describe('createCsr', () => {
  it('accepts every algorithm and is signed by the key that it is for', async () => {
    for (const algorithm of ['ecdsa-p256-sha256', 'ecdsa-p384-sha384', 'ed25519'] as const) {
      const key = memorySigner(algorithm);
      const csr = await createCsr({ subject, signer: key, profile: 'tsa-leaf' });
      expect(parseCsr(csr).equals(key.publicKey)).toBe(true);
    }
  });

  it('asks for the extensions of the profile', async () => {
    const purposeOf = { 'fulcio-intermediate': oid.codeSigning, 'tsa-leaf': oid.timeStamping } as const;
    for (const profile of ['fulcio-intermediate', 'tsa-leaf'] as const) {
      const der = derOf(await createCsr({ subject, signer, profile }));
      for (const id of [oid.extensionRequest, oid.keyUsage, oid.basicConstraints, purposeOf[profile]]) {
        expect(der.includes(oidBytes(id))).toBe(true);
      }
    }
  });

  it('refuses a subject that no certificate can carry', async () => {
    const options = { subject: { ...subject, organization: '' }, signer, profile: 'tsa-leaf' } as const;
    await expect(createCsr(options)).rejects.toThrowToolkit('X509_SUBJECT', { attribute: 'organization' });
  });
});

describe('parseCsr', () => {
  it('refuses what is not a request', async () => {
    for (const pem of ['', 'hello', fulcioChain().pem]) expect(() => parseCsr(pem)).toThrowToolkit('X509_CSR');
  });

  it('refuses a request that was changed after signing', async () => {
    const csr = await createCsr({ subject, signer, profile: 'tsa-leaf' });
    const der = derOf(csr);
    const at = der.indexOf('acme');
    der[at] = 'A'.charCodeAt(0);
    const body = der.toString('base64').replace(/.{64}/g, '$&\n');
    const changed = `-----BEGIN CERTIFICATE REQUEST-----\n${body}\n-----END CERTIFICATE REQUEST-----\n`;
    expect(() => parseCsr(changed)).toThrowToolkit('X509_CSR');
  });
});

describe('acceptIssuedChain', () => {
  const accept = async (pem: string, profile: 'fulcio-intermediate' | 'tsa-leaf', outlives?: Date) =>
    acceptIssuedChain({
      pem,
      what: 'issued.pem',
      csr: await createCsr({ subject, signer, profile }),
      profile,
      now: testNow,
      ...(outlives && { outlives }),
    });

  it('accepts what a PKI issued for the key of the request', async () => {
    const fulcio = fulcioChain({ intermediate: certified });
    expect(await accept(fulcio.pem, 'fulcio-intermediate')).toEqual(fulcio);
    const tsa = tsaChain({ leaf: certified });
    expect(await accept(tsa.pem, 'tsa-leaf')).toEqual(tsa);
  });

  it('refuses a certificate of another key', async () => {
    await expect(accept(fulcioChain().pem, 'fulcio-intermediate')).rejects.toThrow(
      'issued.pem: chain-first-key: certificate 1 of 2 "fulcio intermediate": expected a certificate of the signing key',
    );
  });

  it('refuses a chain for another use, and lists all that is wrong at once', async () => {
    const tls = fulcioChain({ intermediate: { ...certified, purposes: ['1.3.6.1.5.5.7.3.1'], notAfter: days(-1) } });
    await expect(accept(tls.pem, 'fulcio-intermediate')).rejects.toThrowToolkit('X509_CHAIN_INVALID', {
      findings: expect.arrayContaining([
        expect.objectContaining({ rule: 'chain-valid-now' }),
        expect.objectContaining({ rule: 'chain-purpose-nests' }),
        expect.objectContaining({ rule: 'fulcio-code-signing' }),
      ]),
    });
  });

  it('refuses a chain that ends too soon', async () => {
    const pem = tsaChain({ leaf: { ...certified, notAfter: days(100) } }).pem;
    await expect(accept(pem, 'tsa-leaf', days(101))).rejects.toThrowToolkit('X509_CHAIN_INVALID');
    await expect(accept(pem, 'tsa-leaf', days(100))).resolves.toBeDefined();
  });

  it('refuses a bundle without the root', async () => {
    const [first = ''] = fulcioChain({ intermediate: certified }).pem.split(/(?<=END CERTIFICATE-----\n)/);
    await expect(accept(first, 'fulcio-intermediate')).rejects.toThrow('chain-self-signed-root');
  });
});

function derOf(pem: string): Buffer {
  return Buffer.from(pem.replaceAll(/-----.*-----|\n/g, ''), 'base64');
}

/** DER of an object identifier whose first two arcs fit one octet. */
function oidBytes(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const septets = (n: number): number[] => (n < 128 ? [n] : [...septets(n >> 7).map((x) => x | 0x80), n & 0x7f]);
  const content = [first * 40 + second, ...rest.flatMap(septets)];
  return Buffer.from([6, content.length, ...content]);
}
