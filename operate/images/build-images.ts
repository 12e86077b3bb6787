import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serverPackages } from '../../local/servers/packages.ts';
import { ensureServers, type ServerName } from '../../local/servers.ts';
import type { Invocation } from '../../src/cli/command.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { makeDirectory, makeScratchDirectory, readFileCapped, replaceFile } from '../../src/core/files.ts';
import { asStep } from '../../src/core/progress.ts';
import { packageDirectory } from '../settings.ts';
import { assertFitsImage, type BuildInfo } from './build-info.ts';
import { Crane } from './crane.ts';
import { GoTools } from './go-tools.ts';
import { assertLoads, type HsmFlavour, type HsmFoundation, layFoundation } from './hsm-flavour.ts';
import { writeLayout } from './layout.ts';
import {
  type BuiltImage,
  type BuiltProgram,
  formatImagesManifest,
  type ImagesManifest,
  layoutsOf,
  manifestName,
} from './manifest.ts';
import { imageOf, layerOf, sbomArtifact } from './oci.ts';
import { binariesOf, type ImageProgram, isForHsm, pathInImage, serverOf } from './programs.ts';
import { bundledCertificates, type Certificates, rootFiles } from './root-files.ts';
import { sbomOf } from './sbom.ts';
import { scanPrograms } from './scan-programs.ts';
import { writeTar } from './tar.ts';

const maxProgramBytes = 1 << 29;

export interface BuildImages {
  readonly programs: readonly ImageProgram[];
  /** Where layouts, SBOMs and `images.json` go. */
  readonly directory: string;
  /** URL of the vulnerability database. @default https://vuln.go.dev */
  readonly database: string | undefined;
  /** For images of servers with a key in an HSM. */
  readonly hsm: HsmFlavour | undefined;
  readonly invocation: Pick<Invocation, 'environment' | 'progress' | 'signal' | 'version'>;
}

/** A program, read once: what is hashed, described and packed are the same bytes. */
interface Binary {
  readonly name: ServerName;
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly info: BuildInfo;
}

interface Parts {
  readonly binaries: ReadonlyMap<string, Binary>;
  readonly certificates: Certificates;
  readonly license: Uint8Array;
  readonly crane: Crane;
  readonly foundation: HsmFoundation | undefined;
}

/**
 * Makes the images of programs, each with its SBOM, and says what is known against what they were compiled from. The
 * manifest comes last: a directory without one holds nothing.
 * @throws OPS_IMAGE_PROGRAM, OPS_IMAGE_BUILD; what `ensureServers` throws
 */
export async function buildImages(options: BuildImages): Promise<ImagesManifest> {
  const { programs, directory, database, invocation } = options;
  const { progress, version: toolkit } = invocation;
  const go = await GoTools.find(invocation.environment, invocation.signal);
  const parts = await gatherParts(options, go);
  await makeDirectory(directory);
  const images = new Map<string, BuiltImage>();
  for (const program of programs) {
    const make = async () => makeImage(program, parts, { directory, toolkit });
    images.set(program, await asStep(progress, `image ${program}`, make, ({ digest }) => digest));
  }
  const binaries = [...parts.binaries.values()];
  const { check, findings } = await asStep(
    progress,
    'look for known vulnerabilities',
    async () => scanPrograms(binaries, go, database),
    ({ check: { status } }) => status,
  );
  const described = binaries.map(
    (binary) => [binary.name, describe(binary, toolkit, findings.get(binary.name))] as const,
  );
  const { count, sha256 } = parts.certificates;
  const common = { toolkit, node: process.versions.node, certificates: { count, sha256 }, vulnerabilities: check };
  const manifest: ImagesManifest = { ...common, programs: new Map(described), images };
  await replaceFile(join(directory, manifestName), formatImagesManifest(manifest));
  return manifest;
}

