import { posix } from 'node:path';

/** One entry of a layer's archive. */
export interface TreeEntry {
  /** As the archive has it, without `./` and slashes at its ends. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'symlink' | 'hardlink' | 'other';
  /** What a link leads to, as it is written. */
  readonly target: string;
  readonly bytes: Uint8Array;
}

const maxLinks = 40;
const whiteout = '.wh.';

/** The files that layers make when one is put over the other: what a container finds. */
export class FileTree {
  readonly #entries = new Map<string, TreeEntry>();

  /** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#whiteouts */
  addLayer(entries: readonly TreeEntry[]): void {
    for (const { path } of entries) {
      const name = posix.basename(path);
      if (name === `${whiteout}${whiteout}.opq`) this.#removeBelow(posix.dirname(path));
      else if (name.startsWith(whiteout)) this.#remove(posix.join(posix.dirname(path), name.slice(whiteout.length)));
    }
    for (const entry of entries) {
      if (posix.basename(entry.path).startsWith(whiteout)) continue;
      if (entry.kind !== 'directory' && this.#entries.has(entry.path)) this.#remove(entry.path);
      this.#entries.set(entry.path, entry.kind === 'hardlink' ? this.#linked(entry) : entry);
    }
  }

  /** Returns a file by its absolute path, through links. */
  file(path: string): Uint8Array | undefined {
    const entry = this.#entries.get(this.#resolve(path));
    return entry?.kind === 'file' ? entry.bytes : undefined;
  }

  /** Returns the files with a name, in whatever directory. */
  named(name: string): readonly Uint8Array[] {
    return [...this.#entries.keys()]
      .filter((path) => posix.basename(path) === name)
      .flatMap((path) => this.file(`/${path}`) ?? []);
  }

  #linked({ path, target }: TreeEntry): TreeEntry {
    const bytes = this.#entries.get(target)?.bytes ?? new Uint8Array();
    return { path, kind: 'file', target: '', bytes };
  }

  /** Follows links of every part of a path, as the kernel does below the root of a container. */
  #resolve(path: string): string {
    let resolved = '';
    let links = 0;
    const rest = path.split('/').filter(Boolean);
    for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
      const next = posix.join('/', resolved, part).slice(1);
      const entry = this.#entries.get(next);
      if (entry?.kind !== 'symlink') {
        resolved = next;
        continue;
      }
      links += 1;
      if (links > maxLinks) return '';
      if (entry.target.startsWith('/')) resolved = '';
      rest.unshift(...entry.target.split('/').filter(Boolean));
    }
    return resolved;
  }

  #remove(path: string): void {
    this.#entries.delete(path);
    this.#removeBelow(path);
  }

  #removeBelow(directory: string): void {
    for (const path of this.#entries.keys()) if (path.startsWith(`${directory}/`)) this.#entries.delete(path);
  }
}
