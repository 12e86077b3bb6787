import {
  GetSecretValueCommand,
  SecretsManagerClient,
  type SecretsManagerClientConfig,
} from '@aws-sdk/client-secrets-manager';
import { awsClientLimits, awsDeadline, awsErrorName, awsFailureOf } from '../../../src/core/aws.ts';
import { utf8 } from '../../../src/core/bytes.ts';
import { ToolkitError } from '../../../src/core/error.ts';
import { isJsonObject, parseJson } from '../../../src/core/json.ts';
import { type Read, readShape } from '../../../src/core/shape.ts';

const maxSecretBytes = 65_536;

export interface ReadSecretOptions<T> {
  /** Fields of the document, and no others. */
  readonly shape: Read<T>;
  /** Leave out fields that somebody else wrote into the secret, as RDS does. @default refuse them */
  readonly fields?: readonly string[];
  /** What a test wants otherwise than the SDK finds it in its surroundings. */
  readonly client?: SecretsManagerClientConfig;
}

/**
 * Reads a secret that is a JSON document. No error holds any of it.
 * @throws OPS_SECRET_UNREADABLE, OPS_SECRET_SHAPE
 */
export async function readSecret<T>(secretId: string, options: ReadSecretOptions<T>): Promise<T> {
  const client = new SecretsManagerClient({ ...awsClientLimits, ...options.client });
  try {
    const get = new GetSecretValueCommand({ SecretId: secretId });
    const { SecretString = '' } = await client.send(get, { abortSignal: awsDeadline() });
    return parseSecret(secretId, SecretString, options);
  } catch (cause) {
    throw cause instanceof ToolkitError ? cause : unreadable(secretId, cause);
  } finally {
    client.destroy();
  }
}

function parseSecret<T>(secretId: string, text: string, { shape, fields }: ReadSecretOptions<T>): T {
  // What is wrong with a secret is said by path alone: a message about a value would quote it.
  let paths: readonly string[] = ['not JSON'];
  try {
    const whole = parseJson(utf8(text), { what: 'secret', maxBytes: maxSecretBytes });
    const json =
      fields && isJsonObject(whole)
        ? Object.fromEntries(Object.entries(whole).filter(([name]) => fields.includes(name)))
        : whole;
    const reading = readShape(shape, json);
    if (reading.value !== undefined) return reading.value;
    paths = reading.problems.map(({ kind, path }) => `${path}: ${kind}`);
  } catch (error) {
    if (!(error instanceof ToolkitError)) throw error;
  }
  throw new ToolkitError('OPS_SECRET_SHAPE', {
    message: `secret ${secretId}: expected the JSON document that its reader needs, got another (${paths.join(', ')})`,
    fault: 'input',
    data: { secret: secretId, problems: paths },
    hint: 'docs/deploy-aws.md lists the fields of each secret; its value was not written to this message',
  });
}

function unreadable(secretId: string, cause: unknown): ToolkitError {
  const failure = awsFailureOf(cause);
  return new ToolkitError('OPS_SECRET_UNREADABLE', {
    message: `secret ${secretId}: expected Secrets Manager to return it, got ${awsErrorName(cause) || 'no answer'}`,
    fault: 'environment',
    data: { secret: secretId, failure },
    hint:
      failure === 'denied'
        ? 'allow this role secretsmanager:GetSecretValue on the secret'
        : 'check that the secret exists and has a value, and that Secrets Manager is reachable from this network',
    cause,
  });
}
