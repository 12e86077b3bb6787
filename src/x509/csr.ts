import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { Attributes, CertificationRequest, CertificationRequestInfo } from '@peculiar/asn1-csr';
import { AsnConvert } from '@peculiar/asn1-schema';
import { Attribute, Extensions } from '@peculiar/asn1-x509';
import { parseBase64 } from '../core/bytes.ts';
import { ToolkitError } from '../core/error.ts';
import { assertNoErrors } from '../core/rules.ts';
import type { Signer } from '../core/signer.ts';
import { type CertificateChain, parseChain } from './chain.ts';
import { extensionsOf, profiles } from './extensions.ts';
import { lintFulcioChain, lintTsaChain } from './lint.ts';
import { oid } from './oids.ts';
import { formatPem } from './pem.ts';
import { keyIdOf, keyInfoOf, signatureAlgorithmOf, toBuffer, toDer } from './signed.ts';
import { nameOf, type Subject } from './subject.ts';

/** What a corporate PKI may issue for us. */
export type CsrProfile = 'fulcio-intermediate' | 'tsa-leaf';

export interface CsrOptions {
  readonly subject: Subject;
  readonly signer: Signer;
  readonly profile: CsrProfile;
}

export interface IssuedChainOptions {
  /** What the authority returned: our certificate first, its root last. */
  readonly pem: string;
  /** Names `pem` in errors: its path. */
  readonly what: string;
  /** The request that was sent, as `createCsr` returned it. */
  readonly csr: string;
  readonly profile: CsrProfile;
  readonly now: Date;
  readonly outlives?: Date;
}

const maxCsrBytes = 16_384;
const pemForm = /^-----BEGIN CERTIFICATE REQUEST-----\n([A-Za-z0-9+/=\n]+)\n-----END CERTIFICATE REQUEST-----\n*$/;

/**
 * Returns a PKCS#10 request in PEM, for a PKI that is not ours to certify this key. It asks for the extensions that the
 * profile needs; many authorities set their own all the same, so check the answer with `acceptIssuedChain`.
 * @throws X509_SUBJECT
 * @see https://www.rfc-editor.org/rfc/rfc2986
 */
export async function createCsr({ subject, signer, profile }: CsrOptions): Promise<string> {
  const extensions = new Extensions(extensionsOf(profiles[profile], keyIdOf(signer.publicKey)));
  const info = new CertificationRequestInfo({
    subject: nameOf(subject),
    subjectPKInfo: keyInfoOf(signer.publicKey),
    attributes: new Attributes([
      new Attribute({ type: oid.extensionRequest, values: [AsnConvert.serialize(extensions)] }),
    ]),
  });
  const request = new CertificationRequest({
    certificationRequestInfo: info,
    signatureAlgorithm: signatureAlgorithmOf(signer.algorithm),
    signature: toBuffer(await signer.sign(toDer(info))),
  });
  return formatPem('CERTIFICATE REQUEST', toDer(request));
}

/**
 * Returns the chain that a PKI issued for a request, once it satisfies every rule and is for the request's key.
 * @throws X509_CHAIN_INVALID with all that is wrong at once
 * @throws X509_PEM, X509_CERTIFICATE, X509_CSR
 */
export function acceptIssuedChain(options: IssuedChainOptions): CertificateChain {
  const { pem, what, csr, profile, ...rest } = options;
  const chain = parseChain(pem, what);
  const lint = profile === 'tsa-leaf' ? lintTsaChain : lintFulcioChain;
  assertNoErrors(lint(chain, { ...rest, publicKey: parseCsr(csr) }), 'X509_CHAIN_INVALID', what);
  return chain;
}

/**
 * Returns the public key that a request asks to certify.
 * @throws X509_CSR if it is not a request, or not signed by that key
 */
export function parseCsr(pem: string): KeyObject {
  try {
    const [, body] = pemForm.exec(pem.slice(0, maxCsrBytes).replaceAll('\r\n', '\n')) ?? [];
    if (body === undefined) throw new Error('no PEM block "CERTIFICATE REQUEST"');
    const request = AsnConvert.parse(parseBase64(body.replaceAll('\n', ''), 'request'), CertificationRequest);
    return signingKeyOf(request);
  } catch (cause) {
    throw new ToolkitError('X509_CSR', {
      message: 'expected a certificate request in PEM, signed by the key that it is for',
      fault: 'input',
      hint: 'have it made anew: openssl req -new -key KEY',
      cause,
    });
  }
}

const digestOfOid: Readonly<Record<string, string | null>> = {
  [oid.ecdsaWithSha256]: 'sha256',
  [oid.ecdsaWithSha384]: 'sha384',
  [oid.ed25519]: null,
};

function signingKeyOf(request: CertificationRequest): KeyObject {
  const info = request.certificationRequestInfo;
  const key = createPublicKey({ key: Buffer.from(toDer(info.subjectPKInfo)), format: 'der', type: 'spki' });
  const digest = digestOfOid[request.signatureAlgorithm.algorithm];
  if (digest === undefined) throw new Error(`unknown signature algorithm ${request.signatureAlgorithm.algorithm}`);
  const signed = new Uint8Array(request.certificationRequestInfoRaw ?? toDer(info));
  if (!verify(digest, signed, key, new Uint8Array(request.signature))) throw new Error('its signature does not verify');
  return key;
}
