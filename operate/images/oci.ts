import { utf8 } from '../../src/core/bytes.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { platform } from './build-info.ts';
import { userId } from './root-files.ts';
import { sbomMediaType } from './sbom.ts';

export const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const configType = 'application/vnd.oci.image.config.v1+json';
const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';
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

export interface ImageLayer {
  readonly tar: Uint8Array;
  readonly compressed: Uint8Array;
}

/** What a person sees of an image in a registry. */
export interface ImageLabels {
  readonly title: string;
  readonly version: string;
  readonly source: string;
}

/**
 * Returns an image of one layer.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
 */
export function imageOf(layer: ImageLayer, { title, version, source }: ImageLabels): Artifact {
  const labels = {
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
      // Fulcio looks for the plug-in of its key there.
      Env: ['PATH=/bin'],
      Entrypoint: ['/entry'],
      WorkingDir: '/',
      Labels: labels,
    },
    rootfs: { type: 'layers', diff_ids: [blobOf(layer.tar).digest] },
    history: [{ created, created_by: 'sigstead images build' }],
  });
  const compressed = blobOf(layer.compressed);
  const manifest = jsonBlob({
    schemaVersion: 2,
    mediaType: manifestType,
    config: descriptor(configType, config),
    layers: [descriptor(layerType, compressed)],
    annotations: labels,
  });
  return { manifest, blobs: [config, compressed] };
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
