import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno, ToolkitError } from '../src/core/error.ts';
import { makePrivateDirectory, readFileIfPresent, replaceFile } from '../src/core/files.ts';
import { type Format, formatDocument, parseFormatted } from '../src/core/formatted.ts';
import { type JsonObject, toJson } from '../src/core/json.ts';
import { count, list, object, optional, sha256Text } from '../src/core/shape.ts';
import { unreadable } from '../src/core/unreadable.ts';
import { parseMetadata, type RootMetadata } from '../src/tuf/metadata.ts';

/** What tells one root from every other: its version, and the SHA-256 of its signed bytes. */
export interface PinnedRoot {
  readonly version: number;
  readonly sha256: string;
}

interface Memory {
  /** The last root that was seen in force. */
  readonly pinned: PinnedRoot | undefined;
  /** Roots that this holder signed: one that turns up in force is known already. */
  readonly signed: readonly PinnedRoot[];
  /** SHA-256 of the policy of the event that was signed last. */
  readonly policy: string | undefined;
}

/** Roots that were signed and never came into force are forgotten at some time. */
const maxSigned = 20;

const pinnedRoot = object({ version: count, sha256: sha256Text });

const memoryFormat: Format<Memory> = {
  name: 'sigstead-pinned-root/v1',
  read: object({ pinned: optional(pinnedRoot), signed: list(pinnedRoot), policy: optional(sha256Text) }),
  maxBytes: 65_536,
  code: 'CER_PINNED_FILE',
  hint: 'it is damaged: delete it, and name a root that you have from somebody you trust: --pinned-root FILE',
};

export function pinOf({ version, canonicalSha256: sha256 }: RootMetadata): PinnedRoot {
  return { version, sha256 };
}

/** A holder's own memory of the roots of each repository. Nothing that is received changes it alone. */
export class PinnedRoots {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Returns the root to hold a packet against: the one that was seen last, or before any was, the one in the packet that
   * this holder signed.
   * @throws CER_PINNED_OTHER (evidence) if its roots are known under the id of another repository: what a packet says of
   * itself must not choose which memory it is held against
   */
  async pinFor(repository: string, roots: readonly Uint8Array[]): Promise<PinnedRoot | undefined> {
    const { pinned, signed } = await this.#read(repository);
    if (pinned) return pinned;
    const offered = roots.map((bytes) => pinOf(parseMetadata(bytes, 'root')));
    await this.#assertNotKnownAs(repository, offered);
    return offered.findLast(({ sha256 }) => signed.some((own) => own.sha256 === sha256));
  }

  async #assertNotKnownAs(repository: string, offered: readonly PinnedRoot[]): Promise<void> {
    const names = await readdir(this.#directory).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return [];
      throw unreadable(this.#directory, error);
    });
    for (const known of names.filter((name) => /^[0-9a-f]{32}\.json$/.test(name)).map((name) => name.slice(0, 32))) {
      const { pinned, signed } = await this.#read(known);
      const same = offered.find(({ sha256 }) => [pinned, ...signed].some((own) => own?.sha256 === sha256));
      if (same && known !== repository) throw otherRepository(known, repository, same);
    }
  }

  /** Returns the SHA-256 of another root of this version that this holder signed, if there is one. */
  async signedOther(repository: string, root: PinnedRoot | undefined): Promise<string | undefined> {
    const { signed } = await this.#read(repository);
    return signed.find(({ version, sha256 }) => version === root?.version && sha256 !== root.sha256)?.sha256;
  }

  /**
   * Remembers a root that a review led to from the pinned one. Never goes back.
   * @throws CER_PINNED_OTHER (evidence) if another root is pinned under the same version
   */
  async remember(repository: string, root: PinnedRoot): Promise<void> {
    const memory = await this.#read(repository);
    const { pinned } = memory;
    if (pinned && pinned.version > root.version) return;
    if (pinned?.version === root.version && pinned.sha256 !== root.sha256)
      throw other(this.#path(repository), pinned, root);
    await this.#write(repository, { ...memory, pinned: root });
  }

  /** Returns the SHA-256 of the policy by which this holder signed last. */
  async policyOf(repository: string): Promise<string | undefined> {
    return (await this.#read(repository)).policy;
  }

  /** Remembers by which policy an event was signed, and its root, which may or may not come into force. */
  async rememberSigned(repository: string, policy: string, root: PinnedRoot | undefined): Promise<void> {
    const memory = await this.#read(repository);
    const others = memory.signed.filter(({ sha256 }) => sha256 !== root?.sha256);
    const signed = root ? [...others, root].slice(-maxSigned) : others;
    await this.#write(repository, { ...memory, signed, policy });
  }

  async #read(repository: string): Promise<Memory> {
    const path = this.#path(repository);
    const bytes = await readFileIfPresent(path, memoryFormat.maxBytes);
    return bytes ? parseFormatted(bytes, memoryFormat, path) : { pinned: undefined, signed: [], policy: undefined };
  }

  async #write(repository: string, memory: Memory): Promise<void> {
    await makePrivateDirectory(this.#directory);
    await replaceFile(this.#path(repository), formatDocument(memoryFormat, toJson(memory) as JsonObject));
  }

  #path(repository: string): string {
    return join(this.#directory, `${repository}.json`);
  }
}

function otherRepository(known: string, repository: string, { version, sha256 }: PinnedRoot): ToolkitError {
  return new ToolkitError('CER_PINNED_OTHER', {
    message: `root v${version}: known as a root of repository ${known}, and the packet says ${repository}`,
    fault: 'evidence',
    data: { version, known, repository, sha256 },
    hint: 'somebody changed the id to be held against no memory: do not sign, and tell every other holder',
  });
}

function other(path: string, pinned: PinnedRoot, got: PinnedRoot): ToolkitError {
  return new ToolkitError('CER_PINNED_OTHER', {
    message: `${path}: root v${got.version} is pinned with other content`,
    fault: 'evidence',
    data: { version: got.version, pinned: pinned.sha256, got: got.sha256 },
    hint: 'there are two roots of one version: do not sign, and tell every other holder',
  });
}
