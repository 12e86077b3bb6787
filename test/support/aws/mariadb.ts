import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { waitFor } from '../../../src/core/wait.ts';
import { runProgram } from '../../../src/process/run-program.ts';
import { startProgram } from '../../../src/process/supervised-program.ts';

const path = '/usr/sbin:/usr/bin:/sbin:/bin';

export interface MariaDbOptions {
  readonly directory: string;
  readonly address: string;
  readonly port: number;
  /** Files. */
  readonly tls: { readonly certificate: string; readonly key: string; readonly ca: string };
  /** As the parameters of the cluster say. @default 'ON' */
  readonly secureTransport?: 'ON' | 'OFF';
}

/** MariaDB, which stands for Aurora: its data in a directory of the test. */
export interface MariaDb extends AsyncDisposable {
  readonly socket: string;
  /** Runs statements as its administrator. */
  run(...statements: readonly string[]): Promise<void>;
  query(statement: string): Promise<readonly Record<string, unknown>[]>;
  restart(): Promise<void>;
}

/** Prepares the data directory, which takes longest and needs to know nothing. */
export async function prepareMariaDb(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const installed = await runProgram({
    file: 'mariadb-install-db',
    args: [
      '--no-defaults',
      `--datadir=${join(directory, 'data')}`,
      '--auth-root-authentication-method=normal',
      '--user=root',
    ],
    env: { PATH: path },
    timeoutMs: 120_000,
  });
  if (installed.exitCode !== 0) throw new Error(`mariadb-install-db: ${installed.stderr}`);
}

export async function startMariaDb(options: MariaDbOptions): Promise<MariaDb> {
  const { directory, address, port, tls, secureTransport = 'ON' } = options;
  const data = join(directory, 'data');
  const socket = join(directory, 'socket');
  const start = async () => {
    const program = await startProgram({
      name: 'mariadbd',
      file: 'mariadbd',
      args: [
        ...['--no-defaults', `--datadir=${data}`, `--socket=${socket}`, '--user=root', '--skip-name-resolve'],
        ...[`--bind-address=${address}`, `--port=${port}`, `--pid-file=${join(directory, 'pid')}`],
        ...[`--ssl-cert=${tls.certificate}`, `--ssl-key=${tls.key}`, `--ssl-ca=${tls.ca}`],
        ...[
          `--require-secure-transport=${secureTransport}`,
          '--innodb-flush-log-at-trx-commit=1',
          '--max-connections=500',
        ],
      ],
      env: { PATH: path, HOME: directory },
      cwd: directory,
      logFile: join(directory, 'log'),
    });
    await waitFor(async () => isUp(socket), {
      what: `MariaDB (${program.tail()})`,
      timeoutMs: 60_000,
      intervalMs: 100,
    });
    return program;
  };
  let program = await start();
  const query = async (statement: string) => {
    const connection = await createConnection({ socketPath: socket, user: 'root' });
    try {
      const [rows] = await connection.query(statement);
      return rows as readonly Record<string, unknown>[];
    } finally {
      await connection.end();
    }
  };
  return {
    socket,
    query,
    run: async (...statements) => {
      for (const statement of statements) await query(statement);
    },
    restart: async () => {
      await program.stop(30_000);
      program = await start();
    },
    [Symbol.asyncDispose]: async () => program.stop(20_000),
  };
}

async function isUp(socketPath: string): Promise<boolean> {
  try {
    const connection = await createConnection({ socketPath, user: 'root' });
    await connection.end();
    return true;
  } catch {
    return false;
  }
}
