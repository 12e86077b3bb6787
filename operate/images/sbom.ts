import { basename } from 'node:path';
import { utf8 } from '../../src/core/bytes.ts';
import type { BuildInfo, GoModule } from './build-info.ts';
import type { HsmFoundation } from './hsm-flavour.ts';
import type { Certificates } from './root-files.ts';

/** A binary of an image. */
export interface SbomProgram {
  readonly name: string;
  readonly sha256: string;
  readonly info: BuildInfo;
}

export interface SbomOf {
  /** Of the image. */
  readonly name: string;
  readonly digest: string;
  readonly programs: readonly SbomProgram[];
  readonly certificates: Certificates;
  /** What it lies on; absent where it is made from nothing. */
  readonly foundation?: Pick<HsmFoundation, 'base' | 'vendor'>;
}

export const sbomMediaType = 'application/vnd.cyclonedx+json';

/**
 * Returns a CycloneDX document of everything in an image, as its binaries say themselves. It has neither serial number
 * nor time: the same image has the same document.
 * @see https://cyclonedx.org/docs/1.6/json/
 */
export function sbomOf({ name, digest, programs, certificates, foundation }: SbomOf): Uint8Array {
  const modules = programs.flatMap(({ info }) => modulesOf(info));
  const below = foundation ? foundationComponents(foundation) : [];
  const components = new Map<string, object>([
    ...programs.map((program) => [programRef(program), programComponent(program)] as const),
    ...modules.map((module) => [purlOf(module), moduleComponent(module)] as const),
    [certificatesRef, certificatesComponent(certificates)] as const,
    ...below,
  ]);
  const image = `pkg:oci/${name}@${encodeURIComponent(digest)}`;
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'container', 'bom-ref': image, name, version: digest, purl: image } },
    components: [...components].toSorted(byName).map(([, component]) => component),
    dependencies: [
      {
        ref: image,
        dependsOn: [...programs.map(programRef), certificatesRef, ...below.map(([ref]) => ref)].toSorted(),
      },
      ...programs
        .map((program) => ({ ref: programRef(program), dependsOn: dependenciesOf(program.info) }))
        .toSorted((a, b) => (a.ref < b.ref ? -1 : 1)),
    ],
  };
  return utf8(`${JSON.stringify(document, undefined, 2)}\n`);
}

const certificatesRef = 'ca-certificates';

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

/** The standard library is compiled in like any module. */
function modulesOf(info: BuildInfo): readonly GoModule[] {
  return [...info.modules, { path: 'stdlib', version: info.goVersion.replace(/^go/, 'v') }];
}

function dependenciesOf(info: BuildInfo): readonly string[] {
  return [...new Set(modulesOf(info).map(purlOf))].toSorted();
}

function purlOf({ path, version }: GoModule): string {
  return `pkg:golang/${path}@${encodeURIComponent(version)}`;
}

function programRef({ name }: SbomProgram): string {
  return `program:${name}`;
}

function programComponent(program: SbomProgram) {
  return {
    type: 'application',
    'bom-ref': programRef(program),
    name: program.name,
    hashes: [{ alg: 'SHA-256', content: program.sha256 }],
    properties: [
      { name: 'sigstead:go:main-package', value: program.info.mainPackage },
      { name: 'sigstead:go:version', value: program.info.goVersion },
    ],
  };
}

/** Go's sum is a hash of a list of files, not of any archive that one could download: it is no `hashes` entry. */
function moduleComponent(module: GoModule) {
  return {
    type: 'library',
    'bom-ref': purlOf(module),
    name: module.path,
    version: module.version,
    purl: purlOf(module),
    ...(module.sum !== undefined && { properties: [{ name: 'sigstead:go:sum', value: module.sum }] }),
  };
}

/** What is in a base stands in the base's own SBOM. */
function foundationComponents({
  base: { reference },
  vendor,
}: Pick<HsmFoundation, 'base' | 'vendor'>): readonly (readonly [string, object])[] {
  const [repository = '', digest = ''] = reference.split('@');
  const name = repository.slice(repository.lastIndexOf('/') + 1);
  const place = encodeURIComponent(repository);
  const purl = `pkg:oci/${name}@${encodeURIComponent(digest)}?repository_url=${place}`;
  const base = { type: 'container', 'bom-ref': `base:${digest}`, name: repository, version: digest, purl };
  const files = vendor.map(({ file, sha256 }) => {
    const ref = `layer:${sha256}`;
    const hashes = [{ alg: 'SHA-256', content: sha256 }];
    return [ref, { type: 'file', 'bom-ref': ref, name: basename(file), hashes }] as const;
  });
  return [[`base:${digest}`, base], ...files];
}

function certificatesComponent({ count, sha256 }: Certificates) {
  return {
    type: 'data',
    'bom-ref': certificatesRef,
    name: '/etc/ssl/certs/ca-certificates.crt',
    description: `${count} root certificates of Mozilla's programme, as Node.js carries them`,
    hashes: [{ alg: 'SHA-256', content: sha256 }],
  };
}
