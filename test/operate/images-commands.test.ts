import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  formatImagesManifest,
  type ImagesManifest,
  manifestName,
  parseImagesManifest,
} from '../../operate/images/manifest.ts';
import { binariesOf, chosenPrograms } from '../../operate/images/programs.ts';
import { recordImages } from '../../operate/images/push-images.ts';
import { parseRegistry } from '../../operate/images/registry.ts';
import { imagesBuildCommand, imagesPushCommand } from '../../operate/images-commands.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { formatDeploymentRecord, parseDeploymentRecord } from '../../src/services/deployment.ts';
import { temporaryDirectory } from '../support/instance.ts';
import { runCommand } from '../support/invocation.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const manifest: ImagesManifest = {
  toolkit: '0.1.0',
  node: '24.21.0',
  certificates: { count: 121, sha256: 'c'.repeat(64) },
  vulnerabilities: { status: 'not checked', scanner: 'govulncheck v1.9.0', reason: 'no such host' },
  programs: new Map([
    ['fulcio', { mainPackage: 'm', version: 'v1', goVersion: 'go1.26.8', sha256: 'd'.repeat(64), findings: [] }],
  ]),
  images: new Map([['fulcio', { digest, bytes: 1, sbom: digest, programs: ['entry', 'fulcio'] }]]),
};

let scratch: AsyncDisposable & { readonly path: string };
beforeEach(async () => {
  scratch = await temporaryDirectory();
});
afterEach(async () => await scratch[Symbol.asyncDispose]());

describe('parseImagesManifest', () => {
  it('reads what formatImagesManifest wrote', () => {
    expect(parseImagesManifest(formatImagesManifest(manifest), 'images.json')).toEqual(manifest);
  });

  it.each([
    [
      'another digest',
      { fulcio: { digest: 'latest', bytes: 1, sbom: digest, programs: [] } },
      /images\.fulcio\.digest/,
    ],
    ['a program that is a path', { '../x': { digest, bytes: 1, sbom: digest, programs: [] } }, /got \.\.\/x/],
    ['a field of a newer version', { fulcio: { digest, bytes: 1, sbom: digest, programs: [], tag: 'v1' } }, /tag/],
  ])('refuses %s', (_name, images, message) => {
    const document = { ...JSON.parse(Buffer.from(formatImagesManifest(manifest)).toString()), images };
    const parse = () => parseImagesManifest(utf8(JSON.stringify(document)), 'images.json');
    expect(parse).toThrowToolkit('OPS_IMAGES_MANIFEST');
    expect(parse).toThrow(message);
  });
});

describe('chosenPrograms', () => {
  it('leaves upstream CT log out unless it is asked for', () => {
    expect(chosenPrograms(undefined)).toEqual(['fulcio', 'ct-log', 'rekor-aws', 'timestamp-server-aws']);
    expect(chosenPrograms('tesseract-aws,fulcio,fulcio')).toEqual(['fulcio', 'tesseract-aws']);
  });

  it.each(['', 'cosign', 'fulcio,', 'fulcio,rekor'])('refuses %j', (list) => {
    expect(() => chosenPrograms(list)).toThrowToolkit('CLI_USAGE');
  });

  it('puts what ends a log beside each log, what guards Rekor beside it, and neither elsewhere', () => {
    expect(binariesOf('ct-log')).toEqual(['entry', 'ct-log', 'freeze-log']);
    expect(binariesOf('rekor-aws')).toEqual(['entry', 'rekor-aws', 'freeze-log', 'write-gate']);
    expect(binariesOf('fulcio')).toEqual(['entry', 'fulcio']);
  });
});

describe('parseRegistry', () => {
  it.each([
    '127.0.0.1:5000',
    'localhost',
    'registry.example.com/a/b-c',
    '123456789012.dkr.ecr.eu-central-1.amazonaws.com/acme',
  ])('accepts %s', (registry) => expect(parseRegistry(registry)).toBe(registry));

  it.each([
    ...['', 'acme', 'acme/x', 'https://registry.example.com', 'registry.example.com/', 'registry.example.com/A'],
    ...['registry.example.com/a:latest', 'registry.example.com/a@sha256:00', 'registry.example.com/../a', '-x.y/a'],
  ])('refuses %j', (registry) => expect(() => parseRegistry(registry)).toThrowToolkit('CLI_USAGE'));
});

describe('recordImages', () => {
  const record = () => join(scratch.path, 'deployment.json');
  const read = async () => parseDeploymentRecord(await readFile(record()), 'deployment.json');
  const arn = 'arn:aws:kms:eu-central-1:123456789012:key/0bd0a1c6-61ff-4bf1-a4d4-e2b5b6ee6dcd';

  it('starts a record', async () => {
    await recordImages(record(), manifest);
    expect([...(await read()).images]).toEqual([['fulcio', digest]]);
  });

  it('keeps keys and the images of other programs', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const images = new Map([
      ['fulcio', `sha256:${'0'.repeat(64)}`],
      ['ct-log', `sha256:${'1'.repeat(64)}`],
    ]);
    await writeFile(record(), formatDeploymentRecord({ keys: new Map([['fulcio', { arn, publicKey }]]), images }));
    await recordImages(record(), manifest);
    expect([...(await read()).images.values()].map((value) => value.slice(7, 8))).toEqual(['1', 'a']);
    expect((await read()).keys.get('fulcio')?.arn).toBe(arn);
  });
});

describe('images build', () => {
  it('refuses a program that has no image', async () => {
    await expect(runCommand(imagesBuildCommand, ['--programs', 'cosign'])).rejects.toThrowToolkit('CLI_USAGE');
  });
});

describe('images push', () => {
  const push = async (words: readonly string[], environment = {}) =>
    await runCommand(imagesPushCommand, ['--images', scratch.path, ...words], { environment });
  const registry = ['--registry', '127.0.0.1:9/x'] as const;

  it('refuses a line without a registry', async () => {
    await expect(push([])).rejects.toThrowToolkit('CLI_USAGE');
  });

  it('refuses to sign without a token, with half of an instance, or with one that was never up', async () => {
    await writeFile(join(scratch.path, manifestName), formatImagesManifest(manifest));
    const sign = [...registry, '--sign', '--state', join(scratch.path, 'state')];
    const environment = { SIGSTORE_ID_TOKEN: 'token' };
    await expect(push(sign)).rejects.toThrowToolkit('OPS_NO_TOKEN');
    await expect(push([...sign, '--tuf-url', 'http://127.0.0.1:9'], environment)).rejects.toThrowToolkit('CLI_USAGE');
    await expect(push(sign, environment)).rejects.toThrowToolkit('OPS_NO_INSTANCE');
  });

  it('refuses a directory without images', async () => {
    await expect(push(registry)).rejects.toThrowToolkit('OPS_NO_IMAGES', { directory: scratch.path });
  });

  it('refuses a record that it could not write to later, before it pushes', async () => {
    await writeFile(join(scratch.path, manifestName), formatImagesManifest(manifest));
    const record = join(scratch.path, 'deployment.json');
    await writeFile(record, '{"format":"another"}');
    await expect(push([...registry, '--record', record])).rejects.toThrowToolkit('SVC_DEPLOYMENT');
  });
});
