import { fileURLToPath } from 'node:url';
import { ToolkitError } from '../../src/core/error.ts';
import { runProgram } from '../../src/process/run-program.ts';
import type { SignRequest, SigstoreClient, TrustAnchor, Verdict, VerifyRequest } from './client.ts';
import { lastLines, verdictOf } from './verdict.ts';

const program = fileURLToPath(new URL('./sigstore-js-program.ts', import.meta.url));
const timeoutMs = 60_000;

/** What the program reads on stdin: one request, which may hold a token. */
export type ProgramRequest =
  | { readonly verb: 'initialize'; readonly anchor: TrustAnchor; readonly home: string }
  | ({ readonly verb: 'sign' } & SignRequest)
  | ({ readonly verb: 'verify' } & VerifyRequest);

/**
 * sigstore-js, in a process of its own: a client that shared our memory would prove less, and would keep its
 * modules loaded for as long as the instance runs.
 */
export class SigstoreJsClient implements SigstoreClient {
  readonly name = 'sigstore-js';
  readonly version: string;
  readonly #node: string;
  readonly #signal: AbortSignal | undefined;

  constructor(node: string, version: string, signal?: AbortSignal) {
    this.#node = node;
    this.version = version;
    this.#signal = signal;
  }

  async initialize(anchor: TrustAnchor, home: string): Promise<Verdict> {
    return verdictOf(await this.#run({ verb: 'initialize', anchor, home }));
  }

  readonly sign = async (request: SignRequest): Promise<void> => {
    const ran = await this.#run({ verb: 'sign', ...request });
    if (ran.exitCode === 0) return;
    throw new ToolkitError('OPS_SIGN_FAILED', {
      message: `sigstore-js ${this.version} could not sign: ${lastLines(ran)}`,
      fault: 'environment',
      data: { client: this.name, exitCode: ran.exitCode },
      hint: 'see sigstead status, and the logs of the service that it names: sigstead logs SERVICE, both with the --state of this instance',
    });
  };

  async verify(request: VerifyRequest): Promise<Verdict> {
    return verdictOf(await this.#run({ verb: 'verify', ...request }));
  }

  async #run(request: ProgramRequest) {
    const env = { HOME: request.home, PATH: '/usr/bin:/bin' };
    const signal = this.#signal;
    const input = JSON.stringify(request);
    return await runProgram({ file: this.#node, args: [program], env, timeoutMs, input, ...(signal && { signal }) });
  }
}
