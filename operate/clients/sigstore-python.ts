import { join } from 'node:path';
import { runProgram } from '../../src/process/run-program.ts';
import type { SigstoreClient, TrustAnchor, Verdict, VerifyRequest } from './client.ts';
import { verdictOf } from './verdict.ts';

const timeoutMs = 120_000;

/** sigstore-python, which verifies only: its signing differs from cosign's in nothing that an instance could notice. */
export class SigstorePythonClient implements SigstoreClient {
  readonly name = 'sigstore-python';
  readonly version: string;
  readonly #file: string;
  readonly #signal: AbortSignal | undefined;

  constructor(file: string, version: string, signal?: AbortSignal) {
    this.#file = file;
    this.version = version;
    this.#signal = signal;
  }

  async initialize(anchor: TrustAnchor, home: string): Promise<Verdict> {
    return verdictOf(await this.#run(['--instance', anchor.tufUrl, 'trust-instance', anchor.rootFile], home));
  }

  async verify(request: VerifyRequest): Promise<Verdict> {
    const { identity, issuer } = request.expected;
    const policy = ['--cert-identity', identity, '--cert-oidc-issuer', issuer];
    const args = ['--instance', request.anchor.tufUrl, 'verify', 'identity', '--bundle', request.bundle, ...policy];
    return verdictOf(await this.#run([...args, request.artifact], request.home));
  }

  async #run(args: readonly string[], home: string) {
    const env = {
      HOME: home,
      PATH: '/usr/bin:/bin',
      XDG_DATA_HOME: join(home, 'data'),
      XDG_CACHE_HOME: join(home, 'cache'),
    };
    const signal = this.#signal;
    return await runProgram({ file: this.#file, args: [...args, '-vv'], env, timeoutMs, ...(signal && { signal }) });
  }
}
