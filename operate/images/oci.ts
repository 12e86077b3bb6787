import { utf8 } from '../../src/core/bytes.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { platform } from './build-info.ts';
import { userId } from './root-files.ts';
import { sbomMediaType } from './sbom.ts';

export const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const configType = 'application/vnd.oci.image.config.v1+json';
export const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';
const emptyType = 'application/vnd.oci.empty.v1+json';

/** No clock has a part in an image: two that are made of the same files are the same. */
const created = '1970-01-01T00:00:00Z';

/** What a registry stores under the hash of its bytes. */
export interface Blob {
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** A manifest and every blob that it names. */
export interface Artifact {
  readonly manifest: Blob;
  readonly blobs: readonly Blob[];
}

/** A layer as it travels, and the digest of its archive. */
export interface Layer {
  readonly blob: Blob;
  readonly mediaType: string;
  readonly diffId: string;
}

export function layerOf(tar: Uint8Array, compressed: Uint8Array): Layer {
  return { blob: blobOf(compressed), mediaType: layerType, diffId: blobOf(tar).digest };
}

/** What a person sees of an image in a registry. */
export interface ImageLabels {
  readonly title: string;
  readonly version: string;
  readonly source: string;
  /** The image that it lies on, with its digest; absent where it is made from nothing. */
  readonly base?: string;
}

/**
 * Returns an image of these layers, the lowest first. Nothing but files comes from a base: who runs, what is started and
 * in which environment is ours.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
 */
export function imageOf(layers: readonly Layer[], { title, version, source, base }: ImageLabels): Artifact {
  const labels = {
    ...(base !== undefined && {
      'org.opencontainers.image.base.digest': base.replace(/^.*@/, ''),
      'org.opencontainers.image.base.name': base,
    }),
    'org.opencontainers.image.source': source,
    'org.opencontainers.image.title': title,
    'org.opencontainers.image.version': version,
  };
  const config = jsonBlob({
    created,
    architecture: platform.architecture,
    os: platform.os,
    config: {
      User: `${userId}:${userId}`,
      // Servers look for the plug-in of their key there. Whom they trust is not for a base to say.
      Env: ['PATH=/bin', ...(base === undefined ? [] : ['SSL_CERT_DIR=/nowhere'])],
      Entrypoint: ['/entry'],
      WorkingDir: '/',
      Labels: labels,
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(() => ({ created, created_by: 'sigstead images build' })),
  });
  const manifest = jsonBlob({
    schemaVersion: 2,
    mediaType: manifestType,
    config: descriptor(configType, config),
    layers: layers.map(({ mediaType, blob }) => descriptor(mediaType, blob)),
    annotations: labels,
  });
  return { manifest, blobs: [config, ...new Map(layers.map(({ blob }) => [blob.digest, blob])).values()] };
}

/**
 * Returns the SBOM of an image as a registry keeps it: an artifact that refers to the image.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage
 */
export function sbomArtifact(sbom: Uint8Array, image: Blob): Artifact {
  const empty = blobOf(utf8('{}'));
  const document = blobOf(sbom);
  const manifest = jsonBlob({
    schemaVersion: 2,
    mediaType: manifestType,
    artifactType: sbomMediaType,
    config: descriptor(emptyType, empty),
    layers: [descriptor(sbomMediaType, document)],
    subject: descriptor(manifestType, image),
  });
  return { manifest, blobs: [empty, document] };
}

export function blobOf(bytes: Uint8Array): Blob {
  return { digest: `sha256:${sha256Hex(bytes)}`, bytes };
}

export function descriptor(mediaType: string, { digest, bytes }: Blob) {
  return { mediaType, digest, size: bytes.length };
}

function jsonBlob(document: object): Blob {
  return blobOf(utf8(JSON.stringify(document)));
}
