import { join } from 'node:path';
import { utf8 } from '../../src/core/bytes.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { readFileIfPresent } from '../../src/core/files.ts';
import { type Json, parseJsonObject } from '../../src/core/json.ts';
import {
  assertRead,
  count,
  list,
  mapOf,
  matching,
  object,
  oneOf,
  optional,
  type Read,
  readShape,
  sha256Text,
  text,
} from '../../src/core/shape.ts';
import { shellWord } from '../../src/core/shell.ts';
import { imagePrograms } from './programs.ts';
import type { Finding } from './vulnerabilities.ts';

export interface BuiltImage {
  /** Of the manifest: what a task definition names. */
  readonly digest: string;
  /** Of config and layer, as they travel. */
  readonly bytes: number;
  /** Digest of the manifest of the SBOM, which refers to this image. */
  readonly sbom: string;
  readonly programs: readonly string[];
  /** The image that it lies on, with its digest; absent where it is made from nothing. */
  readonly base?: string | undefined;
}

export interface BuiltProgram {
  readonly mainPackage: string;
  readonly version: string;
  readonly goVersion: string;
  readonly sha256: string;
  /** Absent where nobody looked. */
  readonly findings?: readonly Finding[] | undefined;
}

/** Whether anybody looked for known vulnerabilities, and where. */
export interface VulnerabilityCheck {
  readonly status: 'checked' | 'not checked';
  readonly scanner: string;
  readonly database?: string | undefined;
  readonly lastModified?: string | undefined;
  /** Why it was not checked. */
  readonly reason?: string | undefined;
}

/** `images.json`: what `images build` made, from what. */
export interface ImagesManifest {
  readonly toolkit: string;
  /** It carries the root certificates. */
  readonly node: string;
  readonly certificates: { readonly count: number; readonly sha256: string };
  readonly vulnerabilities: VulnerabilityCheck;
  readonly programs: ReadonlyMap<string, BuiltProgram>;
  readonly images: ReadonlyMap<string, BuiltImage>;
}

export const manifestName = 'images.json';
const formatName = 'sigstead images v1';
const maxBytes = 16 << 20;
const rebuildHint = 'sigstead images build writes this file: build the images again';

const digest = matching(/^sha256:[0-9a-f]{64}$/, 'sha256: and 64 hexadecimal digits');
const anyText: Read<string> = matching(/^/, 'a text');
const fixed: Read<string | null> = (json, path) => (json === null ? null : text(json, path));

const finding = object({ id: text, aliases: list(text), summary: anyText, module: text, version: anyText, fixed });

const shape: Read<ImagesManifest & { format: string }> = object({
  format: oneOf(formatName),
  toolkit: text,
  node: text,
  certificates: object({ count, sha256: sha256Text }),
  vulnerabilities: object({
    status: oneOf('checked', 'not checked'),
    scanner: text,
    database: optional(text),
    lastModified: optional(text),
    reason: optional(text),
  }),
  programs: mapOf(
    object({
      mainPackage: text,
      version: text,
      goVersion: text,
      sha256: sha256Text,
      findings: optional(list(finding)),
    }),
  ),
  images: mapOf(object({ digest, bytes: count, sbom: digest, programs: list(text), base: optional(text) })),
});

export function formatImagesManifest(manifest: ImagesManifest): Uint8Array {
  return utf8(`${JSON.stringify(manifestJson(manifest), undefined, 2)}\n`);
}

/** Returns the manifest as a JSON document, its names in order. */
export function manifestJson({ programs, images, ...rest }: ImagesManifest): Json {
  const sorted = (entries: ReadonlyMap<string, object>) =>
    Object.fromEntries([...entries].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const document = { format: formatName, ...rest, programs: sorted(programs), images: sorted(images) };
  return JSON.parse(JSON.stringify(document)) as Json;
}

/** @throws OPS_IMAGES_MANIFEST with every problem; CORE_JSON, CORE_TOO_LARGE */
export function parseImagesManifest(bytes: Uint8Array, what: string): ImagesManifest {
  const reading = readShape(shape, parseJsonObject(bytes, { what, maxBytes }));
  const { format: _, ...manifest } = assertRead(reading, { code: 'OPS_IMAGES_MANIFEST', what, hint: rebuildHint });
  const known: readonly string[] = imagePrograms;
  // A name becomes a path, and a repository.
  const unknown = [...manifest.images.keys()].filter((name) => !known.includes(name));
  if (unknown.length === 0) return manifest;
  throw new ToolkitError('OPS_IMAGES_MANIFEST', {
    message: `${what}: images: expected some of ${known.join(', ')}, got ${unknown.join(', ')}`,
    fault: 'input',
    data: { unknown },
    hint: rebuildHint,
  });
}

/**
 * Reads what was built into a directory.
 * @throws OPS_NO_IMAGES, OPS_IMAGES_MANIFEST
 */
export async function readImagesManifest(directory: string): Promise<ImagesManifest> {
  const path = join(directory, manifestName);
  const bytes = await readFileIfPresent(path, maxBytes);
  if (bytes) return parseImagesManifest(bytes, path);
  throw new ToolkitError('OPS_NO_IMAGES', {
    message: `${directory}: no images were built here`,
    fault: 'input',
    data: { directory },
    hint: `build them: sigstead images build --out ${shellWord(directory)}`,
  });
}

/** Where the layouts of a program's image and of its SBOM lie below the directory of the images. */
export function layoutsOf(directory: string, program: string) {
  return { image: join(directory, program, 'image'), sbom: join(directory, program, 'sbom') };
}
