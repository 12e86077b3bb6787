import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { utf8 } from '../../../src/core/bytes.ts';
import { type AwsKmsSigner, openAwsKmsSigner } from '../../../src/keys/awskms-signer.ts';
import { openSigner } from '../../../src/keys/open-signer.ts';
import { verifySignature } from '../../../src/keys/signer.ts';
import { type FakeKms, type KeySpec, startFakeKms } from '../../support/fake-kms.ts';

const message = utf8('a timestamp');

let kms: FakeKms;
let arn: string;
beforeEach(async () => {
  kms = await startFakeKms();
  kms.expect(message);
  arn = kms.addKey('ECC_NIST_P256');
});
afterEach(async () => await kms[Symbol.asyncDispose]());

function open(keyId = arn, client: object = {}): Promise<AwsKmsSigner> {
  return openAwsKmsSigner(`awskms:///${keyId}`, { client: { ...kms.client, ...client } });
}

describe('openAwsKmsSigner', () => {
  it.each<[KeySpec, string, string]>([
    ['ECC_NIST_P256', 'ecdsa-p256-sha256', 'DIGEST'],
    ['ECC_NIST_P384', 'ecdsa-p384-sha384', 'DIGEST'],
    ['ECC_NIST_EDWARDS25519', 'ed25519', 'RAW'],
  ])('signs with a key of spec %s', async (spec, algorithm, messageType) => {
    const key = kms.addKey(spec);
    const signer = await open(key);
    expect(signer).toMatchObject({ uri: `awskms:///${key}`, arn: key, algorithm });
    expect(verifySignature(signer.publicKey, message, await signer.sign(message))).toBe(true);
    signer.close();
    expect(kms.requests.map(({ operation, region }) => [operation, region])).toEqual([
      ['GetPublicKey', 'eu-central-1'],
      ['Sign', 'eu-central-1'],
    ]);
    expect(kms.requests[1]?.input).toMatchObject({ KeyId: key, MessageType: messageType });
  });

  it('signs with the key that an alias led to when it was opened', async () => {
    kms.pointAlias('alias/online', arn);
    const signer = await open('alias/online', { region: 'eu-central-1' });
    kms.pointAlias('alias/online', kms.addKey('ECC_NIST_P256'));
    await signer.sign(message);
    expect(kms.requests.at(-1)?.input).toMatchObject({ KeyId: arn });
  });

  it('accepts a key ID in the region that the SDK finds', async () => {
    const signer = await open(arn.replace(/^.*\//, ''), { region: 'eu-west-1' });
    expect(signer.arn).toBe(arn);
    expect(kms.requests[0]?.region).toBe('eu-west-1');
  });

  it('refuses to send more than AWS KMS hashes itself', async () => {
    const signer = await open(kms.addKey('ECC_NIST_EDWARDS25519'));
    const refused = signer.sign(new Uint8Array(4_097));
    await expect(refused).rejects.toThrowToolkit('KEY_KMS_MESSAGE_TOO_LARGE', { length: 4_097 });
    const most = new Uint8Array(4_096);
    kms.expect(most);
    expect(await signer.sign(most)).toHaveLength(64);
  });

  it.each([
    ['a key that encrypts', { KeyUsage: 'ENCRYPT_DECRYPT' }, 'KEY_KMS_USAGE'],
    ['a key without usage', { KeyUsage: undefined }, 'KEY_KMS_USAGE'],
    ['a P-521 key', { KeySpec: 'ECC_NIST_P521' }, 'KEY_ALGORITHM'],
    ['an answer about another key', { KeyId: 'arn:aws:kms:eu-central-1:111122223333:key/0' }, 'KEY_KMS_OTHER_KEY'],
    ['an answer about no key', { KeyId: undefined }, 'KEY_KMS_OTHER_KEY'],
    ['a public key of another curve than the answer says', { KeySpec: 'ECC_NIST_P384' }, 'KEY_KMS_OTHER_KEY'],
    ['no public key', { PublicKey: undefined }, 'KEY_KMS_OTHER_KEY'],
    ['what is no public key', { PublicKey: 'AAAA' }, 'KEY_KMS_OTHER_KEY'],
    ['a public key of a megabyte', { PublicKey: 'A'.repeat(1_048_576) }, 'KEY_KMS_OTHER_KEY'],
  ])('refuses %s', async (_what, change, code) => {
    kms.tamper = (answer) => ({ ...answer, ...change });
    await expect(open()).rejects.toThrowToolkit(code);
  });

  it('refuses another key where a key ID was named', async () => {
    const other = kms.addKey('ECC_NIST_P256');
    kms.tamper = (answer) => ({ ...answer, KeyId: other });
    await expect(open(arn.replace(/^.*\//, ''), { region: 'eu-west-1' })).rejects.toThrowToolkit('KEY_KMS_OTHER_KEY');
  });

  it('refuses a signature of another key, whatever the answer says', async () => {
    const signer = await open();
    const other = kms.addKey('ECC_NIST_P256');
    kms.tamper = (answer) => ({ ...answer, KeyId: other });
    await expect(signer.sign(message)).rejects.toThrowToolkit('KEY_KMS_OTHER_KEY');
    const { Signature } = await stolenSignature(other);
    kms.tamper = (answer) => ({ ...answer, Signature });
    await expect(signer.sign(message)).rejects.toThrowToolkit('KEY_SIGNATURE_WRONG', { uri: signer.uri });
    kms.tamper = ({ KeyId }) => ({ KeyId });
    await expect(signer.sign(message)).rejects.toThrowToolkit('KEY_SIGNATURE_WRONG');
  });

  async function stolenSignature(key: string): Promise<{ Signature: string }> {
    kms.tamper = (answer) => answer;
    const signature = await (await open(key)).sign(message);
    return { Signature: Buffer.from(signature).toString('base64') };
  }

  it.each([
    ['NotFoundException', 'KEY_KMS_NOT_FOUND'],
    ['InvalidArnException', 'KEY_KMS_NOT_FOUND'],
    ['DisabledException', 'KEY_KMS_NOT_ENABLED'],
    ['KMSInvalidStateException', 'KEY_KMS_NOT_ENABLED'],
    ['UnsupportedOperationException', 'KEY_KMS_USAGE'],
    ['InvalidKeyUsageException', 'KEY_KMS_USAGE'],
    ['AccessDeniedException', 'KEY_KMS_DENIED'],
    ['UnrecognizedClientException', 'KEY_KMS_UNCONFIGURED'],
    ['ExpiredTokenException', 'KEY_KMS_UNCONFIGURED'],
    ['ValidationException', 'KEY_KMS_FAILED'],
  ])('says what %s means', async (refuse, code) => {
    const signer = await open();
    kms.tamper = () => ({ refuse });
    await expect(open()).rejects.toThrowToolkit(code, { operation: 'GetPublicKey' });
    await expect(signer.sign(message)).rejects.toThrowToolkit(code, { operation: 'Sign', uri: signer.uri });
  });

  it.each([
    ['ThrottlingException', 400, 'KEY_KMS_THROTTLED'],
    ['KMSInternalException', 500, 'KEY_KMS_FAILED'],
  ])('tries three times before it gives up over %s', async (refuse, status, code) => {
    kms.tamper = () => ({ refuse, status });
    await expect(open()).rejects.toThrowToolkit(code);
    expect(kms.requests).toHaveLength(3);
  });

  it('speaks TLS to the endpoint that a URI names', async () => {
    const { endpoint, ...client } = { ...kms.client, region: 'eu-central-1' };
    const uri = `awskms://${endpoint.replace('http://', '')}/alias/online`;
    await expect(openAwsKmsSigner(uri, { client })).rejects.toThrowToolkit('KEY_KMS_FAILED', { uri });
    expect(kms.requests).toEqual([]);
  });

  it('refuses to guess a region, and to go on without credentials or an endpoint', async () => {
    const noRegion = { region: async () => Promise.reject(new Error('Region is missing')) };
    await expect(open('alias/online', noRegion)).rejects.toThrowToolkit('KEY_KMS_UNCONFIGURED');
    const nobody = Object.assign(new Error('none'), { name: 'CredentialsProviderError' });
    const noCredentials = { credentials: async () => Promise.reject(nobody) };
    await expect(open(arn, noCredentials)).rejects.toThrowToolkit('KEY_KMS_UNCONFIGURED');
    await kms[Symbol.asyncDispose]();
    await expect(open()).rejects.toThrowToolkit('KEY_KMS_FAILED', { operation: 'GetPublicKey' });
  });
});

describe('openSigner', () => {
  it('accepts awskms:, with what the environment says', async () => {
    const environment = { AWS_ENDPOINT_URL: kms.url, AWS_ACCESS_KEY_ID: 'nobody', AWS_SECRET_ACCESS_KEY: 'nothing' };
    Object.assign(process.env, environment);
    const never = async () => Promise.reject(new Error('a secret was asked for'));
    const signer = await openSigner(`awskms:///${arn}`, { passphrase: never, pin: never });
    for (const name of Object.keys(environment)) delete process.env[name];
    expect(verifySignature(signer.publicKey, message, await signer.sign(message))).toBe(true);
    signer.close();
  });
});
