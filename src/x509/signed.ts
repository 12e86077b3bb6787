import { createHash, type KeyObject } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import { AlgorithmIdentifier, SubjectPublicKeyInfo } from '@peculiar/asn1-x509';
import { spkiOf } from '../core/digest.ts';
import type { SignatureAlgorithm } from '../core/signer.ts';
import { oid } from './oids.ts';

const signatureOid: Readonly<Record<SignatureAlgorithm, string>> = {
  'ecdsa-p256-sha256': oid.ecdsaWithSha256,
  'ecdsa-p384-sha384': oid.ecdsaWithSha384,
  ed25519: oid.ed25519,
};

export function signatureAlgorithmOf(algorithm: SignatureAlgorithm): AlgorithmIdentifier {
  return new AlgorithmIdentifier({ algorithm: signatureOid[algorithm] });
}

export function keyInfoOf(publicKey: KeyObject): SubjectPublicKeyInfo {
  return AsnConvert.parse(spkiOf(publicKey), SubjectPublicKeyInfo);
}

/** Returns the key identifier that Go and OpenSSL compute too: SHA-1 of the key's bits (RFC 5280 §4.2.1.2, method 1). */
export function keyIdOf(publicKey: KeyObject): Uint8Array {
  return new Uint8Array(
    createHash('sha1')
      .update(new Uint8Array(keyInfoOf(publicKey).subjectPublicKey))
      .digest(),
  );
}

export function toDer(value: unknown): Uint8Array {
  return new Uint8Array(AsnConvert.serialize(value));
}

/** Copies bytes into a buffer of their own, which is what the ASN.1 structures hold. */
export function toBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
