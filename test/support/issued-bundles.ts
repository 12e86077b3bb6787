import { join } from 'node:path';
import { readFacts, StateDirectory } from '../../local/state.ts';
import type { SigstoreClient } from '../../operate/clients/client.ts';
import { sigstoreJsClient } from '../../operate/clients/find-clients.ts';
import { assertAccepted, type SignedArtifact, Workbench } from '../../operate/proof.ts';
import { remoteSignatory, type Signatory } from '../../operate/signatory.ts';
import { readConfig } from '../../src/config/config.ts';
import { projectDirectory } from './instance.ts';

/** Bundles that an instance issued, kept to be verified again later by a client that we did not write. */
export class IssuedBundles implements AsyncDisposable {
  readonly #client: SigstoreClient;
  readonly #bench: Workbench;
  readonly #signatory: Signatory;
  readonly #signed: SignedArtifact[] = [];

  private constructor(client: SigstoreClient, bench: Workbench, signatory: Signatory) {
    this.#client = client;
    this.#bench = bench;
    this.#signatory = signatory;
  }

  /** For an instance that is up with the grant for tests. */
  static async of(statePath: string): Promise<IssuedBundles> {
    const state = new StateDirectory(statePath);
    const facts = await readFacts(state);
    if (!facts) throw new Error(`${statePath}: no instance`);
    const config = await readConfig(join(projectDirectory, 'examples', 'minimal.yaml'));
    const signatory = remoteSignatory(config, state, facts);
    return new IssuedBundles(await sigstoreJsClient(), await Workbench.create(), signatory);
  }

  /** Paths of what was signed, and of its bundles. */
  get signed(): readonly SignedArtifact[] {
    return this.#signed;
  }

  get count(): number {
    return this.#signed.length;
  }

  /** Returns an ID token of the first test user. */
  async token(): Promise<string> {
    return await this.#signatory.token();
  }

  async sign(): Promise<void> {
    this.#signed.push(await this.#bench.sign(this.#client, this.#signatory, `bundle-${this.count}`));
  }

  /** Fails unless the client accepts every bundle that was ever signed here. */
  async verifyAll(): Promise<void> {
    for (const signed of this.#signed) {
      assertAccepted(await this.#bench.verify(this.#client, this.#signatory, signed), this.#client, signed.bundle);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bench[Symbol.asyncDispose]();
  }
}
