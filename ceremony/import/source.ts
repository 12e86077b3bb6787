import { stat } from 'node:fs/promises';
import { ToolkitError } from '../../src/core/error.ts';
import { readFileCapped } from '../../src/core/files.ts';
import type { Fetch } from '../../src/core/http.ts';
import { unreadable } from '../../src/core/unreadable.ts';
import { directoryStore } from '../../src/store/directory-store.ts';
import { maxMetadataBytes } from '../../src/tuf/layout.ts';
import { httpReader, type ReadFile } from '../../src/tuf/reader.ts';
import { readTarball } from './tarball.ts';

export type SourceKind = 'tuf-on-ci' | 'scaffolding' | 'mirror';

/** Where a repository is imported from, seen as if it were published. */
export interface ImportSource {
  readonly kind: SourceKind;
  readonly where: string;
  /** By the paths of a published repository (`src/tuf/layout.ts`). */
  readonly read: ReadFile;
}

interface Place {
  readonly where: string;
  /** By the paths of the place itself. */
  readonly read: ReadFile;
}

const maxTarballBytes = 64 * 1024 * 1024;

/**
 * Opens a directory, a `.tar.gz` or a URL, and says which of the three layouts it has. Verifies nothing.
 * @throws CER_IMPORT_SOURCE if it has none of them
 * @throws CER_IMPORT_TARBALL; TUF_HTTP_STATUS, CORE_HTTP_UNREACHABLE, CORE_FILE_MISSING
 */
export async function openSource(source: string, options: { readonly fetch?: Fetch } = {}): Promise<ImportSource> {
  const place = await openPlace(source, options);
  const has = async (path: string) => (await place.read(path, maxMetadataBytes.root)) !== undefined;
  if (await has('timestamp.json')) return { ...place, kind: 'mirror' };
  if (await has('metadata/timestamp.json')) {
    const source = await has('metadata/root.json');
    return source
      ? { ...place, kind: 'tuf-on-ci', read: sourceLayout(place) }
      : { ...place, ...publishedByTufOnCi(place) };
  }
  if (await has('repository/timestamp.json')) {
    const read: ReadFile = async (path, max) => await place.read(`repository/${path}`, max);
    return { ...place, kind: 'scaffolding', read };
  }
  throw new ToolkitError('CER_IMPORT_SOURCE', {
    message: `${place.where}: expected a TUF repository, got no timestamp.json, metadata/timestamp.json or repository/timestamp.json`,
    fault: 'input',
    data: { source },
    hint: 'name a checkout of a tuf-on-ci repository, what scaffolding wrote, or a mirror; as a directory, a .tar.gz or a URL',
  });
}

/** tuf-on-ci keeps one file for each role, all roots, and targets under their own names. */
function sourceLayout(place: Place): ReadFile {
  return async (path, max) => await place.read(sourcePath(path), max);
}

/** What it publishes is a mirror whose metadata is in a directory of its own. */
function publishedByTufOnCi(place: Place): Pick<ImportSource, 'kind' | 'read'> {
  const read: ReadFile = async (path, max) =>
    await place.read(path.startsWith('targets/') ? path : `metadata/${path}`, max);
  return { kind: 'mirror', read };
}

function sourcePath(path: string): string {
  const target = /^(targets\/(?:.*\/)?)(?:[0-9a-f]{64}|[0-9a-f]{128})\.([^/]+)$/.exec(path);
  if (target) return `${target[1]}${target[2]}`;
  if (/^\d+\.root\.json$/.test(path)) return `metadata/root_history/${path}`;
  return `metadata/${path.replace(/^\d+\./, '')}`;
}

async function openPlace(source: string, { fetch }: { readonly fetch?: Fetch }): Promise<Place> {
  if (/^https?:\/\//i.test(source)) return { where: source, read: httpReader(source, fetch ? { fetch } : {}) };
  const status = await stat(source).catch((error: unknown) => {
    throw unreadable(source, error);
  });
  if (status.isDirectory()) {
    const store = directoryStore(source);
    return { where: source, read: store.read.bind(store) };
  }
  const files = readTarball(await readFileCapped(source, maxTarballBytes), source);
  const prefix = commonDirectory([...files.keys()]);
  return { where: source, read: async (path, max) => capped(files.get(`${prefix}${path}`), { path, max }) };
}

/** An archive of one directory is that directory; what scaffolding writes is `repository/`, and keeps its name. */
function commonDirectory(paths: readonly string[]): string {
  const top = paths[0]?.split('/')[0];
  if (top === undefined || top === 'repository' || !paths.every((path) => path.startsWith(`${top}/`))) return '';
  return top === 'metadata' || top === 'targets' ? '' : `${top}/`;
}

function capped(
  bytes: Uint8Array | undefined,
  { path, max }: { readonly path: string; readonly max: number },
): Uint8Array | undefined {
  if (bytes === undefined || bytes.length <= max) return bytes;
  throw new ToolkitError('CORE_TOO_LARGE', {
    message: `${path}: expected at most ${max} bytes, got ${bytes.length}`,
    fault: 'input',
    data: { path, maxBytes: max },
    hint: 'no client downloads as much; look at what is in the archive',
  });
}
