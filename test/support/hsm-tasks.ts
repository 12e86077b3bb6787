import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TaskDefinition } from '@aws-sdk/client-ecs';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { Template } from 'aws-cdk-lib/assertions';
import type { Deployment } from '../../lib/deployment.ts';
import type { ReadyService } from '../../lib/readiness.ts';
import { databasePort, type Placement, type RenderedContainer, renderContainer } from '../../lib/render.ts';
import { renderFreeze } from '../../lib/render-freeze.ts';
import { provisionShard } from '../../operate/functions/provisioning/provision.ts';
import type { ShardDatabase } from '../../operate/functions/provisioning/shard-database.ts';
import { waitFor } from '../../src/core/wait.ts';
import { type RunningProgram, startProgram } from '../../src/process/supervised-program.ts';
import { parseChain } from '../../src/x509/chain.ts';
import { resourcesOf } from '../stacks/services/support.ts';
import { prepareMariaDb, startMariaDb } from './aws/mariadb.ts';
import type { Host } from './aws/network.ts';
import { makeTestCa } from './aws/test-ca.ts';
import type { FakeIssuer } from './fake-issuer.ts';
import { startMinistack } from './ministack.ts';

/* What stands around the tasks of Fulcio, a CT log and a timestamp authority that are started in their images. */

/** Makes what answers on loopback reachable at another address of this machine. */
export async function expose(url: string, address: string): Promise<Server> {
  const port = Number(new URL(url).port);
  const bridge = createServer((socket) => pipeBoth(socket, connect(port, '127.0.0.1')));
  bridge.listen(port, address);
  await once(bridge, 'listening');
  return bridge;
}

function pipeBoth(a: Socket, b: Socket): void {
  a.pipe(b).on('error', () => a.destroy());
  b.pipe(a).on('error', () => b.destroy());
}

/** Makes the issuer reachable by the name that its tokens have: without TLS that is loopback, which is each task's own. */
export async function forwardLoopback(
  directory: string,
  { namespace }: Host,
  address: string,
  port: string,
): Promise<RunningProgram> {
  const script = `const { connect, createServer } = require('node:net');
createServer((a) => { const b = connect(${port}, '${address}'); a.pipe(b).pipe(a); a.on('error', () => b.destroy()); b.on('error', () => a.destroy()); })
  .listen(${port}, '127.0.0.1', () => console.log('forwards'));`;
  const program = await startProgram({
    ...{ name: 'forward', file: '/usr/sbin/ip', args: ['netns', 'exec', namespace, process.execPath, '-e', script] },
    ...{
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      cwd: directory,
      logFile: join(directory, `forward-${namespace}`),
    },
  });
  await waitFor(() => program.head().includes('forwards'), { what: 'the forwarder', timeoutMs: 20_000 });
  return program;
}

/** Returns the task of a stack as ECS tells it: what the template says, with small letters first. */
export function definitionOf(template: Template | undefined, family: string): TaskDefinition {
  const resource = resourcesOf(template, 'AWS::ECS::TaskDefinition').find(
    ({ Properties }) => Properties['Family'] === family,
  );
  if (!resource) throw new Error(`${family}: no such task`);
  const lowered = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(lowered);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name.charAt(0).toLowerCase() + name.slice(1), lowered(inner)]),
    );
  };
  return lowered(resource.Properties) as TaskDefinition;
}

/** Where a CT log on AWS keeps its entries: an emulated bucket, and MariaDB for Aurora. */
export interface LogStore extends AsyncDisposable {
  readonly endpoint: string;
  readonly credentials: Readonly<Record<string, string>>;
  readonly password: string;
  /** A task of the log's stack, its server's or the one that ends it, with the database that is here. */
  taskOf(definition: TaskDefinition, task: 'server' | 'freeze'): TaskDefinition;
}

