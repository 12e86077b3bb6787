import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runGenesis } from '../../ceremony/genesis.ts';
import type { FunctionName } from '../../lib/deployment.ts';
import { edgeUrl } from '../../local/endpoints.ts';
import { StateDirectory } from '../../local/state.ts';
import { bundleFunctions } from '../../operate/functions/bundle.ts';
import { readInstanceFacts } from '../../operate/instance-facts.ts';
import { readTrustMaterial } from '../../operate/instance-material.ts';
import { parseRootPolicy } from '../../src/config/root-policy.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { addMs, dayMs } from '../../src/core/clock.ts';
import { openAwsKmsSigner } from '../../src/keys/awskms-signer.ts';
import { openStore } from '../../src/store/open-store.ts';
import { type Invocation, invokeFunction } from '../operate/functions/invoked-function.ts';
import { shardDatabaseCases } from '../operate/functions/shard-database-cases.ts';
import { startTestInstance, type TestInstance, temporaryDirectory, testUser } from '../support/instance.ts';
import { type LoopbackServer, startLoopbackServer } from '../support/loopback-server.ts';
import { type Ministack, startMinistack } from '../support/ministack.ts';
import { holders, targets } from '../support/root-of-trust.ts';

/* The functions as they are deployed: bundled, each in a process of its own, with the emulator of AWS and a real database. */

const hasMariaDb = existsSync('/usr/sbin/mariadbd');
const skipped = hasMariaDb ? '' : ' (SKIPPED: needs mariadbd; on Debian: apt-get install mariadb-server)';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let ministack: Ministack;
let secrets: SecretsManagerClient;

beforeAll(async () => {
  directory = await temporaryDirectory();
  ministack = await startMinistack();
  Object.assign(process.env, ministack.environment);
  secrets = new SecretsManagerClient();
}, 90_000);

afterAll(async () => {
  secrets?.destroy();
  await ministack?.[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
}, 60_000);

async function bundled(name: FunctionName, contents: Parameters<typeof bundleFunctions>[1] = {}): Promise<string> {
  return (await bundleFunctions(join(directory.path, 'functions', name), contents)).get(name) ?? '';
}

async function newSecret(name: string, value: object): Promise<string> {
  const { ARN } = await secrets.send(new CreateSecretCommand({ Name: name, SecretString: JSON.stringify(value) }));
  return ARN ?? '';
}

(hasMariaDb ? describe : describe.skip)(`shard-database${skipped}`, () => {
  shardDatabaseCases(() => ({ directory: directory.path, environment: ministack.environment }));
});

describe('resign-online', () => {
  it('signs with the key in KMS what is due in the bucket, remembers it, and refuses what was put back', async () => {
    const [kms, s3] = [new KMSClient(), new S3Client()];
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }));
    for (const Bucket of ['acme-tuf', 'acme-memory']) await s3.send(new CreateBucketCommand({ Bucket }));
    const text = await readFile('examples/root-signing/policy.yaml', 'utf8');
    const ONLINE_KEY = `awskms:///${KeyMetadata?.Arn}`;
    const online = await openAwsKmsSigner(ONLINE_KEY);
    const store = openStore('s3://acme-tuf');
    // Two days ago, so that the timestamp is due and nothing has expired.
    const now = addMs(new Date(), -2 * dayMs);
    const { root } = await runGenesis({
      policy: parseRootPolicy(text, 'policy.yaml'),
      holders: holders(),
      online,
      targets,
      store,
      now,
    });
    online.close();
    const before = (await store.read('timestamp.json', 65_536)) ?? new Uint8Array();
    const code = await bundled('resign-online', { pinnedRoot: root.bytes, policy: utf8(text) });
    const environment = {
      INSTANCE: 'acme',
      REPOSITORY_STORE: 's3://acme-tuf',
      MEMORY_STORE: 's3://acme-memory/resign-online',
      ONLINE_KEY,
    };
    const run = async () => await invokeFunction(code, { ...environment, ...ministack.environment });
    const signed = await run();
    expect(signed).toMatchObject({ result: { changed: ['timestamp.json'], versions: { timestamp: 2 } } });
    expect(signed.metrics['TufTimestampExpiresInHours']?.[0]).toBeGreaterThan(24 * 6.9);
    expect((await run()).result).toMatchObject({ changed: [] });
    const listed = await s3.send(new ListObjectsV2Command({ Bucket: 'acme-memory' }));
    expect(listed.Contents?.map(({ Key }) => Key)).toEqual(['resign-online/published.json']);
    const attacker = openStore('s3://acme-tuf');
    await attacker.read('timestamp.json', 65_536);
    await attacker.replace('timestamp.json', before);
    const refused = await run();
    expect(refused).toMatchObject({ error: { code: 'OPS_ROLLED_BACK', fault: 'evidence' } });
    expect(refused.result).toBeUndefined();
    expect(refused.metrics).toMatchObject({ Evidence: [1], RootExpiresInDays: [expect.any(Number)] });
    for (const client of [kms, s3]) client.destroy();
  }, 120_000);
});

/** Serves what Rekor wrote as S3 does behind the edge: below the API, with the time of the last write. */
async function serveBucket(data: string): Promise<LoopbackServer> {
  return await startLoopbackServer(async (request, response) => {
    const file = join(data, new URL(request.url ?? '/', 'http://bucket').pathname.replace('/api/v2/', '/'));
    const bytes = await readFile(file).catch(() => undefined);
    const written = bytes && (await stat(file)).mtime.toUTCString();
    response.writeHead(bytes ? 200 : 404, written ? { 'last-modified': written } : {}).end(bytes);
  });
}

