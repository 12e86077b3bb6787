import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { assertFitsImage, type BuildInfo, parseBuildInfo } from '../../operate/images/build-info.ts';
import { GoTools } from '../../operate/images/go-tools.ts';
import { bundledCertificates } from '../../operate/images/root-files.ts';
import { sbomOf } from '../../operate/images/sbom.ts';

const document = {
  GoVersion: 'go1.26.8',
  Path: 'github.com/sigstore/fulcio',
  Main: { Path: 'sigstead.dev/servers', Version: '(devel)' },
  Deps: [
    { Path: 'github.com/sigstore/fulcio', Version: 'v1.8.8', Sum: 'h1:kXTssoVb4azsVDoUiF8KvxAqrsQcQtB53DcSgta74CA=' },
    {
      Path: 'example.com/old',
      Version: 'v1.0.0',
      Replace: { Path: 'example.com/new', Version: 'v2.0.0', Sum: 'h1:x=' },
    },
  ],
  Settings: [
    { Key: 'CGO_ENABLED', Value: '0' },
    { Key: 'GOARCH', Value: 'amd64' },
    { Key: 'GOOS', Value: 'linux' },
  ],
};
const info = parseBuildInfo(document);

describe('parseBuildInfo', () => {
  it('tells a replaced module as what replaced it', () => {
    expect(info.modules.map(({ path, version }) => `${path} ${version}`)).toEqual([
      'sigstead.dev/servers (devel)',
      'github.com/sigstore/fulcio v1.8.8',
      'example.com/new v2.0.0',
    ]);
  });
});

describe('GoTools', () => {
  it('refuses a file that is no program of Go', async () => {
    const go = await GoTools.find(process.env, new AbortController().signal);
    const file = fileURLToPath(import.meta.url);
    await expect(go.buildInfo(file)).rejects.toThrowToolkit('OPS_IMAGE_PROGRAM', { path: file });
  });
});

describe('assertFitsImage', () => {
  const withSetting = (key: string, value: string): BuildInfo => ({
    ...info,
    settings: new Map([...info.settings, [key, value]]),
  });

  it('accepts a program for Linux without a C library, upstream main or ours', () => {
    expect(() => assertFitsImage('fulcio', info, 'fulcio')).not.toThrow();
    const ours = { ...info, mainPackage: 'sigstead.dev/servers/cmd/entry' };
    expect(() => assertFitsImage('entry', ours, 'entry')).not.toThrow();
  });

  it.each([
    ['CGO_ENABLED', '1', 'expected CGO_ENABLED 0, got 1'],
    ['GOOS', 'darwin', 'expected GOOS linux, got darwin'],
    ['GOARCH', 'arm64', 'expected GOARCH amd64, got arm64'],
  ])('refuses %s=%s', (key, value, message) => {
    expect(() => assertFitsImage('fulcio', withSetting(key, value), '/x/fulcio')).toThrow(`/x/fulcio: ${message}`);
    expect(() => assertFitsImage('fulcio', withSetting(key, value), '/x/fulcio')).toThrowToolkit('OPS_IMAGE_PROGRAM');
  });

  it('refuses another program under the name, and one that says nothing of itself', () => {
    expect(() => assertFitsImage('rekor-aws', info, 'rekor-aws')).toThrowToolkit('OPS_IMAGE_PROGRAM');
    expect(() => assertFitsImage('fulcio', parseBuildInfo({}), 'fulcio')).toThrow('expected GOOS linux, got none');
  });
});

describe('sbomOf', () => {
  const certificates = bundledCertificates();
  const digest = `sha256:${'a'.repeat(64)}`;
  const programs = [
    { name: 'entry', sha256: '1'.repeat(64), info: { ...info, modules: info.modules.slice(0, 1) } },
    { name: 'fulcio', sha256: '2'.repeat(64), info },
  ];
  const bytes = sbomOf({ name: 'fulcio', digest, programs, certificates });
  const sbom = JSON.parse(Buffer.from(bytes).toString());

  it('lists programs, modules, the standard library and the certificates, each once', () => {
    expect(sbom.components.map((one: { 'bom-ref': string }) => one['bom-ref'])).toEqual([
      'ca-certificates',
      'pkg:golang/example.com/new@v2.0.0',
      'pkg:golang/github.com/sigstore/fulcio@v1.8.8',
      'pkg:golang/sigstead.dev/servers@(devel)',
      'pkg:golang/stdlib@v1.26.8',
      'program:entry',
      'program:fulcio',
    ]);
    expect(sbom.components[2].properties).toEqual([
      { name: 'sigstead:go:sum', value: 'h1:kXTssoVb4azsVDoUiF8KvxAqrsQcQtB53DcSgta74CA=' },
    ]);
  });

  it('names what it is about by digest, and refers to nothing that it does not list', () => {
    expect(sbom.metadata.component).toMatchObject({ type: 'container', version: digest });
    const known = [sbom.metadata.component, ...sbom.components].map((one) => one['bom-ref']);
    const used = sbom.dependencies.flatMap((one: { ref: string; dependsOn: string[] }) => [one.ref, ...one.dependsOn]);
    expect(used.filter((ref: string) => !known.includes(ref))).toEqual([]);
  });

  it('is the same in whatever order the programs come, and has no time in it', () => {
    expect(sbomOf({ name: 'fulcio', digest, programs: programs.toReversed(), certificates })).toEqual(bytes);
    expect(sbom).not.toHaveProperty('serialNumber');
    expect(sbom.metadata).not.toHaveProperty('timestamp');
  });
});
