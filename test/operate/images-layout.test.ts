import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readLayout, writeLayout } from '../../operate/images/layout.ts';
import { type Artifact, imageOf, layerOf, sbomArtifact } from '../../operate/images/oci.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { temporaryDirectory } from '../support/instance.ts';

const labels = { title: 'fulcio', version: 'v1.8.8', source: 'https://github.com/sigstore/fulcio' };
const layer = layerOf(utf8('tar'), utf8('compressed'));
const otherLayer = layerOf(utf8('tar2'), utf8('compressed'));
const image = imageOf([layer], labels);

const parse = (bytes: Uint8Array | undefined) => JSON.parse(Buffer.from(bytes ?? []).toString());

let scratch: AsyncDisposable & { readonly path: string };
let directory: string;
beforeEach(async () => {
  scratch = await temporaryDirectory();
  directory = join(scratch.path, 'image');
});
afterEach(async () => await scratch[Symbol.asyncDispose]());

describe('imageOf', () => {
  it('starts entry as nobody, whenever it was made', () => {
    expect(parse(image.blobs[0]?.bytes)).toMatchObject({
      created: '1970-01-01T00:00:00Z',
      architecture: 'amd64',
      os: 'linux',
      config: { User: '65532:65532', Entrypoint: ['/entry'], WorkingDir: '/' },
      rootfs: { diff_ids: [`sha256:${sha256Hex('tar')}`] },
    });
  });

  it('names config and layer by their hashes', () => {
    const manifest = parse(image.manifest.bytes);
    expect(image.manifest.digest).toBe(`sha256:${sha256Hex(image.manifest.bytes)}`);
    expect(manifest.config.digest).toBe(image.blobs[0]?.digest);
    expect(manifest.layers).toEqual([
      expect.objectContaining({ digest: `sha256:${sha256Hex('compressed')}`, size: 10 }),
    ]);
  });

  it('has another digest for another layer, and the same for the same', () => {
    expect(imageOf([{ ...layer }], { ...labels }).manifest.digest).toBe(image.manifest.digest);
    expect(imageOf([otherLayer], labels).manifest.digest).not.toBe(image.manifest.digest);
  });

  it('lies on a base of which it takes nothing but layers, and names it', () => {
    const base = `registry.example/base@sha256:${'0'.repeat(64)}`;
    const lower = layerOf(utf8('base'), utf8('compressed base'));
    const onBase = imageOf([lower, layer, layer], { ...labels, base });
    expect(onBase.blobs.slice(1)).toEqual([lower.blob, layer.blob]);
    expect(parse(onBase.blobs[0]?.bytes)).toMatchObject({
      config: { Env: ['PATH=/bin', 'SSL_CERT_DIR=/nowhere'], Entrypoint: ['/entry'] },
      rootfs: { diff_ids: [lower.diffId, layer.diffId, layer.diffId] },
    });
    expect(parse(onBase.manifest.bytes).annotations).toMatchObject({ 'org.opencontainers.image.base.name': base });
  });
});

describe('sbomArtifact', () => {
  it('refers to the image by its digest', () => {
    const { manifest } = sbomArtifact(utf8('{}'), image.manifest);
    expect(parse(manifest.bytes)).toMatchObject({
      artifactType: 'application/vnd.cyclonedx+json',
      subject: { digest: image.manifest.digest, size: image.manifest.bytes.length },
    });
  });
});

describe('readLayout', () => {
  const pathOf = (digest: string) => join(directory, 'blobs', 'sha256', digest.slice('sha256:'.length));
  const read = async (artifact: Artifact = image) => await readLayout(directory, artifact.manifest.digest);

  it('accepts what was written, also twice', async () => {
    await writeLayout(directory, image);
    await writeLayout(directory, image);
    expect(await read()).toEqual(image.manifest.bytes);
  });

  it('accepts the image that came last into a directory', async () => {
    const later = imageOf([otherLayer], labels);
    await writeLayout(directory, image);
    await writeLayout(directory, later);
    expect(await read(later)).toEqual(later.manifest.bytes);
    await expect(read(image)).rejects.toThrowToolkit('OPS_IMAGES_CHANGED', { path: join(directory, 'index.json') });
  });

  it.each([
    ['the manifest', image.manifest.digest],
    ['the configuration', image.blobs[0]?.digest ?? ''],
    ['the layer', image.blobs[1]?.digest ?? ''],
  ])('refuses %s with one more byte', async (_name, digest) => {
    await writeLayout(directory, image);
    await writeFile(pathOf(digest), Buffer.concat([await readFile(pathOf(digest)), Buffer.from(' ')]));
    await expect(read()).rejects.toThrowToolkit('OPS_IMAGES_CHANGED', { path: pathOf(digest) });
  });

  it('refuses an index that names another manifest than the one that was asked for', async () => {
    await writeLayout(directory, image);
    const index = parse(await readFile(join(directory, 'index.json')));
    index.manifests[0].digest = `sha256:${'0'.repeat(64)}`;
    await writeFile(join(directory, 'index.json'), JSON.stringify(index));
    await expect(read()).rejects.toThrowToolkit('OPS_IMAGES_CHANGED');
  });

  it('refuses a manifest whose digests are paths', async () => {
    const bytes = utf8(JSON.stringify({ config: { digest: 'sha256:../../../etc/passwd' }, layers: [] }));
    const manifest = { digest: `sha256:${sha256Hex(bytes)}`, bytes };
    await writeLayout(directory, { manifest, blobs: [] });
    await expect(readLayout(directory, manifest.digest)).rejects.toThrowToolkit('OPS_IMAGES_CHANGED');
  });

  it('refuses a layout that lost a blob', async () => {
    await writeLayout(directory, { ...image, blobs: image.blobs.slice(1) });
    await expect(read()).rejects.toThrowToolkit('CORE_FILE_MISSING');
  });
});
