import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DisableKeyCommand,
  type KeySpec,
  KMSClient,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { CreateBucketCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { verifyByTwo } from '../../ceremony/candidate.ts';
import { runGenesis } from '../../ceremony/genesis.ts';
import { resignOnline } from '../../ceremony/resign-online.ts';
import { utf8 } from '../../src/core/bytes.ts';
import type { ToolkitError } from '../../src/core/error.ts';
import type { Signer } from '../../src/core/signer.ts';
import type { Store } from '../../src/core/store.ts';
import { type AwsKmsSigner, openAwsKmsSigner } from '../../src/keys/awskms-signer.ts';
import { openSigner } from '../../src/keys/open-signer.ts';
import { verifySignature } from '../../src/keys/signer.ts';
import { openStore } from '../../src/store/open-store.ts';
import { s3Store } from '../../src/store/s3-store.ts';
import { newIamUser } from '../support/iam-user.ts';
import { type Ministack, startMinistack } from '../support/ministack.ts';
import { holders, inDays, now, readerOf, rootPolicy, targets } from '../support/root-of-trust.ts';

/* An emulator signs with keys of its own making and decides of conditional writes; what only AWS does is not shown. */

const message = utf8('a timestamp');
const noSecrets = { passphrase: async () => 'none', pin: async () => 'none' };

let directory: string;
let ministack: Ministack;
let kms: KMSClient;
let s3: S3Client;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sigstead-aws-'));
  ministack = await startMinistack();
  Object.assign(process.env, ministack.environment);
  kms = new KMSClient();
  s3 = new S3Client();
}, 90_000);

afterAll(async () => {
  kms?.destroy();
  s3?.destroy();
  await ministack?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

async function newKey(spec: KeySpec | 'SYMMETRIC_DEFAULT' = 'ECC_NIST_P256'): Promise<string> {
  const usage = spec === 'SYMMETRIC_DEFAULT' ? 'ENCRYPT_DECRYPT' : 'SIGN_VERIFY';
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ KeySpec: spec, KeyUsage: usage }));
  return KeyMetadata?.Arn ?? '';
}

async function newBucket(name: string): Promise<string> {
  await s3.send(new CreateBucketCommand({ Bucket: name }));
  return name;
}

async function open(keyId: string): Promise<AwsKmsSigner> {
  return await openAwsKmsSigner(`awskms:///${keyId}`);
}

/** What OpenSSL, who knows nothing of us, says of a signature. */
async function opensslVerifies(signer: Signer, signature: Uint8Array): Promise<string> {
  const file = (name: string) => join(directory, name);
  await writeFile(file('key.pem'), signer.publicKey.export({ type: 'spki', format: 'pem' }));
  await writeFile(file('message'), message);
  await writeFile(file('signature'), signature);
  const inputs = ['-pubin', '-inkey', file('key.pem'), '-rawin', '-in', file('message'), '-sigfile', file('signature')];
  const digests = {
    'ecdsa-p256-sha256': ['-digest', 'sha256'],
    'ecdsa-p384-sha384': ['-digest', 'sha384'],
    ed25519: [],
  };
  const args = ['pkeyutl', '-verify', ...inputs, ...digests[signer.algorithm]];
  return execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' }).trim();
}

