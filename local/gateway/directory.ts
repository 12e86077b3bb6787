import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isErrno } from '../../src/core/error.ts';
import type { ReadRoute } from '../../src/services/edge.ts';
import type { ReadEntry } from '../../src/services/edge-paths.ts';
import type { Handling, RouteHandler } from './handling.ts';

/** Larger files are streamed, so that a reader of full bundles does not fill the memory. */
const wholeBytes = 65_536;

const missing = { status: 404, message: 'no such file' };

/** Builds what serves a route's files from a directory. */
export function directoryHandler(route: ReadRoute, directory: string): RouteHandler {
  return {
    methods: ['GET', 'HEAD'],
    handle: (handling, file) => {
      serve(handling, { route, directory, file }).catch((error: unknown) => {
        handling.fail({ status: 500, message: 'the file cannot be read' }, error);
        handling.res.destroy();
      });
    },
  };
}

/** Returns the kind of a file by its name, or `undefined` for a name that is never served. */
export function entryOf(route: ReadRoute, file: string): ReadEntry | undefined {
  return route.entries.find((entry) => entry.pattern.test(file));
}

interface Served {
  readonly route: ReadRoute;
  readonly directory: string;
  readonly file: string;
}

async function serve(handling: Handling, served: Served): Promise<void> {
  const entry = entryOf(served.route, served.file);
  const handle = entry && (await openInside(served));
  if (!handle) return handling.refuse(missing);
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) return handling.refuse(missing);
    if (handling.isOver) return;
    await send(handling, entry, { handle, size: stat.size });
  } finally {
    await handle.close();
  }
}

async function send(
  handling: Handling,
  entry: ReadEntry,
  file: { readonly handle: FileHandle; readonly size: number },
): Promise<void> {
  const headers = [
    'Content-Type',
    entry.contentType,
    'Content-Length',
    String(file.size),
    'Cache-Control',
    entry.cacheControl,
    'X-Content-Type-Options',
    'nosniff',
  ];
  if (handling.req.method === 'HEAD') return handling.answer(200, headers, undefined);
  if (file.size <= wholeBytes) return handling.answer(200, headers, await readWhole(file.handle, file.size));
  handling.begin(200, headers);
  const content = file.handle.createReadStream({ start: 0, end: file.size - 1, autoClose: false });
  // A client that stops reading in the middle is no failure.
  await pipeline(content, handling.res).catch(() => handling.res.destroy());
}

async function readWhole(handle: FileHandle, size: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(size);
  const { bytesRead } = await handle.read(buffer, 0, size, 0);
  if (bytesRead !== size) throw new Error(`expected ${size} bytes, got ${bytesRead}`);
  return buffer;
}

/**
 * Opens a file whose name the route admits. A link is followed only to another name that the route admits, in the same
 * directory: the servers' own state lies beside what is published.
 */
async function openInside({ route, directory, file }: Served): Promise<FileHandle | undefined> {
  try {
    const [root, path] = await Promise.all([realpath(directory), realpath(join(directory, file))]);
    const real = relative(root, path).split(sep).join('/');
    if (real !== file && entryOf(route, real) === undefined) return undefined;
    // Not blocking: a pipe in the directory would hold a thread until somebody writes to it.
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO'].some((code) => isErrno(error, code))) return undefined;
    throw error;
  }
}
