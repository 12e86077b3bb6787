import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '../../src/core/wait.ts';
import { findProgram } from '../../src/process/find-program.ts';
import { startProgram } from '../../src/process/supervised-program.ts';

/** An emulator of AWS on loopback, with nothing in it. */
export interface Ministack extends AsyncDisposable {
  /** What makes the AWS SDK speak to it as the root user of its account. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Starts the emulator, which enforces IAM as AWS does. Fails where it is not installed. */
export async function startMinistack(): Promise<Ministack> {
  const path = process.env['PATH'] ?? '';
  const file = await findProgram(process.env['SIGSTEAD_TEST_MINISTACK'] ?? 'ministack', path);
  if (file === undefined) {
    throw new Error(
      'ministack is neither at $SIGSTEAD_TEST_MINISTACK nor on PATH: install ministack and cryptography from PyPI into a venv',
    );
  }
  const directory = await mkdtemp(join(tmpdir(), 'sigstead-ministack-'));
  const port = await freePort();
  const program = await startProgram({
    name: 'ministack',
    file,
    args: [],
    env: {
      ...{ PATH: path, HOME: directory, TMPDIR: directory, STATE_DIR: directory, S3_DATA_DIR: directory },
      ...{ AUTH: 'true', BIND_HOST: '127.0.0.1', GATEWAY_PORT: `${port}`, LOG_LEVEL: 'WARNING' },
    },
    cwd: directory,
    logFile: join(directory, 'log'),
  });
  const stop = async () => {
    await program.stop(2_000);
    await rm(directory, { recursive: true, force: true });
  };
  const endpoint = `http://127.0.0.1:${port}`;
  try {
    await waitFor(() => isUp(endpoint), { what: 'ministack', timeoutMs: 60_000, intervalMs: 100 });
  } catch (cause) {
    const said = program.tail();
    await stop();
    throw new Error(`ministack did not start: ${said}`, { cause });
  }
  return {
    environment: {
      ...{ AWS_ENDPOINT_URL: endpoint, AWS_REGION: 'eu-central-1' },
      ...{ AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
    },
    [Symbol.asyncDispose]: stop,
  };
}

async function isUp(endpoint: string): Promise<boolean> {
  return await fetch(`${endpoint}/_ministack/health`).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** Returns a port of loopback that nobody has at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address');
  return address.port;
}
