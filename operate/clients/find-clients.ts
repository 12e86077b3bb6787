import { readFile } from 'node:fs/promises';
import type { Environment } from '../../src/cli/command.ts';
import { findProgram } from '../../src/process/find-program.ts';
import { runProgram } from '../../src/process/run-program.ts';
import type { SigstoreClient } from './client.ts';
import { CosignClient } from './cosign.ts';
import { SigstoreJsClient } from './sigstore-js.ts';
import { SigstorePythonClient } from './sigstore-python.ts';

/** Returns sigstore-js as this package pins it, run by the Node that runs us. */
export async function sigstoreJsClient(signal?: AbortSignal): Promise<SigstoreClient> {
  const manifest = new URL('../../node_modules/@sigstore/sign/package.json', import.meta.url);
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
  return new SigstoreJsClient(process.execPath, version, signal);
}

export function cosignClient(
  found: { readonly path: string; readonly version: string },
  signal?: AbortSignal,
): SigstoreClient {
  return new CosignClient(found.path, found.version, signal);
}

/** Returns the sigstore-python on PATH (or where `SIGSTEAD_SIGSTORE_PYTHON` says), if there is one. */
export async function findSigstorePython(
  environment: Environment,
  signal?: AbortSignal,
): Promise<SigstoreClient | undefined> {
  const named = environment['SIGSTEAD_SIGSTORE_PYTHON'];
  const file = named || (await findProgram('sigstore', environment['PATH'] ?? ''));
  if (!file) return undefined;
  const ran = await runProgram({
    file,
    args: ['--version'],
    env: { PATH: environment['PATH'] ?? '' },
    timeoutMs: 30_000,
    ...(signal && { signal }),
  });
  // cosign's predecessor in Go had a program of this name too.
  const version = /^sigstore (\d+\.\d+\.\d+)/.exec(ran.stdout.trim())?.[1];
  return version === undefined ? undefined : new SigstorePythonClient(file, version, signal);
}
