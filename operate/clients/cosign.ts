import { join } from 'node:path';
import { ToolkitError } from '../../src/core/error.ts';
import { runProgram } from '../../src/process/run-program.ts';
import type { SignRequest, SigstoreClient, TrustAnchor, Verdict, VerifyRequest } from './client.ts';
import { lastLines, verdictOf } from './verdict.ts';

const timeoutMs = 120_000;

/** cosign, started as a user would: `initialize` once, then no service flag at all. */
export class CosignClient implements SigstoreClient {
  readonly name = 'cosign';
  readonly version: string;
  readonly #file: string;
  readonly #signal: AbortSignal | undefined;

  constructor(file: string, version: string, signal?: AbortSignal) {
    this.#file = file;
    this.version = version;
    this.#signal = signal;
  }

  async initialize(anchor: TrustAnchor, home: string): Promise<Verdict> {
    const args = ['initialize', '--mirror', anchor.tufUrl, '--root', anchor.rootFile];
    return verdictOf(await this.#run(args, home));
  }

  readonly sign = async (request: SignRequest): Promise<void> => {
    const args = ['sign-blob', request.artifact, '--bundle', request.bundle, '--yes'];
    const ran = await this.#run(args, request.home, { SIGSTORE_ID_TOKEN: request.identityToken });
    if (ran.exitCode === 0) return;
    throw new ToolkitError('OPS_SIGN_FAILED', {
      message: `cosign ${this.version} could not sign: ${lastLines(ran)}`,
      fault: 'environment',
      data: { client: this.name, exitCode: ran.exitCode },
      hint: 'see sigstead status, and the logs of the service that it names: sigstead logs SERVICE, both with the --state of this instance',
    });
  };

  async verify(request: VerifyRequest): Promise<Verdict> {
    const { identity, issuer } = request.expected;
    const args = ['verify-blob', request.artifact, '--bundle', request.bundle];
    const policy = ['--certificate-identity', identity, '--certificate-oidc-issuer', issuer];
    return verdictOf(await this.#run([...args, ...policy], request.home));
  }

  async #run(args: readonly string[], home: string, extra: Readonly<Record<string, string>> = {}) {
    const env = { HOME: home, TUF_ROOT: join(home, 'sigstore-root'), PATH: '/usr/bin:/bin', ...extra };
    const signal = this.#signal;
    return await runProgram({ file: this.#file, args, env, timeoutMs, ...(signal && { signal }) });
  }
}
