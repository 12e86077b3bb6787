import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFacts, StateDirectory } from '../../local/state.ts';
import { testToken } from '../../operate/login.ts';
import { findRunning } from '../../operate/run-record.ts';
import { packageDirectory } from '../../operate/settings.ts';
import { readConfig } from '../../src/config/config.ts';
import { waitFor } from '../../src/core/wait.ts';
import { startProgram } from '../../src/process/supervised-program.ts';
import { fulcioId } from '../../src/services/fulcio.ts';
import { rekorId } from '../../src/services/rekor.ts';
import { timestampAuthorityId } from '../../src/services/timestamp-authority.ts';
import type { SigningTarget } from './target.ts';

export interface BenchInstance extends AsyncDisposable {
  readonly target: SigningTarget;
}

const startTimeoutMs = 900_000;

/** Starts an instance of examples/minimal.yaml, as `sigstead up` does, in a process of its own. */
export async function startBenchInstance(): Promise<BenchInstance> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-instance-'));
  const config = await readConfig(join(packageDirectory, 'examples', 'minimal.yaml'));
  const state = new StateDirectory(join(directory, 'state'));
  const up = await startProgram({
    name: 'up',
    file: join(packageDirectory, 'bin', 'sigstead'),
    args: ['up', '--test-grant', '--state', state.path],
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? directory },
    cwd: directory,
    logFile: join(directory, 'up.log'),
  });
  let ended = false;
  void up.exited.then(() => {
    ended = true;
  });
  // Once cosign has been proven, the instance has nothing to do but to serve.
  await waitFor(
    async () => {
      if (ended) throw new Error(`sigstead up ended: ${up.tail()}`);
      return (await findRunning(state))?.phase === 'ready' && up.tail().includes('signed by cosign');
    },
    { what: 'the instance', timeoutMs: startTimeoutMs, intervalMs: 200 },
  );
  const ports = (await readFacts(state))?.ports ?? {};
  const bare = (service: string) => `http://127.0.0.1:${ports[`${service}/http`]}`;
  const [rekor] = config.logs.rekor;
  const [timestamp] = config.timestamps;
  const [user] = config.issuers.flatMap((issuer) => (issuer.preset === 'local' ? issuer.users : []));
  return {
    target: {
      bare: {
        fulcio: bare(fulcioId),
        rekor: bare(rekorId(rekor?.shard ?? '')),
        timestamp: bare(timestampAuthorityId(timestamp?.name ?? '')),
      },
      token: () => testToken(state, user?.email ?? ''),
    },
    [Symbol.asyncDispose]: async () => {
      await up.stop(60_000);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
