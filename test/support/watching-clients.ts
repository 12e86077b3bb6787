import { cp, rm } from 'node:fs/promises';
import { directoryStore } from '../../src/store/directory-store.ts';
import { assertAgreement, judgeRepository } from '../../src/tuf/judge.ts';
import { type AuthenticRepository, verifyRepository } from '../../src/tuf/repository.ts';

export interface WatchOptions {
  /** The published repository, a directory. */
  readonly published: string;
  readonly pinnedRoot: Uint8Array;
  /** For what clients remember. */
  readonly memory: string;
}

/** Two clients, ours and tuf-js, that look at a published repository now and then, and remember what they saw. */
export class WatchingClients {
  readonly #options: WatchOptions;
  #seen: AuthenticRepository | undefined;

  private constructor(options: WatchOptions, seen: AuthenticRepository | undefined) {
    this.#options = options;
    this.#seen = seen;
  }

  /** Clients that have seen nothing yet. */
  static begin(options: WatchOptions): WatchingClients {
    return new WatchingClients(options, undefined);
  }

  /** Returns clients that saw the same so far, and look elsewhere from now on. */
  async follow(change: Pick<WatchOptions, 'published' | 'memory'>): Promise<WatchingClients> {
    await rm(change.memory, { recursive: true, force: true });
    await cp(this.#options.memory, change.memory, { recursive: true });
    return new WatchingClients({ ...this.#options, ...change }, this.#seen);
  }

  /** Passes if clients that remember, and clients that are new, accept what is published now. */
  async look(): Promise<void> {
    await this.#accept(undefined, undefined);
    this.#seen = await this.#accept(this.#seen, this.#options.memory);
  }

  async #accept(previous: AuthenticRepository | undefined, memory: string | undefined): Promise<AuthenticRepository> {
    const { published, pinnedRoot } = this.#options;
    const store = directoryStore(published);
    const client = { read: store.read.bind(store), pinnedRoot, now: new Date() };
    const repository = await verifyRepository({ ...client, ...(previous && { previous }) });
    const targets = [...repository.targetFiles.keys()];
    assertAgreement(repository, await judgeRepository({ ...client, targets, ...(memory !== undefined && { memory }) }));
    return repository;
  }
}
