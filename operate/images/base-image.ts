import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { sha256Hex } from '../../src/core/digest.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { makeScratchDirectory, readFileCapped } from '../../src/core/files.ts';
import { isJsonObject, type Json, type JsonObject, parseJsonObject } from '../../src/core/json.ts';
import { platform } from './build-info.ts';
import type { Crane } from './crane.ts';
import type { TreeEntry } from './file-tree.ts';
import { readForeignTar } from './foreign-tar.ts';
import { type Blob, blobOf, type Layer } from './oci.ts';

const maxBlobBytes = 1 << 30;
const maxManifestBytes = 1 << 20;

/** Media types of layers as Docker and OCI have them, by how they are compressed. */
const compression: Readonly<Record<string, 'none' | 'gzip' | 'zstd' | undefined>> = {
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'gzip',
  'application/vnd.oci.image.layer.v1.tar': 'none',
  'application/vnd.oci.image.layer.v1.tar+gzip': 'gzip',
  'application/vnd.oci.image.layer.v1.tar+zstd': 'zstd',
};

/** An image that others made, whose C library our programs are linked to. */
export interface BaseImage {
  /** With its digest. */
  readonly reference: string;
  readonly layers: readonly Layer[];
  /** The entries of each layer, in order. */
  readonly entries: readonly (readonly TreeEntry[])[];
}

const form =
  /^(?:localhost|(?=[^/]*[.:])[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::\d{1,5})?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*){1,8}@sha256:[0-9a-f]{64}$/;

/**
 * Returns a reference as it was given, if it names one image for ever: a tag is a name that somebody can move.
 * @throws CLI_USAGE
 */
export function parseBaseReference(given: string): string {
  if (given.length <= 512 && form.test(given)) return given;
  throw new ToolkitError('CLI_USAGE', {
    message: `--base: expected HOST/REPOSITORY@sha256:DIGEST, without a tag, got ${given}`,
    fault: 'input',
    hint: 'read its digest: go -C servers tool crane digest HOST/REPOSITORY:TAG, and review what it holds',
  });
}

/**
 * Pulls an image, and checks every part of it against its digest.
 * @throws OPS_REGISTRY, OPS_IMAGE_DIFFERS
 * @throws OPS_IMAGE_BASE if it is nothing that our layers could lie on
 */
export async function pullBase(reference: string, crane: Crane): Promise<BaseImage> {
  const scratch = await makeScratchDirectory('sigstead-base');
  try {
    const directory = join(scratch, 'layout');
    await crane.pull(reference, directory);
    return await readBase(reference, directory);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function readBase(reference: string, directory: string): Promise<BaseImage> {
  const index = json(await readFileCapped(join(directory, 'index.json'), maxManifestBytes), reference);
  const [only, ...others] = listIn(index, 'manifests');
  if (!only || others.length > 0) throw unusable(reference, `expected one image for ${platformName}`);
  const read = async (named: JsonObject) => await readBlob(directory, named, reference);
  const manifest = json((await read(only)).bytes, reference);
  const config = json((await read(objectIn(manifest, 'config'))).bytes, reference);
  const built = `${String(config['os'])}/${String(config['architecture'])}`;
  if (built !== platformName) throw unusable(reference, `expected an image for ${platformName}, got one for ${built}`);
  const diffIds = textsIn(objectIn(config, 'rootfs'), 'diff_ids');
  const named = listIn(manifest, 'layers');
  if (named.length === 0 || named.length !== diffIds.length) throw unusable(reference, 'expected a layer at least');
  const layers: Layer[] = [];
  const entries: (readonly TreeEntry[])[] = [];
  for (const [position, descriptor] of named.entries()) {
    const blob = await read(descriptor);
    const tar = unpacked(blob, String(descriptor['mediaType']), reference);
    const diffId = `sha256:${sha256Hex(tar)}`;
    const contents = readForeignTar(tar);
    if (diffId !== diffIds[position] || !contents)
      throw unusable(reference, `layer ${blob.digest}: is not what its configuration says`);
    layers.push({ blob, mediaType: ociTypeOf(String(descriptor['mediaType'])), diffId });
    entries.push(contents);
  }
  return { reference, layers, entries };
}

const platformName = `${platform.os}/${platform.architecture}`;

function unpacked({ bytes, digest }: Blob, mediaType: string, reference: string): Uint8Array {
  const options = { maxOutputLength: maxBlobBytes };
  switch (compression[mediaType]) {
    case 'none':
      return bytes;
    case 'gzip':
      return gunzipSync(bytes, options);
    case 'zstd':
      return zstdDecompressSync(bytes, options);
    case undefined:
      throw unusable(reference, `layer ${digest}: cannot be a part of another image: ${mediaType}`);
  }
}

/** The same bytes by the name that the other layers of the manifest have. */
function ociTypeOf(mediaType: string): string {
  return mediaType === 'application/vnd.docker.image.rootfs.diff.tar.gzip'
    ? 'application/vnd.oci.image.layer.v1.tar+gzip'
    : mediaType;
}

async function readBlob(directory: string, named: JsonObject, reference: string): Promise<Blob> {
  const digest = String(named['digest']);
  // It becomes a path.
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw unusable(reference, `expected a digest, got ${digest}`);
  const blob = blobOf(await readFileCapped(join(directory, 'blobs', 'sha256', digest.slice(7)), maxBlobBytes));
  if (blob.digest === digest) return blob;
  throw unusable(reference, `${digest}: the registry gave back something else`);
}

function json(bytes: Uint8Array, what: string): JsonObject {
  return parseJsonObject(bytes, { what, maxBytes: maxManifestBytes });
}

function objectIn(document: JsonObject, name: string): JsonObject {
  const value: Json | undefined = document[name];
  return isJsonObject(value) ? value : {};
}

function listIn(document: JsonObject, name: string): readonly JsonObject[] {
  const value = document[name];
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function textsIn(document: JsonObject, name: string): readonly string[] {
  const value = document[name];
  return Array.isArray(value) ? value.map(String) : [];
}

function unusable(reference: string, message: string): ToolkitError {
  return new ToolkitError('OPS_IMAGE_BASE', {
    message: `${reference}: ${message}`,
    fault: 'input',
    data: { reference },
    hint: `name the digest of an image for ${platformName} with a C library, e.g. of a distribution: docs/images.md`,
  });
}