describe('prober and monitor', () => {
  const password = 'a secret of the prober';
  const [rekor, ct] = ['rekor-log2026-1', 'ct-ct2026-1'];
  let instance: TestInstance;
  let tokens: LoopbackServer;
  let bucket: LoopbackServer;
  let environment: Readonly<Record<string, string>>;
  let functions: ReadonlyMap<FunctionName, string>;

  beforeAll(async () => {
    const state = join(directory.path, 'state');
    instance = await startTestInstance({ state });
    const facts = await readInstanceFacts(new StateDirectory(state));
    const material = await readTrustMaterial(new StateDirectory(state));
    bucket = await serveBucket(new StateDirectory(state).dataOf(rekor));
    const log = (service: string, kind: string, url: string, origin = '') => ({ service, kind, origin, url });
    // Gives the token of a test user for a password: what an identity provider does for a machine.
    tokens = await startLoopbackServer(async (request, response) => {
      const form = new URLSearchParams((await buffer(request)).toString());
      const isKnown = form.get('grant_type') === 'password' && form.get('password') === password;
      const answer = isKnown ? { id_token: await instance.token() } : { error: 'invalid_grant' };
      response.writeHead(isKnown ? 200 : 400).end(JSON.stringify(answer));
    });
    const account = {
      source: 'token-endpoint',
      url: tokens.url,
      grant: 'password',
      clientId: 'sigstore',
      token: 'id_token',
    };
    const whom = { username: 'prober', identity: testUser, issuer: instance.issuer };
    for (const [name, each] of [
      ['acme/prober', password],
      ['acme/prober-wrong', 'guess'],
    ]) {
      await newSecret(name ?? '', { ...account, ...whom, password: each });
    }
    const s3 = new S3Client();
    await s3.send(new CreateBucketCommand({ Bucket: 'acme-seen' }));
    s3.destroy();
    const pinnedRoot = new Uint8Array(await readFile(instance.rootFile));
    functions = await bundleFunctions(join(directory.path, 'both'), { pinnedRoot });
    environment = {
      ...{
        INSTANCE: 'acme',
        REPOSITORY_URL: instance.tufUrl,
        MEMORY_STORE: 's3://acme-seen/monitor',
        SECRET_ARN: 'acme/prober',
      },
      LOGS: JSON.stringify([
        log(rekor, 'rekor', bucket.url, material?.rekor[0]?.origin),
        log(ct, 'ct', edgeUrl(facts, ct), material?.ct[0]?.origin),
      ]),
      // Nobody on this machine shows a TLS certificate.
      AUTHORITIES: JSON.stringify(
        material?.fulcio.map(({ uri }) => ({ service: 'fulcio', url: uri.replace(/^https:/, 'http:') })),
      ),
      ...ministack.environment,
    };
  }, 240_000);

  afterAll(async () => {
    await tokens?.close();
    await bucket?.close();
    await instance?.[Symbol.asyncDispose]();
  }, 60_000);

  const run = async (name: FunctionName, change: Readonly<Record<string, string>> = {}) =>
    await invokeFunction(functions.get(name) ?? '', { ...environment, ...change });

  it('sign and verify with a real instance, and see its logs grow', async () => {
    const first = await run('monitor');
    expect(first).toMatchObject({ result: { logs: [{ service: rekor }, { service: ct }] } });
    const probed = await run('prober');
    expect(probed.output).not.toContain(password);
    expect(probed).toMatchObject({ result: {}, metrics: { ProberFailure: [0], ProberLatency: [expect.any(Number)] } });
    expect(Object.keys(probed.metrics)).toEqual(
      expect.arrayContaining([
        `CheckpointAgeSeconds{${rekor}}`,
        `CheckpointAgeSeconds{${ct}}`,
        'CertificateExpiresInDays{fulcio}',
      ]),
    );
    const second = await run('monitor');
    const sizes = (seen: Invocation) => seen.metrics[`LogSize{${rekor}}`]?.[0] ?? -1;
    expect(sizes(second)).toBeGreaterThan(sizes(first));
    expect(second.metrics).toMatchObject({ [`MonitorFailure{${rekor}}`]: [0], [`MonitorFailure{${ct}}`]: [0] });
  }, 120_000);

  it('report each part that is out of reach, and the rest all the same', async () => {
    const probed = await run('prober', { SECRET_ARN: 'acme/prober-wrong' });
    expect(probed).toMatchObject({ metrics: { ProberFailure: [1] }, error: { code: 'OPS_PROBE_FAILED' } });
    expect(probed.result).toBeUndefined();
    expect(Object.keys(probed.metrics)).toContain(`CheckpointAgeSeconds{${ct}}`);
    const logs = JSON.parse(environment['LOGS'] ?? '') as { service: string; url: string }[];
    const cut = logs.map((log) => (log.service === rekor ? { ...log, url: `${log.url}/nowhere` } : log));
    const watched = await run('monitor', { LOGS: JSON.stringify(cut) });
    expect(watched.metrics).toMatchObject({ [`MonitorFailure{${rekor}}`]: [1], [`MonitorFailure{${ct}}`]: [0] });
    expect(await run('monitor', { LOGS: JSON.stringify(logs.slice(1)) })).toMatchObject({
      error: { message: expect.stringContaining('nobody watches') },
    });
  }, 120_000);
});
