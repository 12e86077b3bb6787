import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative } from 'node:path';

export interface FileServer extends AsyncDisposable {
  readonly url: string;
}

/** Serves files by path on a loopback port, and 404 for the rest, like any static web server. */
export async function serveFiles(files: ReadonlyMap<string, Uint8Array>): Promise<FileServer> {
  const server = createServer((request, response) => {
    const bytes = files.get(decodeURIComponent((request.url ?? '/').slice(1)));
    response.writeHead(bytes ? 200 : 404).end(bytes ?? 'not found');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Serves what a directory has now. */
export async function serveDirectory(directory: string): Promise<FileServer> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files = paths.map(async (path) => [relative(directory, path), new Uint8Array(await readFile(path))] as const);
  return await serveFiles(new Map(await Promise.all(files)));
}
