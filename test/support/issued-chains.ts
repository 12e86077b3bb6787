import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { addMs, dayMs } from '../../src/core/clock.ts';
import { signerOf } from '../../src/keys/signer.ts';
import {
  issueFulcioIntermediate,
  issueFulcioRoot,
  issueTsaLeaf,
  issueTsaRoot,
} from '../../src/x509/certificate-factory.ts';
import { type CertificateChain, chainOf } from '../../src/x509/chain.ts';

export interface Period {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Ten years that began a month ago. */
export function periodAround(now: Date): Period {
  const notBefore = addMs(now, -30 * dayMs);
  return { notBefore, notAfter: addMs(notBefore, 3_650 * dayMs) };
}

/** A chain for the key of a Fulcio, as a ceremony issues it, from a root that is made for it. */
export async function issuedFulcioChain(publicKey: KeyObject, period: Period): Promise<CertificateChain> {
  const signer = newRootSigner();
  const der = await issueFulcioRoot({ subject: subject('fulcio root'), signer, ...period });
  const root = { der, signer };
  return chainOf(await issueFulcioIntermediate({ subject: subject('fulcio'), publicKey, root, ...period }), der);
}

/** The same for a timestamp authority. */
export async function issuedTsaChain(publicKey: KeyObject, name: string, period: Period): Promise<CertificateChain> {
  const signer = newRootSigner();
  const der = await issueTsaRoot({ subject: subject(`${name} root`), signer, ...period });
  const root = { der, signer };
  return chainOf(await issueTsaLeaf({ subject: subject(name), publicKey, root, ...period }), der);
}

function newRootSigner() {
  return signerOf(generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey, 'memory:test');
}

function subject(commonName: string) {
  return { organization: 'acme', commonName };
}
