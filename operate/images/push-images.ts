import { readFileIfPresent, replaceFile } from '../../src/core/files.ts';
import { asStep, type Progress } from '../../src/core/progress.ts';
import { emptyRecord, formatDeploymentRecord, parseDeploymentRecord } from '../../src/services/deployment.ts';
import type { Crane } from './crane.ts';
import type { ImageSigner } from './image-signer.ts';
import { readLayout } from './layout.ts';
import { type ImagesManifest, layoutsOf } from './manifest.ts';
import { referenceOf } from './registry.ts';

const maxRecordBytes = 1 << 20;

export interface PushImages {
  readonly manifest: ImagesManifest;
  /** Where the images were built. */
  readonly directory: string;
  /** `HOST[/PREFIX]`, one for each region. */
  readonly registries: readonly string[];
  readonly crane: Crane;
  /** Absent where nothing is to be signed. */
  readonly signer: ImageSigner | undefined;
  readonly progress: Progress;
}

export interface PushedImage {
  readonly program: string;
  readonly reference: string;
  readonly sbom: string;
  readonly signed: boolean;
}

/** One manifest on its way. */
interface Parcel {
  readonly layout: string;
  readonly reference: string;
  readonly bytes: Uint8Array;
}

/**
 * Pushes every image and its SBOM to every registry, checks what is there, and signs both.
 * @throws OPS_IMAGES_CHANGED before anything is pushed
 * @throws OPS_REGISTRY, OPS_IMAGE_DIFFERS, OPS_SIGN_FAILED, OPS_VERIFY_FAILED
 */
export async function pushImages(options: PushImages): Promise<readonly PushedImage[]> {
  const { manifest, directory, registries, progress, signer } = options;
  const read = new Map<string, Uint8Array>();
  for (const [program, { digest, sbom }] of manifest.images) {
    const layouts = layoutsOf(directory, program);
    read.set(digest, await readLayout(layouts.image, digest));
    read.set(sbom, await readLayout(layouts.sbom, sbom));
  }
  const pushed: PushedImage[] = [];
  for (const registry of registries) {
    for (const [program, built] of manifest.images) {
      const layouts = layoutsOf(directory, program);
      const parcel = (layout: string, digest: string): Parcel => ({
        layout,
        reference: referenceOf(registry, program, digest),
        bytes: read.get(digest) ?? new Uint8Array(),
      });
      const image = parcel(layouts.image, built.digest);
      // It refers to the image, which has to be there first.
      const sbom = parcel(layouts.sbom, built.sbom);
      await asStep(progress, `push ${image.reference}`, async () => {
        for (const one of [image, sbom]) await deliver(one, options);
      });
      pushed.push({ program, reference: image.reference, sbom: sbom.reference, signed: signer !== undefined });
    }
  }
  return pushed;
}

async function deliver({ layout, reference, bytes }: Parcel, { crane, signer }: PushImages): Promise<void> {
  await crane.push(layout, reference);
  await crane.assertStored(reference, bytes);
  await signer?.sign(reference);
}

/**
 * Checks that a record can be written to later.
 * @throws SVC_DEPLOYMENT, CORE_JSON
 */
export async function readRecord(path: string) {
  const bytes = await readFileIfPresent(path, maxRecordBytes);
  return bytes ? parseDeploymentRecord(bytes, path) : emptyRecord;
}

/** Puts the digests into `deployment.json`; what else it says stays. Read again: pushing takes minutes. */
export async function recordImages(path: string, manifest: ImagesManifest): Promise<void> {
  const record = await readRecord(path);
  const digests = [...manifest.images].map(([program, { digest }]) => [program, digest] as const);
  await replaceFile(path, formatDeploymentRecord({ ...record, images: new Map([...record.images, ...digests]) }));
}
