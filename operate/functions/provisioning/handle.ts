import type { SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager';
import { describeCause, ToolkitError } from '../../../src/core/error.ts';
import { toJson } from '../../../src/core/json.ts';
import { assertRead, object, type Read, readShape, text } from '../../../src/core/shape.ts';
import type { FunctionLog } from '../runtime/run-function.ts';
import { readSecret } from '../runtime/secret.ts';
import { type CustomResourceEvent, type CustomResourceResult, respond } from './custom-resource.ts';
import { type Credentials, provisionShard } from './provision.ts';
import { assertSamePlace, type ShardDatabase, shardDatabaseShape } from './shard-database.ts';

export interface HandleOptions {
  /** Asked for inside of the attempt: whatever fails there is answered. */
  readonly caPem: () => Promise<string>;
  /** What a test wants otherwise than the SDK finds it in its surroundings. */
  readonly secrets?: SecretsManagerClientConfig;
}

const credentials: Read<Credentials> = object({ username: text, password: text });

/**
 * Does what CloudFormation asks of a shard's database, and answers. A refusal is an answer too: the deployment fails with
 * its reason. Thrown is only what kept the answer from arriving, so that Lambda tries again.
 * @throws OPS_RESOURCE_UNANSWERED
 */
export async function handleShardDatabase(
  event: CustomResourceEvent,
  options: HandleOptions,
  log: FunctionLog,
): Promise<CustomResourceResult> {
  const result = await attempt(event, options, log);
  await respond(event, result);
  return result;
}

async function attempt(
  event: CustomResourceEvent,
  options: HandleOptions,
  log: FunctionLog,
): Promise<CustomResourceResult> {
  try {
    return { status: 'SUCCESS', physicalId: await perform(event, options) };
  } catch (error) {
    log.fail(error);
    return { status: 'FAILED', physicalId: event.PhysicalResourceId ?? event.RequestId, reason: reasonOf(error) };
  }
}

/** Returns the id of the resource. One that changed would make CloudFormation delete the old one, which does nothing. */
async function perform(event: CustomResourceEvent, options: HandleOptions): Promise<string> {
  // A log's database outlives its stack: to drop it would be to forget what was promised.
  if (event.RequestType === 'Delete') return event.PhysicalResourceId ?? event.RequestId;
  if (event.RequestType === 'Update') assertSamePlace(event.OldResourceProperties ?? {}, event.ResourceProperties);
  const shard = parseShard(event);
  const { caPem, secrets } = options;
  const reading = { shape: credentials, fields: ['username', 'password'], ...(secrets && { client: secrets }) };
  const admin = await readSecret(shard.adminSecretArn, reading);
  const own = await readSecret(shard.secretArn, reading);
  await provisionShard({ shard, admin, own, caPem: await caPem() });
  return `${shard.host}/${shard.database}`;
}

function parseShard(event: CustomResourceEvent): ShardDatabase {
  return assertRead(readShape(shardDatabaseShape, toJson(event.ResourceProperties)), {
    code: 'OPS_DATABASE_PROPERTIES',
    what: event.LogicalResourceId,
    hint: 'the stack writes these properties: deploy it with the version that the function is from',
  });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof ToolkitError)) return describeCause(error);
  return `${error.code}: ${error.message}${error.hint === undefined ? '' : ` (${error.hint})`}`;
}
