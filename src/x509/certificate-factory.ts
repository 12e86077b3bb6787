import type { KeyObject } from 'node:crypto';
import { equalBytes } from '../core/bytes.ts';
import { spkiOf } from '../core/digest.ts';
import { ToolkitError } from '../core/error.ts';
import type { Signer } from '../core/signer.ts';
import { parseCertificate } from './certificate.ts';
import type { ProfileName } from './extensions.ts';
import type { Subject } from './subject.ts';
import { issuedTbs, type Period, randomSerial, rootTbs, signTbs } from './to-be-signed.ts';

export interface RootOptions extends Period {
  readonly subject: Subject;
  readonly signer: Signer;
}

export interface IssueOptions extends Period {
  readonly subject: Subject;
  /** The key that is certified; its private half may be anywhere. */
  readonly publicKey: KeyObject;
  readonly root: { readonly der: Uint8Array; readonly signer: Signer };
}

/**
 * Issues the self-signed root of Fulcio's authority, with room for one intermediate below it.
 * @throws X509_SUBJECT, X509_VALIDITY
 * @throws X509_SIGNATURE if what the signer returned does not verify
 */
export async function issueFulcioRoot(options: RootOptions): Promise<Uint8Array> {
  return await issueRoot('fulcio-root', options);
}

/**
 * Issues the certificate that Fulcio signs with: code signing alone, nothing below it but leaves.
 * @throws X509_SUBJECT, X509_VALIDITY, X509_SIGNATURE
 * @throws X509_ISSUER_KEY if the root's certificate and signer are of two keys
 */
export async function issueFulcioIntermediate(options: IssueOptions): Promise<Uint8Array> {
  return await issueBelow('fulcio-intermediate', options);
}

/** Issues the self-signed root of a timestamp authority. Throws what `issueFulcioRoot` throws. */
export async function issueTsaRoot(options: RootOptions): Promise<Uint8Array> {
  return await issueRoot('tsa-root', options);
}

/** Issues the certificate that a timestamp authority signs with (RFC 3161 §2.3). Throws what `issueFulcioIntermediate` throws. */
export async function issueTsaLeaf(options: IssueOptions): Promise<Uint8Array> {
  return await issueBelow('tsa-leaf', options);
}

/**
 * Passes if a signer has the key of a certificate (DER).
 * @throws X509_ISSUER_KEY, X509_CERTIFICATE
 */
export function assertIssuerKey(der: Uint8Array, signer: Signer): void {
  const { publicKey, label } = parseCertificate(der, 'root certificate');
  if (equalBytes(spkiOf(publicKey), spkiOf(signer.publicKey))) return;
  throw new ToolkitError('X509_ISSUER_KEY', {
    message: `${signer.uri}: expected the key of the certificate ${JSON.stringify(label)}, got another one`,
    fault: 'input',
    data: { signer: signer.uri, certificate: label },
    hint: 'give the root certificate and the root key of the same authority',
  });
}

async function issueRoot(profile: ProfileName, { subject, signer, ...period }: RootOptions): Promise<Uint8Array> {
  const terms = { ...period, profile, serial: randomSerial(), algorithm: signer.algorithm };
  return await signTbs(rootTbs(terms, subject, signer.publicKey), signer);
}

async function issueBelow(profile: ProfileName, options: IssueOptions): Promise<Uint8Array> {
  const { subject, publicKey, root, ...period } = options;
  assertIssuerKey(root.der, root.signer);
  const terms = { ...period, profile, serial: randomSerial(), algorithm: root.signer.algorithm };
  return await signTbs(issuedTbs(terms, { subject, publicKey, issuer: root.der }), root.signer);
}
