import { hash } from 'node:crypto';
import type { KMSClientConfig, SignCommandInput, SignCommandOutput } from '@aws-sdk/client-kms';
import { awsClientLimits, awsDeadline } from '../core/aws.ts';
import { ToolkitError } from '../core/error.ts';
import type { SignatureAlgorithm, Signer } from '../core/signer.ts';
import { digestOf } from './algorithm.ts';
import { atKms } from './awskms-errors.ts';
import { assertAnsweredBy, type KmsKey, kmsKeyOf } from './awskms-public-key.ts';
import { type AwsKmsKeyUri, parseAwsKmsUri } from './awskms-uri.ts';
import { assertSignature } from './signer.ts';

export interface AwsKmsSigner extends Signer {
  /** Of the key that signs, whatever name it was opened by. */
  readonly arn: string;
  /** Ends the connections. */
  close(): void;
}

export interface AwsKmsSignerOptions {
  /** What a test wants otherwise than the SDK finds it in its surroundings. */
  readonly client?: KMSClientConfig;
}

/** AWS KMS takes no more where it hashes itself, as it does for Ed25519. */
const maxRawBytes = 4_096;

/**
 * Opens the key that an `awskms:` URI names. The caller closes it. The region is that of the ARN; credentials, and a
 * region where the URI names none, are what the AWS SDK finds: environment, profile, role.
 *
 * Every signature is from the key whose public half was read here, even if an alias leads elsewhere by then, and is
 * verified in software before it is returned.
 * @throws KEY_URI
 * @throws KEY_KMS_NOT_FOUND, KEY_KMS_USAGE, KEY_ALGORITHM if another key has to be named
 * @throws KEY_KMS_DENIED, KEY_KMS_NOT_ENABLED, KEY_KMS_UNCONFIGURED, KEY_KMS_THROTTLED, KEY_KMS_FAILED, also when signing
 * @throws KEY_KMS_OTHER_KEY, also when signing; KEY_SIGNATURE_WRONG, KEY_KMS_MESSAGE_TOO_LARGE when signing
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html
 */
export async function openAwsKmsSigner(uri: string, options: AwsKmsSignerOptions = {}): Promise<AwsKmsSigner> {
  const wanted = parseAwsKmsUri(uri);
  // Loading the SDK takes a tenth of a second, and few verbs need it.
  const { GetPublicKeyCommand, KMSClient, SignCommand } = await import('@aws-sdk/client-kms');
  const client = new KMSClient(clientConfig(wanted, options));
  try {
    const answer = await atKms(uri, 'GetPublicKey', async () => {
      return await client.send(new GetPublicKeyCommand({ KeyId: wanted.keyId }), { abortSignal: awsDeadline() });
    });
    const key = kmsKeyOf(uri, wanted, answer);
    const request = (input: SignCommandInput) => client.send(new SignCommand(input), { abortSignal: awsDeadline() });
    return {
      uri,
      ...key,
      sign: async (message) => await sign(uri, key, { message, request }),
      close: () => client.destroy(),
    };
  } catch (error) {
    client.destroy();
    throw error;
  }
}

interface Signing {
  readonly message: Uint8Array;
  readonly request: (input: SignCommandInput) => Promise<SignCommandOutput>;
}

async function sign(uri: string, { arn, algorithm, publicKey }: KmsKey, signing: Signing): Promise<Uint8Array> {
  const { message, request } = signing;
  const input = { KeyId: arn, ...signInput(uri, algorithm, message) };
  const { KeyId, Signature = new Uint8Array() } = await atKms(uri, 'Sign', () => request(input));
  assertAnsweredBy(uri, arn, KeyId);
  const signature = new Uint8Array(Signature);
  assertSignature({ uri, what: arn, device: 'AWS KMS', publicKey }, message, signature);
  return signature;
}

function signInput(
  uri: string,
  algorithm: SignatureAlgorithm,
  message: Uint8Array,
): Pick<SignCommandInput, 'Message' | 'MessageType' | 'SigningAlgorithm'> {
  const digest = digestOf(algorithm);
  if (digest === null) {
    if (message.length > maxRawBytes) throw messageTooLarge(uri, message.length);
    return { Message: message, MessageType: 'RAW', SigningAlgorithm: 'ED25519_SHA_512' };
  }
  const SigningAlgorithm = digest === 'sha256' ? 'ECDSA_SHA_256' : 'ECDSA_SHA_384';
  return { Message: hash(digest, message, 'buffer'), MessageType: 'DIGEST', SigningAlgorithm };
}

function clientConfig({ endpoint, region }: AwsKmsKeyUri, { client }: AwsKmsSignerOptions): KMSClientConfig {
  return {
    ...awsClientLimits,
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint: `https://${endpoint}` }),
    ...client,
  };
}

function messageTooLarge(uri: string, length: number): ToolkitError {
  return new ToolkitError('KEY_KMS_MESSAGE_TOO_LARGE', {
    message: `${uri}: expected at most ${maxRawBytes} bytes to sign with an Ed25519 key in AWS KMS, got ${length}`,
    fault: 'input',
    data: { uri, maxBytes: maxRawBytes, length },
    hint: 'use a key of spec ECC_NIST_P256: of what it signs, AWS KMS gets only the digest',
  });
}
