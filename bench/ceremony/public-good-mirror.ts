import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readTarball } from '../../ceremony/import/tarball.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { isErrno } from '../../src/core/error.ts';
import { roleNames } from '../../src/tuf/layout.ts';

const fixture = new URL('../../../shared/fixtures/public-good-root.tar.gz', import.meta.url);
const folder = 'public-good-root/';

interface Signed {
  readonly signed: { readonly version: number; readonly expires: string };
}

/** The public instance's repository as a mirror has it, in a directory, and a time at which it verifies. */
export interface PublicGoodMirror {
  readonly directory: string;
  /** v5: the first root that clients can start from. */
  readonly pinnedRoot: string;
  readonly now: Date;
}

/** Writes the mirror, or returns `undefined` where the fixtures are absent. */
export async function writePublicGoodMirror(directory: string): Promise<PublicGoodMirror | undefined> {
  const archive = await readFile(fixture).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (!archive) return undefined;
  let now = new Date(8.64e15);
  for (const [path, bytes] of readTarball(archive, fixture.pathname)) {
    const name = path.slice(folder.length);
    const published = publishedName(name, bytes);
    if (published === undefined) continue;
    await mkdir(dirname(join(directory, published)), { recursive: true });
    await writeFile(join(directory, published), bytes);
    if (roleNames.some((role) => name === `metadata/${role}.json`)) {
      // A minute before the first of them expires.
      const expires = Date.parse(parse(bytes).signed.expires) - 60_000;
      if (expires < now.getTime()) now = new Date(expires);
    }
  }
  return { directory, pinnedRoot: join(directory, '5.root.json'), now };
}

/** Names in the repository of those who sign are not yet those that clients ask for. */
function publishedName(name: string, bytes: Uint8Array): string | undefined {
  const [, root] = /^metadata\/root_history\/(\d+\.root\.json)$/.exec(name) ?? [];
  if (root !== undefined) return root;
  if (name === 'metadata/timestamp.json') return 'timestamp.json';
  const [, role] = /^metadata\/([^/]+)\.json$/.exec(name) ?? [];
  if (role !== undefined) return `${parse(bytes).signed.version}.${role}.json`;
  const [, target] = /^targets\/(.+)$/.exec(name) ?? [];
  return target === undefined ? undefined : `targets/${sha256Hex(bytes)}.${target}`;
}

function parse(bytes: Uint8Array): Signed {
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as Signed;
}
