import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findCosign } from '../../local/servers.ts';
import type { Invocation } from '../../src/cli/command.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { makeScratchDirectory } from '../../src/core/files.ts';
import { explainToken } from '../../src/identity/id-token.ts';
import { type ProgramResult, runProgram } from '../../src/process/run-program.ts';
import type { TrustAnchor } from '../clients/client.ts';
import { lastLines } from '../clients/verdict.ts';
import { registryEnvironment } from './crane.ts';

const timeoutMs = 180_000;

export interface ImageSignerOptions {
  readonly anchor: TrustAnchor;
  /** A secret: it reaches cosign in its environment. */
  readonly identityToken: string;
  readonly invocation: Pick<Invocation, 'environment' | 'progress' | 'signal'>;
}

/** cosign, which starts from the instance's own TUF repository and a pinned root alone. */
export class ImageSigner implements AsyncDisposable {
  readonly #file: string;
  readonly #home: string;
  readonly #options: ImageSignerOptions;

  private constructor(file: string, home: string, options: ImageSignerOptions) {
    this.#file = file;
    this.#home = home;
    this.#options = options;
  }

  /**
   * Fetches the trust of the instance, before anything is pushed that could then not be signed.
   * @throws OPS_VERIFY_FAILED (evidence) if cosign refuses the repository or the root
   */
  static async start(options: ImageSignerOptions): Promise<ImageSigner> {
    const { environment: env, progress, signal } = options.invocation;
    const cosign = await findCosign({ env, progress, signal });
    const signer = new ImageSigner(cosign.path, await makeScratchDirectory('sigstead-cosign'), options);
    const { tufUrl, rootFile } = options.anchor;
    try {
      const ran = await signer.#run(['initialize', '--mirror', tufUrl, '--root', rootFile]);
      if (ran.exitCode !== 0) throw refused(`initialize from ${tufUrl}`, ran);
      return signer;
    } catch (error) {
      await signer[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Signs a manifest by its digest, and verifies the signature as anybody would who reads it from the registry.
   * @throws OPS_SIGN_FAILED
   * @throws OPS_VERIFY_FAILED (evidence)
   */
  async sign(reference: string): Promise<void> {
    const ran = await this.#run(['sign', '--yes', reference], { SIGSTORE_ID_TOKEN: this.#options.identityToken });
    if (ran.exitCode !== 0) throw notSigned(reference, ran);
    const verified = await this.#run(['verify', ...this.#policy(), reference]);
    if (verified.exitCode !== 0) throw refused(`verify ${reference}`, verified);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#home, { recursive: true, force: true });
  }

  /** A workload's identity is made by Fulcio from several claims: for one, that the instance issued it has to do. */
  #policy(): readonly string[] {
    const { issuer = '', email } = explainToken(this.#options.identityToken);
    const identity = email === undefined ? ['--certificate-identity-regexp', '.+'] : ['--certificate-identity', email];
    return [...identity, '--certificate-oidc-issuer', issuer];
  }

  async #run(args: readonly string[], extra: Readonly<Record<string, string>> = {}): Promise<ProgramResult> {
    const { environment, signal } = this.#options.invocation;
    // Credentials of the registry come from the user's home; trust does not.
    const env = { ...registryEnvironment(environment), TUF_ROOT: join(this.#home, 'sigstore-root'), ...extra };
    return await runProgram({ file: this.#file, args, env, cwd: this.#home, timeoutMs, signal });
  }
}

function refused(step: string, ran: ProgramResult): ToolkitError {
  return new ToolkitError('OPS_VERIFY_FAILED', {
    message: `cosign refuses what it should accept (${step}): ${lastLines(ran)}`,
    fault: 'evidence',
    data: { client: 'cosign', step },
  });
}

function notSigned(reference: string, ran: ProgramResult): ToolkitError {
  return new ToolkitError('OPS_SIGN_FAILED', {
    message: `cosign could not sign ${reference}: ${lastLines(ran)}`,
    fault: 'environment',
    data: { client: 'cosign', reference, exitCode: ran.exitCode },
    hint: 'a token lives for minutes: get a new one into SIGSTORE_ID_TOKEN and run the same command again; what is pushed stays as it is',
  });
}