/** Starts a database with the user and the rights that the stacks give a shard. */
async function startShardDatabase(directory: string, shard: ShardDatabase, password: string) {
  const ca = await makeTestCa(join(directory, 'ca'));
  const mariadb = join(directory, 'mariadb');
  await prepareMariaDb(mariadb);
  // The driver takes a host that is an address for localhost, where it compares names.
  const tls = { ...(await ca.issue('database', shard.host, 'localhost')), ca: ca.file };
  const database = await startMariaDb({ directory: mariadb, address: shard.host, port: shard.port, tls });
  const admin = { username: 'admin', password: randomBytes(16).toString('hex') };
  await database.run(
    `CREATE USER '${admin.username}'@'%' IDENTIFIED BY '${admin.password}' REQUIRE SSL`,
    `GRANT ALL PRIVILEGES ON *.* TO '${admin.username}'@'%' WITH GRANT OPTION`,
  );
  await provisionShard({ shard, admin, own: { username: shard.user, password }, caPem: ca.pem });
  return { database, caPem: ca.pem };
}

export async function startLogStore(
  directory: string,
  address: string,
  deployment: Deployment,
  service: ReadyService,
): Promise<LogStore> {
  await using stack = new AsyncDisposableStack();
  const { names, aws } = deployment;
  const { region, hsmKey, log } = service;
  const [user, password] = [names.database(service.id), randomBytes(16).toString('hex')];
  const shard = {
    ...{ service: service.id, user, database: user, antispamDatabase: names.antispamDatabase(service.id) },
    ...{ secretArn: 'shard', adminSecretArn: 'admin', host: address, port: databasePort },
  } as ShardDatabase;
  const { database, caPem } = await startShardDatabase(directory, shard, password);
  stack.use(database);
  const emulator = stack.use(await startMinistack());
  const { AWS_ENDPOINT_URL: inside = '', ...credentials } = emulator.environment;
  const s3 = new S3Client({
    ...{ endpoint: inside, region, forcePathStyle: true },
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  for (const owner of [service.id, 'records']) {
    await s3.send(new CreateBucketCommand({ Bucket: names.bucket(owner, region) }));
  }
  const port = new URL(inside).port;
  const bridge = await expose(inside, address);
  stack.defer(() => void bridge.close());
  const place: Placement = {
    ...{ names, region, database: { host: address, caPem } },
    ...(log && { log }),
    ...(aws.hsm && hsmKey && { hsm: { ...aws.hsm, uri: hsmKey.uri } }),
  };
  const kept = stack.move();
  return {
    ...{ endpoint: `http://${address}:${port}`, credentials, password },
    taskOf: (definition, task) =>
      withContainer(
        definition,
        task === 'server' ? renderContainer(service.spec, place) : renderFreeze(service.id, place),
      ),
    [Symbol.asyncDispose]: async () => kept.disposeAsync(),
  };
}

function withContainer(
  { containerDefinitions: [container] = [], ...definition }: TaskDefinition,
  { command, environment }: RenderedContainer,
): TaskDefinition {
  const variables = Object.entries(environment).map(([name, value]) => ({ name, value }));
  return { ...definition, containerDefinitions: [{ ...container, command: [...command], environment: variables }] };
}

/** Asks Fulcio for a certificate and returns its whole chain. */
export async function certificatesOf(fulcio: string, issuer: FakeIssuer): Promise<readonly Uint8Array[]> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const answer = await fetch(`${fulcio}/api/v2/signingCert`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      credentials: { oidcIdentityToken: issuer.sign() },
      publicKeyRequest: {
        publicKey: { algorithm: 'ECDSA', content: publicKey.export({ type: 'spki', format: 'pem' }) },
        proofOfPossession: sign('sha256', Buffer.from('alice@example.com'), privateKey).toString('base64'),
      },
    }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return parseChain(JSON.parse(text).signedCertificateEmbeddedSct.chain.certificates.join(''), 'answer').der;
}

/** The environments of the processes that run a program of an image whose files are below a directory. */
export async function environmentsOf(program: string, below: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const id of await readdir('/proc')) {
    if (!/^\d+$/.test(id)) continue;
    const root = await readlink(`/proc/${id}/root`).catch(() => '');
    const line = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
    const isOurs = root.startsWith(below) && line.split('\0')[0] === program;
    if (isOurs) found.push(await readFile(`/proc/${id}/environ`, 'utf8'));
  }
  return found;
}
