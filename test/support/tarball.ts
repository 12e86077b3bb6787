import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

/** Where the shared fixtures are; they are never copied into the project. */
export const fixtures = fileURLToPath(new URL('../../../shared/fixtures/', import.meta.url));

/** Returns the files of a fixture archive by path, or `undefined` where the fixtures are absent. */
export function readFixtureTarball(name: string): ReadonlyMap<string, Uint8Array> | undefined {
  const path = `${fixtures}${name}`;
  return existsSync(path) ? readTarball(gunzipSync(readFileSync(path))) : undefined;
}

/** Reads the regular files of an uncompressed ustar archive. */
function readTarball(archive: Buffer): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (let offset = 0; offset + 512 <= archive.length; ) {
    const header = archive.subarray(offset, offset + 512);
    const name = header.subarray(0, 100).toString('latin1').replace(/\0.*$/s, '');
    const size = Number.parseInt(header.subarray(124, 136).toString('latin1'), 8) || 0;
    const type = header.subarray(156, 157).toString('latin1');
    if (name !== '' && (type === '0' || type === '\0')) {
      files.set(name, new Uint8Array(archive.subarray(offset + 512, offset + 512 + size)));
    }
    offset += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
