import type { KeyObject } from 'node:crypto';
import { parseBase64 } from '../core/bytes.ts';
import { ToolkitError } from '../core/error.ts';
import { type Certificate, parseCertificate } from './certificate.ts';
import { formatPem } from './pem.ts';

/** Certificates as the servers read them: the leaf or issuing certificate first, each signed by the next, the root last. */
export interface CertificateChain {
  /** One block per certificate, without text between them. */
  readonly pem: string;
  readonly der: readonly Uint8Array[];
}

const maxCertificates = 10;
const maxPemBytes = 65_536;
const blockForm = /-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=\n]+)\n-----END CERTIFICATE-----\n*/y;

/**
 * Parses PEM certificates (RFC 7468) with nothing around them. Neither order nor signatures are checked: see `lint.ts`.
 * @param what names the chain in errors: a path
 * @throws X509_PEM, X509_CERTIFICATE
 */
export function parseChain(pem: string, what: string): CertificateChain {
  if (pem.length > maxPemBytes) throw pemError(what, `expected at most ${maxPemBytes} characters, got ${pem.length}`);
  const text = pem.replaceAll('\r\n', '\n');
  const der: Uint8Array[] = [];
  blockForm.lastIndex = 0;
  for (let end = 0; end < text.length; end = blockForm.lastIndex) {
    const block = blockForm.exec(text);
    if (!block) throw pemError(what, `expected "-----BEGIN CERTIFICATE-----" or the end at line ${lineOf(text, end)}`);
    der.push(decode(block[1] ?? '', what, der.length + 1));
  }
  if (der.length === 0) throw pemError(what, 'expected PEM certificates, got nothing');
  if (der.length > maxCertificates) throw pemError(what, `expected at most ${maxCertificates} certificates`);
  return chainFrom(der, what);
}

/**
 * Returns the chain of certificates that are given first to last.
 * @throws X509_CERTIFICATE
 */
export function chainOf(...der: readonly Uint8Array[]): CertificateChain {
  return chainFrom(der, 'chain');
}

/** Returns the public key of the first certificate: the one that signs for this chain. */
export function chainPublicKey(chain: CertificateChain): KeyObject {
  const [first] = certificatesOf(chain, 'chain');
  if (first === undefined) throw pemError('chain', 'expected at least one certificate');
  return first.publicKey;
}

/** Returns the certificates of a chain as the rules look at them. */
export function certificatesOf(chain: CertificateChain, what = 'chain'): readonly Certificate[] {
  const known = parsed.get(chain);
  if (known) return known;
  const certificates = chain.der.map((der, index) => parseCertificate(der, `${what}: certificate ${index + 1}`));
  parsed.set(chain, certificates);
  return certificates;
}

/** Reading a certificate takes milliseconds, and a chain is looked at again and again. Chains never change. */
const parsed = new WeakMap<CertificateChain, readonly Certificate[]>();

function chainFrom(der: readonly Uint8Array[], what: string): CertificateChain {
  const chain = { der, pem: der.map((bytes) => formatPem('CERTIFICATE', bytes)).join('') };
  certificatesOf(chain, what);
  return chain;
}

function decode(body: string, what: string, position: number): Uint8Array {
  try {
    return parseBase64(body.replaceAll('\n', ''));
  } catch {
    throw pemError(what, `certificate ${position}: expected standard base64`);
  }
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function pemError(what: string, reason: string): ToolkitError {
  return new ToolkitError('X509_PEM', {
    message: `${what}: ${reason}`,
    fault: 'input',
    data: { what },
    hint: 'a chain file holds PEM certificates and nothing else: the issuing or leaf certificate first, the root last',
  });
}