async function gatherParts({ programs, hsm, invocation }: BuildImages, go: GoTools): Promise<Parts> {
  const { environment: env, progress, signal } = invocation;
  const names = [...new Set(programs.flatMap(binariesOf))];
  const paths = await ensureServers([...names, 'crane'], { env, progress, signal });
  const binaries = await readBinaries(names, paths, go);
  const crane = new Crane(paths.get('crane') ?? 'crane', env, signal);
  const lay = async (flavour: HsmFlavour) =>
    asStep(progress, `pull ${flavour.base}`, async () => layFoundation(flavour, crane));
  const foundation = hsm && (await lay(hsm));
  const plugIn = binaries.get('sigstore-kms-pkcs11');
  if (foundation && plugIn) assertLoads(foundation, plugIn.bytes);
  return {
    binaries,
    certificates: bundledCertificates(),
    license: await readFileCapped(join(packageDirectory, 'LICENSE'), 1 << 20),
    ...{ crane, foundation },
  };
}

async function readBinaries(names: readonly ServerName[], paths: ReadonlyMap<ServerName, string>, go: GoTools) {
  const binaries = new Map<string, Binary>();
  for (const name of names) {
    const path = paths.get(name) ?? name;
    const info = await go.buildInfo(path);
    assertFitsImage(name, info, path);
    const bytes = await readFileCapped(path, maxProgramBytes);
    binaries.set(name, { name, path, bytes, sha256: sha256Hex(bytes), info });
  }
  return binaries;
}

async function makeImage(
  program: ImageProgram,
  { binaries, certificates, license, crane, foundation }: Parts,
  { directory, toolkit }: { readonly directory: string; readonly toolkit: string },
): Promise<BuiltImage> {
  const held = binariesOf(program).flatMap((name) => binaries.get(name) ?? []);
  const files = new Map(held.map(({ name, bytes }) => [pathInImage(name), bytes]));
  const tar = writeTar(rootFiles(files, { certificates: certificates.pem, license }));
  const server = serverOf(program);
  const version = held.find(({ name }) => name === server);
  const below = isForHsm(program) ? foundation : undefined;
  const own = layerOf(tar, await compress(tar, crane));
  const layers = [...(below?.base.layers ?? []), ...(below?.vendor ?? []).map(({ layer }) => layer), own];
  const image = imageOf(layers, {
    title: program,
    version: version ? versionOf(version, toolkit) : toolkit,
    source: `https://${serverPackages[server].module.replace(/\/v\d+$/, '')}`,
    ...(below && { base: below.base.reference }),
  });
  const { digest } = image.manifest;
  const sbom = sbomOf({ name: program, digest, programs: held, certificates, ...(below && { foundation: below }) });
  const attached = sbomArtifact(sbom, image.manifest);
  const layouts = layoutsOf(directory, program);
  await writeLayout(layouts.image, image);
  await writeLayout(layouts.sbom, attached);
  await replaceFile(join(directory, program, `${program}.cdx.json`), sbom);
  const bytes = image.blobs.reduce((sum, blob) => sum + blob.bytes.length, 0);
  const from = below && { base: below.base.reference };
  return { digest, bytes, sbom: attached.manifest.digest, programs: held.map(({ name }) => name), ...from };
}

async function compress(tar: Uint8Array, crane: Crane): Promise<Uint8Array> {
  const scratch = await makeScratchDirectory('sigstead-image');
  try {
    const path = join(scratch, 'layer.tar');
    await writeFile(path, tar);
    return await crane.compress(path);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function describe(binary: Binary, toolkit: string, findings: BuiltProgram['findings']): BuiltProgram {
  const { info, sha256 } = binary;
  const facts = {
    mainPackage: info.mainPackage,
    version: versionOf(binary, toolkit),
    goVersion: info.goVersion,
    sha256,
  };
  return { ...facts, ...(findings && { findings }) };
}

/** A main of ours has the version of the upstream module that it runs, or that of the toolkit where it runs none. */
function versionOf({ name, info }: Binary, toolkit: string): string {
  return info.modules.find(({ path }) => path === serverPackages[name].module)?.version ?? `v${toolkit}`;
}