describe('openAwsKmsSigner', () => {
  it.each<KeySpec>(['ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_EDWARDS25519'])('signs with %s', async (spec) => {
    const uri = `awskms:///${await newKey(spec)}`;
    const signer = await openSigner(uri, noSecrets);
    const signature = await signer.sign(message);
    expect(verifySignature(signer.publicKey, message, signature)).toBe(true);
    expect(await opensslVerifies(signer, signature)).toBe('Signature Verified Successfully');
    signer.close();
  });

  it('accepts an alias and a key ID', async () => {
    const arn = await newKey();
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/online', TargetKeyId: arn }));
    for (const name of ['alias/online', arn.replace(/^.*\//, '')]) {
      const signer = await open(name);
      expect(signer.arn).toBe(arn);
      await signer.sign(message);
      signer.close();
    }
  });

  it('refuses a key that does not sign or is unknown', async () => {
    await expect(open(await newKey('SYMMETRIC_DEFAULT'))).rejects.toThrowToolkit('KEY_KMS_USAGE');
    await expect(open(await newKey('ECC_NIST_P521'))).rejects.toThrowToolkit('KEY_ALGORITHM');
    const unknown = (await newKey()).replace(/[^/]+$/, '00000000-0000-4000-8000-000000000000');
    await expect(open(unknown)).rejects.toThrowToolkit('KEY_KMS_NOT_FOUND');
  });

  it('refuses to sign where the user may only read the key, or not even that', async () => {
    const uri = `awskms:///${await newKey()}`;
    const reader = await newIamUser(ministack.environment, 'reader', ['kms:GetPublicKey']);
    const signer = await openAwsKmsSigner(uri, { client: { credentials: reader } });
    await expect(signer.sign(message)).rejects.toThrowToolkit('KEY_KMS_DENIED', { operation: 'Sign' });
    signer.close();
    const stranger = await newIamUser(ministack.environment, 'stranger', ['s3:ListAllMyBuckets']);
    const opened = openAwsKmsSigner(uri, { client: { credentials: stranger } });
    await expect(opened).rejects.toThrowToolkit('KEY_KMS_DENIED', { operation: 'GetPublicKey' });
  });

  it.each([
    ['disabled', (KeyId: string) => kms.send(new DisableKeyCommand({ KeyId }))],
    ['about to be deleted', (KeyId: string) => kms.send(new ScheduleKeyDeletionCommand({ KeyId }))],
  ])('refuses to sign with a key that is %s', async (_what, end) => {
    const arn = await newKey();
    const signer = await open(arn);
    await end(arn);
    await expect(signer.sign(message)).rejects.toThrowToolkit('KEY_KMS_NOT_ENABLED', { operation: 'Sign' });
    signer.close();
  });

  it('refuses credentials that AWS does not know', async () => {
    const arn = await newKey();
    const credentials = { accessKeyId: 'stranger', secretAccessKey: 'guess' };
    const opened = openAwsKmsSigner(`awskms:///${arn}`, { client: { credentials } });
    await expect(opened).rejects.toThrowToolkit('KEY_KMS_UNCONFIGURED');
  });
});

describe('S3Store', () => {
  it('keeps what was created, and lets one of two replace a file', async () => {
    const uri = `s3://${await newBucket('acme-store')}/production`;
    const [alice, bob] = [openStore(uri), openStore(uri)];
    for (const store of [alice, bob]) expect(await store.read('timestamp.json', 10)).toBeUndefined();
    await alice.create('1.root.json', utf8('root'));
    await bob.create('1.root.json', utf8('root'));
    await expect(bob.create('1.root.json', utf8('else'))).rejects.toThrowToolkit('STORE_EXISTS');
    await alice.replace('timestamp.json', utf8('1'));
    await expect(bob.replace('timestamp.json', utf8('2'))).rejects.toThrowToolkit('STORE_CHANGED');
    expect(await bob.read('timestamp.json', 10)).toEqual(utf8('1'));
    await bob.replace('timestamp.json', utf8('2'));
    await expect(alice.replace('timestamp.json', utf8('3'))).rejects.toThrowToolkit('STORE_CHANGED');
    expect(await alice.read('timestamp.json', 10)).toEqual(utf8('2'));
    await expect(alice.read('timestamp.json', 0)).rejects.toThrowToolkit('CORE_TOO_LARGE');
    const head = new HeadObjectCommand({ Bucket: 'acme-store', Key: 'production/timestamp.json' });
    expect(await s3.send(head)).toMatchObject({ CacheControl: 'no-store', ContentType: 'application/json' });
  });

  it('refuses to write where the user may only read', async () => {
    const uri = `s3://${await newBucket('acme-guarded')}`;
    await openStore(uri).create('1.root.json', utf8('root'));
    const credentials = await newIamUser(ministack.environment, 'mirror', ['s3:GetObject', 's3:ListBucket']);
    const store = s3Store(uri, { client: { credentials } });
    expect(await store.read('1.root.json', 10)).toEqual(utf8('root'));
    expect(await store.read('2.root.json', 10)).toBeUndefined();
    const refused = store.create('2.root.json', utf8('root'));
    await expect(refused).rejects.toThrowToolkit('STORE_DENIED', { operation: 'PutObject', path: '2.root.json' });
  });

  it('refuses a bucket that is not there', async () => {
    const store = openStore('s3://acme-nowhere');
    await expect(store.read('timestamp.json', 10)).rejects.toThrowToolkit('STORE_NO_BUCKET');
    await expect(store.create('1.root.json', utf8('root'))).rejects.toThrowToolkit('STORE_NO_BUCKET');
  });
});

describe('resignOnline', () => {
  it.each([
    ['snapshot and timestamp', true],
    ['the timestamp alone', false],
  ])('signs %s in S3 with a key in AWS KMS, also when two run at once', async (_what, force) => {
    const uri = `s3://${await newBucket(`acme-resign-${force}`)}/tuf`;
    const key = `awskms:///${await newKey()}`;
    const online = await openSigner(key, noSecrets);
    const policy = rootPolicy();
    const common = { policy, holders: holders(), online, targets, now };
    const { root } = await runGenesis({ ...common, store: openStore(uri) });
    const verified = async (at: Date) =>
      await verifyByTwo({ read: readerOf(openStore(uri)), pinnedRoot: root.bytes, now: at });
    let last = (await verified(now)).versions;
    for (const day of [1.5, 3, 4.5, 6]) {
      const at = inDays(day);
      const run = async (store: Store) =>
        await resignOnline({ policy, store, online, pinnedRoot: root.bytes, now: at, force });
      const outcomes = await Promise.allSettled([run(openStore(uri)), run(openStore(uri))]);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).not.toEqual([]);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect((outcome.reason as ToolkitError).code).toBe('CER_BUSY');
      }
      const { versions } = await verified(at);
      expect(versions.timestamp).toBeGreaterThan(last.timestamp);
      expect(versions.snapshot).toBeGreaterThanOrEqual(last.snapshot + (force ? 1 : 0));
      last = versions;
    }
    online.close();
  });
});
