import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ToolkitError } from '../../src/core/error.ts';
import { judgeRepository } from '../../src/tuf/judge.ts';
import { type AuthenticRepository, verifyRepository } from '../../src/tuf/repository.ts';
import { MemoryStore, now, readerOf } from './root-of-trust.ts';

/**
 * A store whose clients refresh after every single write: ours and tuf-js, each new, each remembering what it saw last,
 * and ours also as one that slept since before the first write.
 */
export class WatchedStore extends MemoryStore implements AsyncDisposable {
  /** Which client failed after which write, and how. */
  readonly failures: string[] = [];
  readonly #pinnedRoot: Uint8Array;
  readonly #memory: string;
  readonly #before: AuthenticRepository;
  #seen: AuthenticRepository;

  private constructor(
    files: MemoryStore['files'],
    pinnedRoot: Uint8Array,
    memory: string,
    before: AuthenticRepository,
  ) {
    super(files);
    [this.#pinnedRoot, this.#memory, this.#before, this.#seen] = [pinnedRoot, memory, before, before];
  }

  /** Clients that saw what is published now. */
  static async begin({ files }: MemoryStore, pinnedRoot: Uint8Array): Promise<WatchedStore> {
    const memory = await mkdtemp(join(tmpdir(), 'sigstead-watched-'));
    const client = { read: readerOf(new MemoryStore(files)), pinnedRoot, now };
    const before = await verifyRepository(client);
    await judgeRepository({ ...client, targets: [], memory });
    return new WatchedStore(files, pinnedRoot, memory, before);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#memory, { recursive: true, force: true });
  }

  override async create(path: string, bytes: Uint8Array): Promise<void> {
    await super.create(path, bytes);
    await this.#refresh(path);
  }

  override async replace(path: string, bytes: Uint8Array): Promise<void> {
    await super.replace(path, bytes);
    await this.#refresh(path);
  }

  async #refresh(path: string): Promise<void> {
    const client = { read: readerOf(this), pinnedRoot: this.#pinnedRoot, now };
    const targets = [...this.#seen.targets.targets.keys()];
    const clients = {
      new: () => verifyRepository(client),
      remembering: async () => (this.#seen = await verifyRepository({ ...client, previous: this.#seen })),
      'woken up': () => verifyRepository({ ...client, previous: this.#before }),
      'new tuf-js': () => judgeRepository({ ...client, targets }),
      'remembering tuf-js': () => judgeRepository({ ...client, targets, memory: this.#memory }),
    };
    for (const [name, refresh] of Object.entries(clients)) {
      await refresh().catch((error: unknown) => {
        if (!(error instanceof ToolkitError)) throw error;
        this.failures.push(`${name} after ${path}: ${error.code}`);
      });
    }
  }
}
