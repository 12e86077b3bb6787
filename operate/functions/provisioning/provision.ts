import { type Connection, createConnection } from 'mysql2/promise';
import { isError, ToolkitError } from '../../../src/core/error.ts';
import type { Identifier, ShardDatabase } from './shard-database.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface ProvisionOptions {
  readonly shard: ShardDatabase;
  readonly admin: Credentials;
  readonly own: Credentials;
  /** The only certificate authorities that may vouch for the database. */
  readonly caPem: string;
}

/** What Tessera does with its tables: it makes them at its first start, and adds a column to an older one. It drops none. */
export const logPrivileges = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'ALTER'] as const;

const connectTimeoutMs = 15_000;
const statementTimeoutMs = 30_000;

/**
 * Makes a shard's database and user, or leaves them as they are, and gives the user the password of its secret. Nothing
 * is ever dropped. The user may do to its own databases what Tessera does, by TLS unless `plainText`, and nothing elsewhere.
 * @throws OPS_DATABASE_PASSWORD, OPS_DATABASE_USER, OPS_DATABASE_UNREACHABLE, OPS_DATABASE_REFUSED
 * @throws OPS_DATABASE_GRANTS (evidence) if the user has a privilege that was not given here
 */
export async function provisionShard(options: ProvisionOptions): Promise<void> {
  const { shard, own } = options;
  assertOwnDatabases(shard);
  assertOwnCredentials(shard, own);
  const connection = await connect(options);
  try {
    const run = async (sql: string, values: readonly string[] = []) => await runStatement(connection, sql, values);
    const databases = databasesOf(shard);
    for (const database of databases) await run(`CREATE DATABASE IF NOT EXISTS \`${database}\``);
    const user = `'${shard.user}'@'%'`;
    const identity = `${user} IDENTIFIED BY ? REQUIRE ${shard.plainText ? 'NONE' : 'SSL'}`;
    await run(`CREATE USER IF NOT EXISTS ${identity}`, [own.password]);
    await run(`ALTER USER ${identity}`, [own.password]);
    for (const database of databases) {
      await run(`GRANT ${logPrivileges.join(', ')} ON \`${pattern(database)}\`.* TO ${user}`);
    }
    assertGrants(shard, await run(`SHOW GRANTS FOR ${user}`));
  } finally {
    connection.destroy();
  }
}

/**
 * Passes if these lines of `SHOW GRANTS` give the shard's user nothing that it was not given here.
 * @throws OPS_DATABASE_GRANTS (evidence)
 */
export function assertGrants(
  shard: Pick<ShardDatabase, 'user' | 'database' | 'antispamDatabase'>,
  lines: readonly string[],
): void {
  const own = new Set(databasesOf(shard).map((database) => `\`${pattern(database)}\`.*`));
  const excess = lines.filter((line) => {
    const [, privileges = '', on = ''] = /^GRANT (.+?) ON (\S+) TO /.exec(line) ?? [];
    if (/WITH .*GRANT OPTION/.test(line)) return true;
    if (on === '*.*') return privileges !== 'USAGE';
    const allowed: readonly string[] = logPrivileges;
    return !own.has(on) || privileges.split(', ').some((privilege) => !allowed.includes(privilege));
  });
  if (excess.length === 0) return;
  // A line of MariaDB ends in the hash of the password.
  const shown = excess.map((line) => line.replace(/ TO .*$/s, ''));
  throw new ToolkitError('OPS_DATABASE_GRANTS', {
    message: `${shard.user}: expected privileges on its own databases only, got ${shown.join('; ')}`,
    fault: 'evidence',
    data: { user: shard.user, excess: shown },
    hint: "find out who granted this, and revoke it: whoever may write to a log's tables can make it sign another history",
  });
}

function databasesOf(shard: Pick<ShardDatabase, 'database' | 'antispamDatabase'>): readonly Identifier[] {
  return [shard.database, ...(shard.antispamDatabase === undefined ? [] : [shard.antispamDatabase])];
}

/** In a grant `_` stands for any character: unescaped, `ct_a` would open `ctxa` too. */
function pattern(database: Identifier): string {
  return database.replaceAll('_', String.raw`\_`);
}

/** Whoever may invoke the function could otherwise give one shard's user the tables of another shard. */
function assertOwnDatabases(shard: ShardDatabase): void {
  const { user } = shard;
  const own: readonly string[] = [user, `${user}_antispam`];
  const databases = databasesOf(shard);
  if (databases.every((database, index) => database === own[index])) return;
  throw new ToolkitError('OPS_DATABASE_USER', {
    message: `${user}: expected databases of its own name, got ${databases.join(' and ')}`,
    fault: 'input',
    data: { user, databases },
    hint: 'no stack asks for that: find out who invoked the function',
  });
}

function assertOwnCredentials(shard: ShardDatabase, { username, password }: Credentials): void {
  if (username !== shard.user) {
    throw new ToolkitError('OPS_DATABASE_USER', {
      message: `secret ${shard.secretArn}: expected the username ${shard.user}, got another`,
      fault: 'input',
      data: { user: shard.user, secret: shard.secretArn },
      hint: 'it is the secret of another shard, or somebody changed it; put the username back',
    });
  }
  if (/^[A-Za-z0-9]{24,128}$/.test(password)) return;
  throw new ToolkitError('OPS_DATABASE_PASSWORD', {
    message: `secret ${shard.secretArn}: expected a password of 24 to 128 letters and digits`,
    fault: 'input',
    data: { secret: shard.secretArn },
    hint: 'it stands in a connection string, where punctuation would change its meaning; make a new one without',
  });
}

async function connect({ shard, admin, caPem }: ProvisionOptions): Promise<Connection> {
  try {
    return await createConnection({
      host: shard.host,
      port: shard.port,
      user: admin.username,
      password: admin.password,
      connectTimeout: connectTimeoutMs,
      ssl: { ca: caPem, minVersion: 'TLSv1.2', rejectUnauthorized: true, verifyIdentity: true },
    });
  } catch (error) {
    throw new ToolkitError('OPS_DATABASE_UNREACHABLE', {
      message: `${shard.host}:${shard.port}: expected a database that proves its name by TLS and takes the administrator's password, got ${codeOf(error)}`,
      fault: 'environment',
      data: { host: shard.host, port: shard.port, reason: codeOf(error) },
      hint: 'check the security groups, the certificate authority that is packed beside the function, and the secret of the administrator',
    });
  }
}

/** Returns the first column of each row. What the driver throws holds the statement with its password, so it goes no further. */
async function runStatement(
  connection: Connection,
  sql: string,
  values: readonly string[],
): Promise<readonly string[]> {
  try {
    const [rows] = await connection.query({ sql, values: [...values], timeout: statementTimeoutMs, rowsAsArray: true });
    return Array.isArray(rows) ? rows.map((row) => String((row as unknown as readonly unknown[])[0])) : [];
  } catch (error) {
    throw new ToolkitError('OPS_DATABASE_REFUSED', {
      message: `${sql}: expected the database to carry this out, got ${codeOf(error)}`,
      fault: 'environment',
      data: { statement: sql, reason: codeOf(error) },
      hint: 'the administrator of the secret must be allowed to make databases and users, and to grant what it has',
    });
  }
}

function codeOf(error: unknown): string {
  if (!isError(error)) return 'no reason';
  const { code } = error as Error & { readonly code?: unknown };
  return typeof code === 'string' && code !== '' ? code : error.name;
}
