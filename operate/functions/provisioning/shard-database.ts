import { ToolkitError } from '../../../src/core/error.ts';
import { matching, object, oneOf, optional, parsed, type Read, text } from '../../../src/core/shape.ts';

declare const checked: unique symbol;

/** A name that may stand in a statement: only the shape below makes one. */
export type Identifier = string & { readonly [checked]: true };

/** What one log shard has in the database of its region. */
export interface ShardDatabase {
  /** Id of the service, e.g. `rekor-log2026-1`. */
  readonly service: string;
  readonly database: Identifier;
  readonly antispamDatabase?: Identifier | undefined;
  readonly user: Identifier;
  /** Secret with `username` and `password` of the shard's user. */
  readonly secretArn: string;
  readonly adminSecretArn: string;
  readonly host: string;
  readonly port: number;
  /** The user comes without TLS: TesseraCT's own binary has none. */
  readonly plainText?: 'true' | undefined;
}

/** A statement cannot have a placeholder for a name, so what may be one is narrow. MySQL allows a user 32 characters. */
const identifier = (max: number) =>
  matching(new RegExp(`^[a-z0-9_]{1,${max}}$`), `1 to ${max} characters a-z, 0-9 and "_"`) as Read<Identifier>;

const port = parsed(matching(/^[1-9][0-9]{0,4}$/, 'a port'), Number);
const arn = matching(
  /^(?:arn:aws(?:-us-gov|-cn)?:secretsmanager:[a-z0-9-]+:\d{12}:secret:)?[\w/+=.@-]{1,512}$/,
  'the ARN or name of a secret',
);

const anything: Read<unknown> = (json) => json;

/** Properties of the custom resource. CloudFormation gives every value as a text. */
export const shardDatabaseShape: Read<ShardDatabase> = object({
  service: matching(/^[a-z0-9-]{1,64}$/, 'the id of a service'),
  database: identifier(64),
  antispamDatabase: optional(identifier(64)),
  user: identifier(32),
  secretArn: arn,
  adminSecretArn: arn,
  host: matching(/^[a-z0-9.-]{1,253}$/, 'a host name'),
  port,
  plainText: optional(oneOf('true')),
  // CloudFormation adds the first two; another revision makes it run again, e.g. after a secret changed.
  ServiceToken: anything,
  ServiceTimeout: anything,
  revision: optional(text),
});

/**
 * Passes if an update leaves the shard where it is. A log whose rows are somewhere else would begin anew, and sign a
 * second history under the same key.
 * @throws OPS_DATABASE_MOVED
 */
export function assertSamePlace(
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): void {
  const fixed = ['service', 'database', 'user', ...(before['antispamDatabase'] ? ['antispamDatabase'] : [])];
  const changed = fixed.filter((name) => before[name] !== now[name]);
  if (changed.length === 0) return;
  const changes = changed.map((name) => `${name}: expected ${before[name]}, got ${now[name]}`);
  throw new ToolkitError('OPS_DATABASE_MOVED', {
    message: `a shard's database never changes: ${changes.join('; ')}`,
    fault: 'input',
    data: { changed },
    hint: 'put the old value back; to start over, add another shard with a key of its own',
  });
}
