import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmod, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerDefinition, TaskDefinition } from '@aws-sdk/client-ecs';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { passwordVariable } from '../../lib/render.ts';
import { portOf } from '../../lib/server-ports.ts';
import { waitFor } from '../../src/core/wait.ts';
import { runProgram } from '../../src/process/run-program.ts';
import type { Deployment } from '../../test/support/aws/deployment.ts';
import { account, region } from '../../test/support/aws/emulated-aws.ts';
import { startTask } from '../../test/support/aws/task.ts';
import { serverPath } from '../../test/support/servers.ts';
import { withFlags } from './flags.ts';
import type { Party } from './processes.ts';

/** Upstream's CT log beside ours, and a Fulcio beside the deployed one that writes to it. */
export interface UpstreamCtLog extends AsyncDisposable {
  readonly fulcioUrl: string;
  readonly party: Party;
}

const name = 'ct_upstream';
const ctLog = 'ct-ct2026-1';

/**
 * Starts upstream's binary from the deployed task definition of our log: with its flags, but for the key, which is in a
 * file, the password, which is an argument, and where it stores. It speaks plain text to the database, which is told to
 * let it.
 */
export async function startUpstreamCtLog(deployment: Deployment): Promise<UpstreamCtLog> {
  const { aws, services } = deployment;
  const definition = await definitionOf(services, ctLog);
  const keys = keyPair();
  const password = randomBytes(16).toString('hex');
  await createStorage(deployment, password);
  const host = await aws.network.addHost();
  await using resources = new AsyncDisposableStack();
  const log = await startTask(upstreamDefinition(definition, keys), {
    ...{ host, rootfs: await rootOfUpstream(deployment, definition), endpoint: aws.emulator.endpoint },
    ...{ caBundle: await services.caBundle(), directory: join(aws.directory, 'tasks', name) },
    // Of the account's root: no role was made for it.
    credentials: { AWS_REGION: region, AWS_ACCESS_KEY_ID: account, AWS_SECRET_ACCESS_KEY: 'test' },
    secrets: { [passwordVariable]: password },
  });
  resources.defer(async () => log.stop(5_000));
  await isHealthy(`http://${log.address}:${portOf(ctLog, 'http')}`, () => log.tail());
  const fulcio = await services.run(
    fulcioWritingTo(await definitionOf(services, 'fulcio'), log.address, keys['public.pem']),
    'fulcio-beside',
  );
  const fulcioUrl = `http://${fulcio.address}:${portOf('fulcio', 'http')}`;
  await isHealthy(fulcioUrl, () => fulcio.tail());
  const running = resources.move();
  return {
    fulcioUrl,
    party: { name: 'upstream', namespace: host.namespace },
    [Symbol.asyncDispose]: async () => running.disposeAsync(),
  };
}

async function definitionOf(services: Deployment['services'], id: string): Promise<TaskDefinition> {
  const task = services.tasks.find(({ service }) => service === id);
  return await services.definition(task?.family ?? id);
}

function keyPair() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    'private.pem': privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
    'public.pem': publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

async function createStorage({ aws }: Deployment, password: string): Promise<void> {
  await aws.database.run(
    'SET GLOBAL require_secure_transport = OFF',
    ...[name, `${name}_antispam`].flatMap((database) => [
      `CREATE DATABASE ${database}`,
      `GRANT ALL PRIVILEGES ON ${database}.* TO '${name}'@'%' IDENTIFIED BY '${password}'`,
    ]),
  );
  const CreateBucketConfiguration = { LocationConstraint: region } as const;
  await new S3Client().send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration }));
}

const bucket = 'acme-ct-upstream';

function upstreamDefinition(definition: TaskDefinition, keys: Readonly<Record<string, string>>): TaskDefinition {
  const flags = {
    bucket,
    ...{ db_user: name, db_name: name, antispam_db_name: `${name}_antispam` },
    db_password: reference(`env:${passwordVariable}`),
    signer_private_key_file: reference('file:private.pem'),
    signer_public_key_file: reference('file:public.pem'),
  };
  const changed = withFiles(definition, keys);
  return withContainer(changed, ({ command = [], environment = [], ...container }) => ({
    ...container,
    command: ['/bin/tesseract-aws', ...withFlags(command.slice(1), flags, ['db_tls_ca', 'signer_kms_key'])],
    // The gate would compare its database with the log that the deployment published.
    environment: environment.filter((variable) => variable.name !== 'SIGSTEAD_GATE'),
  }));
}

/** What `entry` puts a value, or the path of a file, for. */
function reference(to: string): string {
  return `\${${to}}`;
}

/** Fulcio verifies what the log promises. */
function fulcioWritingTo(definition: TaskDefinition, address: string, publicKey: string): TaskDefinition {
  const changed = withFiles(definition, { 'ct-log.pub.pem': publicKey });
  return withContainer(changed, ({ command = [], ...container }) => ({
    ...container,
    command: command.map((word) =>
      word.startsWith('--ct-log-url=') ? word.replace(`${ctLog}.acme.internal`, address) : word,
    ),
  }));
}

function withFiles(definition: TaskDefinition, files: Readonly<Record<string, string>>): TaskDefinition {
  return withContainer(definition, ({ environment = [], ...container }) => ({
    ...container,
    environment: environment.map(({ name: variable, value = '' }) =>
      variable === 'SIGSTEAD_FILES'
        ? { name: variable, value: JSON.stringify({ ...(JSON.parse(value) as object), ...files }) }
        : { name: variable, value },
    ),
  }));
}

function withContainer(
  definition: TaskDefinition,
  change: (container: ContainerDefinition) => ContainerDefinition,
): TaskDefinition {
  return { ...definition, containerDefinitions: (definition.containerDefinitions ?? []).map(change) };
}

/** The files of our log's image, and upstream's binary among them. */
async function rootOfUpstream({ aws, images }: Deployment, definition: TaskDefinition): Promise<string> {
  const ours = await images.pull(definition.containerDefinitions?.[0]?.image ?? '');
  const root = join(aws.directory, 'images', name);
  const copied = await runProgram({
    file: 'cp',
    args: ['-a', ours, root],
    env: { PATH: '/usr/bin:/bin' },
    timeoutMs: 60_000,
  });
  if (copied.exitCode !== 0) throw new Error(`cp: ${copied.stderr}`);
  const program = join(root, 'bin', 'tesseract-aws');
  await copyFile(await serverPath('tesseract-aws'), program);
  await chmod(program, 0o755);
  return root;
}

async function isHealthy(url: string, tail: () => string): Promise<void> {
  const look = async () =>
    await fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
  await waitFor(look, { what: url, timeoutMs: 60_000, intervalMs: 100 }).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${tail()}`);
  });
}
