import { createPublicKey, type KeyObject } from 'node:crypto';
import type { GetPublicKeyCommandOutput } from '@aws-sdk/client-kms';
import { ToolkitError } from '../core/error.ts';
import type { SignatureAlgorithm } from '../core/signer.ts';
import { algorithmOf } from './algorithm.ts';
import type { AwsKmsKeyUri } from './awskms-uri.ts';

/** A key as AWS KMS describes it. */
export interface KmsKey {
  /** Of the key itself, whatever name it was asked for by. */
  readonly arn: string;
  readonly algorithm: SignatureAlgorithm;
  readonly publicKey: KeyObject;
}

const algorithmOfSpec: Readonly<Record<string, SignatureAlgorithm>> = {
  ECC_NIST_P256: 'ecdsa-p256-sha256',
  ECC_NIST_P384: 'ecdsa-p384-sha384',
  ECC_NIST_EDWARDS25519: 'ed25519',
};

/** No public key that is taken here has more. */
const maxSpkiBytes = 1_024;

/**
 * Returns the key that an answer to GetPublicKey describes, if it is the one that the URI names and one that signs.
 * @throws KEY_KMS_USAGE, KEY_ALGORITHM if another key has to be used
 * @throws KEY_KMS_OTHER_KEY if the answer is not about the key that was asked for, or contradicts itself
 */
export function kmsKeyOf(uri: string, wanted: AwsKmsKeyUri, answer: GetPublicKeyCommandOutput): KmsKey {
  const { KeyId: arn = '', KeyUsage: usage, KeySpec: spec = '' } = answer;
  if (!isArnOf(wanted, arn)) throw otherKey(uri, `the key ${JSON.stringify(arn.slice(0, 200))}`);
  if (usage !== 'SIGN_VERIFY') throw notForSigning(uri, usage ?? 'none');
  const algorithm = algorithmOfSpec[spec];
  if (algorithm === undefined) throw unknownSpec(uri, spec);
  const publicKey = parseSpki(uri, answer.PublicKey);
  const got = algorithmOf(publicKey, uri);
  if (got !== algorithm) throw otherKey(uri, `a key of spec ${spec} with a public key for ${got}`);
  return { arn, algorithm, publicKey };
}

/**
 * Passes if AWS KMS answered with this key. An alias can be pointed at another key at any time.
 * @throws KEY_KMS_OTHER_KEY
 */
export function assertAnsweredBy(uri: string, arn: string, answered: string | undefined): void {
  if (answered !== arn) throw otherKey(uri, `the key ${JSON.stringify((answered ?? '').slice(0, 200))}`);
}

/** An alias leads to some key; every other name is in the ARN, or is the ARN. */
function isArnOf({ keyId }: AwsKmsKeyUri, arn: string): boolean {
  if (!/^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key\/[0-9a-z-]+$/.test(arn)) return false;
  if (/(^|:)alias\//.test(keyId)) return true;
  return keyId.startsWith('arn:') ? arn === keyId : arn.endsWith(`:key/${keyId}`);
}

function parseSpki(uri: string, spki: Uint8Array | undefined): KeyObject {
  if (spki === undefined || spki.length > maxSpkiBytes) throw otherKey(uri, 'no public key of a plausible size');
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch (cause) {
    throw otherKey(uri, 'a public key that is no SubjectPublicKeyInfo', cause);
  }
}

function notForSigning(uri: string, usage: string): ToolkitError {
  return new ToolkitError('KEY_KMS_USAGE', {
    message: `${uri}: expected a key of usage SIGN_VERIFY, got ${usage}`,
    fault: 'input',
    data: { uri, usage },
    hint: 'the usage of a key never changes: make one with usage SIGN_VERIFY and spec ECC_NIST_P256',
  });
}

function unknownSpec(uri: string, spec: string): ToolkitError {
  return new ToolkitError('KEY_ALGORITHM', {
    message: `${uri}: expected a key of spec ${Object.keys(algorithmOfSpec).join(', ')}, got ${spec || 'none'}`,
    fault: 'input',
    data: { what: uri, got: spec },
    hint: 'make a new key: no client of the ecosystem verifies every other kind',
  });
}

function otherKey(uri: string, got: string, cause?: unknown): ToolkitError {
  return new ToolkitError('KEY_KMS_OTHER_KEY', {
    message: `${uri}: expected an answer about this key, got ${got}`,
    fault: 'evidence',
    data: { uri, got },
    hint: 'do not sign: find out what answers in place of AWS KMS (endpoint, proxy, DNS), and keep its answers',
    cause,
  });
}
