import { resolve } from 'node:path';
import { sha256Hex } from '../../src/core/digest.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { readFileCapped } from '../../src/core/files.ts';
import { type BaseImage, pullBase } from './base-image.ts';
import type { Crane } from './crane.ts';
import { parseElf } from './elf.ts';
import { FileTree, type TreeEntry } from './file-tree.ts';
import { readForeignTar } from './foreign-tar.ts';
import { blobOf, type Layer, layerType } from './oci.ts';

const maxLayerBytes = 1 << 30;

/** What images of servers with a key in an HSM lie on. */
export interface HsmFlavour {
  readonly base: string;
  /** Archives (.tar) with what the maker of the HSM delivers: module and configuration. */
  readonly vendorFiles: readonly string[];
  /** Path of the module in the image: `aws.hsm.module`. */
  readonly module: string;
}

export interface VendorLayer {
  readonly file: string;
  readonly sha256: string;
  readonly layer: Layer;
}

/** Base and vendor's files, read once for all images. */
export interface HsmFoundation {
  readonly base: BaseImage;
  readonly vendor: readonly VendorLayer[];
  readonly module: string;
  readonly tree: FileTree;
}

/** @throws OPS_IMAGE_BASE; OPS_REGISTRY, OPS_IMAGE_DIFFERS */
export async function layFoundation(flavour: HsmFlavour, crane: Crane): Promise<HsmFoundation> {
  const base = await pullBase(flavour.base, crane);
  const tree = new FileTree();
  for (const entries of base.entries) tree.addLayer(entries);
  const vendor: VendorLayer[] = [];
  for (const file of flavour.vendorFiles) {
    const tar = await readFileCapped(resolve(file), maxLayerBytes);
    tree.addLayer(entriesOf(tar, file));
    const diffId = blobOf(tar).digest;
    const layer = { blob: blobOf(await crane.compress(resolve(file))), mediaType: layerType, diffId };
    vendor.push({ file, sha256: sha256Hex(tar), layer });
  }
  return { base, vendor, module: flavour.module, tree };
}

function entriesOf(tar: Uint8Array, file: string): readonly TreeEntry[] {
  const entries = readForeignTar(tar);
  if (entries) return entries;
  throw new ToolkitError('OPS_IMAGE_BASE', {
    message: `--layer: ${file}: expected an archive made by tar, not compressed, whose paths stay in it`,
    fault: 'input',
    data: { file },
    hint: 'tar -cf FILE.tar --owner=0 --group=0 --mtime=@0 --sort=name -C DIRECTORY .',
  });
}

/**
 * Checks that the plug-in and the module can be loaded: what the dynamic linker would only say once a server starts.
 * @throws OPS_IMAGE_BASE with everything that is missing
 */
export function assertLoads({ base, module, tree }: HsmFoundation, plugIn: Uint8Array): void {
  const library = tree.file(module);
  const missing = [
    ...missingFor('sigstore-kms-pkcs11', plugIn, tree),
    ...(library ? missingFor(module, library, tree) : [`${module}: no such file in the image (--module)`]),
  ];
  if (missing.length === 0) return;
  throw new ToolkitError('OPS_IMAGE_BASE', {
    message: `${base.reference}: ${missing.join('; ')}`,
    fault: 'input',
    data: { reference: base.reference, missing },
    hint: 'take a base with glibc that is as new as that of the machine that builds, or build on an older one; put the files of the maker of the HSM, and the libraries that ldd lists for its module, into --layer',
  });
}

function missingFor(name: string, bytes: Uint8Array, tree: FileTree): readonly string[] {
  const elf = parseElf(bytes);
  if (!elf) return [`${name}: expected a program or library for Linux on x86-64`];
  const { interpreter, needed, versions } = elf;
  const noLinker = interpreter !== undefined && tree.file(interpreter) === undefined;
  return [
    ...(noLinker ? [`${name}: needs the dynamic linker ${interpreter}`] : []),
    ...needed
      .flatMap((library) => missingIn(library, versions.get(library) ?? [], tree))
      .map((what) => `${name}: needs ${what}`),
  ];
}

function missingIn(library: string, versions: readonly string[], tree: FileTree): readonly string[] {
  const candidates = tree.named(library).flatMap((bytes) => parseElf(bytes) ?? []);
  if (candidates.length === 0) return [library];
  const lacking = candidates.map(({ provided }) => versions.filter((version) => !provided.includes(version)));
  const [fewest = []] = lacking.toSorted((a, b) => a.length - b.length);
  return fewest.map((version) => `${version} of ${library}`);
}
