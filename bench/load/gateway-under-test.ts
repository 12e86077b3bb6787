import { join } from 'node:path';
import { requestBody } from '../../src/core/http.ts';
import { parseJsonObject } from '../../src/core/json.ts';
import { waitFor } from '../../src/core/wait.ts';
import { startProgram } from '../../src/process/supervised-program.ts';
import type { SigningUrls } from './target.ts';

/** What the gateway's process did so far. */
export interface GatewayWork {
  readonly cpuMicroseconds: number;
  readonly requests: number;
}

export interface GatewayUnderTest extends AsyncDisposable {
  readonly urls: SigningUrls;
  work(): Promise<GatewayWork>;
}

/** Starts a gateway in a process of its own: on the event loop of the load generator each would slow the other. */
export async function startGatewayUnderTest(bare: SigningUrls, directory: string): Promise<GatewayUnderTest> {
  const program = await startProgram({
    name: 'gateway',
    file: process.execPath,
    args: [join(import.meta.dirname, 'gateway-process.ts'), JSON.stringify(bare)],
    env: {},
    cwd: directory,
    logFile: join(directory, 'gateway.log'),
  });
  let ended = false;
  program.exited.then(() => {
    ended = true;
  });
  const line = await waitFor(
    () => {
      if (ended) throw new Error(`the gateway ended: ${program.tail()}`);
      return /^\{.*\}$/m.exec(program.head())?.[0];
    },
    { what: 'the gateway', timeoutMs: 20_000 },
  );
  const ports = JSON.parse(line) as Record<string, number>;
  const url = (name: string) => `http://127.0.0.1:${ports[name]}`;
  return {
    urls: { fulcio: url('fulcio'), rekor: url('rekor'), timestamp: url('timestamp') },
    work: async () => {
      const body = await requestBody(url('cpu'), { maxBytes: 1_000 });
      const { user, system, requests } = parseJsonObject(body, { what: 'cpu', maxBytes: 1_000 });
      return { cpuMicroseconds: Number(user) + Number(system), requests: Number(requests) };
    },
    [Symbol.asyncDispose]: () => program.stop(5_000),
  };
}
