import { generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { toBase64 } from '../../src/core/bytes.ts';
import { sha256, spkiOf } from '../../src/core/digest.ts';
import { parseJsonObject } from '../../src/core/json.ts';
import type { Call } from './load-client.ts';

const json = 'application/json';

/** One who signs: holds a key and an ID token, and makes the requests that a signing client makes. */
export class Signatory {
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  readonly #certificateBody: Uint8Array;

  constructor(idToken: string) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#privateKey = privateKey;
    this.#publicKey = publicKey;
    this.#certificateBody = Buffer.from(
      JSON.stringify({
        credentials: { oidcIdentityToken: idToken },
        publicKeyRequest: {
          publicKey: { algorithm: 'ECDSA', content: publicKey.export({ type: 'spki', format: 'pem' }) },
          proofOfPossession: sign('sha256', Buffer.from(subjectOf(idToken)), privateKey).toString('base64'),
        },
      }),
    );
  }

  holdsKeyOf({ publicKey }: X509Certificate): boolean {
    return publicKey.equals(this.#publicKey);
  }

  /** Every certificate is another one, though the request is the same. */
  certificate(): Call {
    return { method: 'POST', path: '/api/v2/signingCert', contentType: json, body: this.#certificateBody, status: 200 };
  }

  /** A timestamp over a random digest. */
  timestamp(): Call {
    const contentType = 'application/timestamp-query';
    return {
      method: 'POST',
      path: '/api/v1/timestamp',
      contentType,
      body: timestampQuery(randomBytes(32)),
      status: 200,
    };
  }

  /** An entry for a signature over a new artifact, checked by the key or, if one was issued, the certificate. */
  logEntry(certificate?: X509Certificate): Call {
    const artifact = randomBytes(32);
    const material = certificate
      ? { x509Certificate: { rawBytes: certificate.raw.toString('base64') } }
      : { publicKey: { rawBytes: toBase64(spkiOf(this.#publicKey)) } };
    const body = Buffer.from(
      JSON.stringify({
        hashedRekordRequestV002: {
          digest: toBase64(sha256(artifact)),
          signature: {
            content: sign('sha256', artifact, this.#privateKey).toString('base64'),
            verifier: { ...material, keyDetails: 'PKIX_ECDSA_P256_SHA_256' },
          },
        },
      }),
    );
    return { method: 'POST', path: '/api/v2/log/entries', contentType: json, body, status: 201 };
  }
}

/**
 * Returns the certificate of an answer of Fulcio.
 * @throws CORE_JSON if it is no such answer
 */
export function issuedCertificate(answer: Buffer): X509Certificate {
  const document = parseJsonObject(answer, { what: 'answer of Fulcio', maxBytes: 1 << 20 });
  const { signedCertificateEmbeddedSct } = document as {
    signedCertificateEmbeddedSct?: { chain: { certificates: string[] } };
  };
  return new X509Certificate(signedCertificateEmbeddedSct?.chain.certificates[0] ?? '');
}

/** Passes if a timestamp was granted (RFC 3161 §2.4.2), over the digest that was sent; verifies no signature. */
export function assertTimestamped(answer: Buffer, { body = new Uint8Array() }: Call): void {
  const digest = Buffer.from(body.subarray(queryHead.length, queryHead.length + 32));
  const isGranted = answer.subarray(0, 16).includes(statusGranted);
  if (!isGranted || !answer.includes(digest)) throw new Error('timestamp: not granted, or over another digest');
}

/** Fulcio wants the proof over the claim that names the subject: the e-mail address, if there is one. */
function subjectOf(idToken: string): string {
  const payload = Buffer.from(idToken.split('.')[1] ?? '', 'base64url');
  const { email, sub } = parseJsonObject(payload, { what: 'ID token', maxBytes: 65_536 });
  return String(email ?? sub);
}

/** DER of a TimeStampReq (RFC 3161 §2.4.1), version 1, SHA-256, certificate wanted. */
function timestampQuery(digest: Uint8Array): Uint8Array {
  return Buffer.concat([queryHead, digest, Buffer.from('0101ff', 'hex')]);
}

const queryHead = Buffer.from('30390201013031300d060960864801650304020105000420', 'hex');
/** A PKIStatusInfo that holds nothing but 0. */
const statusGranted = Buffer.from('3003020100', 'hex');
