import { join } from 'node:path';
import { utf8 } from '../../src/core/bytes.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { createFile, makeDirectory, readFileCapped, replaceFile } from '../../src/core/files.ts';
import { isJsonObject, type Json, parseJsonObject } from '../../src/core/json.ts';
import { type Artifact, blobOf, descriptor, manifestType } from './oci.ts';

const maxBlobBytes = 1 << 30;
const maxManifestBytes = 1 << 20;

/**
 * Writes an artifact as a directory that `crane push` takes. The index is written last: it names nothing that is not there.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
export async function writeLayout(directory: string, { manifest, blobs }: Artifact): Promise<void> {
  await makeDirectory(join(directory, 'blobs', 'sha256'));
  for (const blob of [...blobs, manifest]) await createFile(blobPath(directory, blob.digest), blob.bytes);
  await replaceFile(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  await replaceFile(join(directory, 'index.json'), indexOf({ manifest, blobs }));
}

/**
 * Returns the manifest with this digest of a layout, whose every blob was hashed again: what is pushed and signed is
 * what was built.
 * @throws OPS_IMAGES_CHANGED (evidence)
 */
export async function readLayout(directory: string, digest: string): Promise<Uint8Array> {
  const bytes = await readBlob(directory, digest);
  const manifest = parseJsonObject(bytes, { what: blobPath(directory, digest), maxBytes: maxManifestBytes });
  const layers = Array.isArray(manifest['layers']) ? manifest['layers'] : [];
  for (const named of [manifest['config'], ...layers]) await readBlob(directory, digestIn(named, directory));
  // crane pushes what the index names.
  const index = await readFileCapped(join(directory, 'index.json'), maxManifestBytes);
  const expected = indexOf({ manifest: { digest, bytes }, blobs: [] });
  if (blobOf(index).digest !== blobOf(expected).digest) throw changed(join(directory, 'index.json'));
  return bytes;
}

function indexOf({ manifest }: Artifact): Uint8Array {
  return utf8(JSON.stringify({ schemaVersion: 2, manifests: [descriptor(manifestType, manifest)] }));
}

async function readBlob(directory: string, digest: string): Promise<Uint8Array> {
  const path = blobPath(directory, digest);
  const bytes = await readFileCapped(path, maxBlobBytes);
  if (blobOf(bytes).digest !== digest) throw changed(path);
  return bytes;
}

function digestIn(json: Json | undefined, directory: string): string {
  const digest = isJsonObject(json) ? json['digest'] : undefined;
  // It becomes a path.
  if (typeof digest === 'string' && /^sha256:[0-9a-f]{64}$/.test(digest)) return digest;
  throw changed(directory);
}

function blobPath(directory: string, digest: string): string {
  return join(directory, 'blobs', 'sha256', digest.replace(/^sha256:/, ''));
}

function changed(path: string): ToolkitError {
  return new ToolkitError('OPS_IMAGES_CHANGED', {
    message: `${path}: is not what was built`,
    fault: 'evidence',
    data: { path },
    hint: 'nothing was pushed; find out who can write there, then build the images again into a new directory: sigstead images build --out DIR',
  });
}
