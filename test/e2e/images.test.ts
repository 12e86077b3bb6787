import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { imagesBuildCommand, imagesPushCommand } from '../../operate/images-commands.ts';
import type { Command, Outcome } from '../../src/cli/command.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { waitFor } from '../../src/core/wait.ts';
import { runProgram } from '../../src/process/run-program.ts';
import { startProgram } from '../../src/process/supervised-program.ts';
import { parseDeploymentRecord } from '../../src/services/deployment.ts';
import {
  startTestInstance,
  type TestInstance,
  temporaryDirectory,
  testUser,
  userEnvironment,
} from '../support/instance.ts';
import { runCommand } from '../support/invocation.ts';
import { startLoopbackServer } from '../support/loopback-server.ts';
import { serverPath } from '../support/servers.ts';

const minutes = 60_000;
const programs = ['ct-log', 'timestamp-server-aws'];

const crane = await serverPath('crane');
const cosign = await serverPath('cosign');
const scratch = await temporaryDirectory();
const inScratch = (...parts: readonly string[]) => join(scratch.path, ...parts);

let registry: TestRegistry;
let digests: ReadonlyMap<string, string>;

const run = (command: Command, words: readonly string[], extra: Readonly<Record<string, string>> = {}) =>
  runCommand(command, words, { environment: userEnvironment(extra) });
const build = (out: string, ...words: readonly string[]) =>
  run(imagesBuildCommand, ['--out', inScratch(out), '--programs', programs.join(','), ...words]);
const push = (host: string, ...words: readonly string[]) =>
  run(imagesPushCommand, ['--images', inScratch('images'), '--registry', host, ...words]);
const referenceOf = (prefix: string, program = 'ct-log') =>
  `${registry.host}/${prefix}/${program}@${digests.get(program)}`;

const documentOf = <T>(outcome: Outcome | undefined) => outcome?.json as T;
const digestsIn = (outcome: Outcome | undefined): ReadonlyMap<string, string> => {
  const { images } = documentOf<{ images: Record<string, { digest: string }> }>(outcome);
  return new Map(Object.entries(images).map(([program, { digest }]) => [program, digest]));
};

async function tool(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const environment = { HOME: scratch.path, PATH: '/usr/bin:/bin', ...env };
  return await runProgram({ file, args, env: environment, timeoutMs: 2 * minutes });
}

beforeAll(async () => {
  registry = await startRegistry(crane, scratch.path);
  const database = await vulnerabilityDatabase(inScratch('database'), 'github.com/transparency-dev/tessera');
  const { outcome, talk } = await build('images', '--vulnerability-database', database, '--fail-on-vulnerabilities');
  expect(outcome?.exitCode).toBe(4);
  expect(talk).toContainEqual(expect.stringMatching(/^warning: ct-log: GO-2099-0001 CVE-2099-0001: .*tessera v1/));
  digests = digestsIn(outcome);
}, 20 * minutes);

afterAll(async () => {
  await registry?.stop();
  // Directories of an image are read-only.
  await tool('chmod', ['-R', 'u+w', scratch.path]);
  await scratch[Symbol.asyncDispose]();
});

describe('images build', () => {
  it('makes the same digests again, in another directory', async () => {
    const { outcome } = await build('again', '--vulnerability-database', 'file:///nowhere');
    expect(digestsIn(outcome)).toEqual(digests);
    for (const program of programs) {
      const files = (await readdir(inScratch('images', program), { recursive: true })).toSorted();
      expect((await readdir(inScratch('again', program), { recursive: true })).toSorted()).toEqual(files);
    }
  }, 120_000);

  it('says "not checked" where there is no database, and fails where that was asked for', async () => {
    const { outcome, talk } = await build(
      'unchecked',
      '--vulnerability-database',
      'http://127.0.0.1:9',
      '--fail-on-vulnerabilities',
    );
    expect(outcome?.exitCode).toBe(5);
    expect(outcome?.json).toMatchObject({
      vulnerabilities: { status: 'not checked', reason: expect.stringMatching(/./) },
    });
    expect(JSON.stringify(outcome?.json)).not.toContain('findings');
    expect(talk).toEqual([expect.stringMatching(/^warning: not checked for known vulnerabilities: ./)]);
  }, 120_000);
});

describe('images push', () => {
  it('pushes by digest alone, and records the digests', async () => {
    const record = inScratch('deployment.json');
    const { outcome } = await push(`${registry.host}/acme`, '--record', record);
    expect(outcome?.text).toBe(programs.map((program) => `${referenceOf('acme', program)}\n`).join(''));
    expect(parseDeploymentRecord(await readFile(record), record).images).toEqual(digests);
    const tags = (await tool(crane, ['ls', `${registry.host}/acme/ct-log`])).stdout.trim().split('\n');
    // What refers to an image stands below a tag of its digest, where a registry keeps no list itself.
    expect(tags).toEqual([digests.get('ct-log')?.replace(':', '-')]);
  }, 60_000);

  it('gives an image with nothing in it but programs, roots and an account', async () => {
    await push(`${registry.host}/contents`);
    const root = inScratch('root');
    await mkdir(root);
    await tool(crane, ['export', referenceOf('contents'), inScratch('root.tar')]);
    await tool('tar', ['-xpf', inScratch('root.tar'), '-C', root]);
    const modes = (await readdir(root, { recursive: true })).toSorted().map(async (path) => {
      const { mode } = await stat(join(root, path));
      return `${(mode & 0o7777).toString(8)} ${path}`;
    });
    expect(await Promise.all(modes)).toEqual([
      ...['444 LICENSE', '555 bin', '555 bin/ct-log', '555 bin/freeze-log', '555 entry', '555 etc', '444 etc/group'],
      ...['444 etc/passwd', '555 etc/ssl', '555 etc/ssl/certs', '444 etc/ssl/certs/ca-certificates.crt'],
    ]);
    const helped = await tool(join(root, 'entry'), [join(root, 'bin', 'ct-log'), '--help']);
    expect([helped.exitCode, helped.stdout + helped.stderr]).toEqual([0, expect.stringContaining('USAGE')]);
    const { stdout } = await tool(crane, ['config', referenceOf('contents')]);
    expect(JSON.parse(stdout).config).toMatchObject({ Entrypoint: ['/entry'], User: '65532:65532', WorkingDir: '/' });
  }, 60_000);

  it('attaches the SBOM, which names the image by digest', async () => {
    await push(`${registry.host}/sbom`);
    const repository = `${registry.host}/sbom/ct-log`;
    const tag = digests.get('ct-log')?.replace(':', '-');
    const index = JSON.parse((await tool(crane, ['manifest', `${repository}:${tag}`])).stdout);
    expect(index.manifests).toEqual([expect.objectContaining({ artifactType: 'application/vnd.cyclonedx+json' })]);
    const manifest = JSON.parse((await tool(crane, ['manifest', `${repository}@${index.manifests[0].digest}`])).stdout);
    const sbom = JSON.parse((await tool(crane, ['blob', `${repository}@${manifest.layers[0].digest}`])).stdout);
    expect(sbom.metadata.component.version).toBe(digests.get('ct-log'));
    const binary = sbom.components.find((one: JsonObject) => one['bom-ref'] === 'program:ct-log');
    expect(binary.hashes[0].content).toBe(sha256Hex(await readFile(await serverPath('ct-log'))));
  }, 60_000);

  it('refuses a registry where another manifest is under the digest, and records nothing', async () => {
    await push(`${registry.host}/moved`);
    const url = `http://${registry.host}/v2/moved/ct-log/manifests/${digests.get('ct-log')}`;
    const honest = await (await fetch(url)).text();
    const headers = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' };
    const replaced = await fetch(url, { method: 'PUT', headers, body: honest.replace('"v0', '"v9') });
    expect(replaced.status).toBe(201);
    const record = inScratch('moved.json');
    await expect(push(`${registry.host}/moved`, '--record', record)).rejects.toThrowToolkit('OPS_IMAGE_DIFFERS');
    await expect(readFile(record)).rejects.toThrow('ENOENT');
  }, 60_000);

  it.each([
    ['manifest', /\/manifests\//],
    ['layer', /\/blobs\//],
  ])(
    'refuses a registry that gives back another %s than it was sent',
    async (_name, path) => {
      await using liar = await dishonestRegistry(registry.host, path);
      await expect(push(`${liar.host}/lies`)).rejects.toThrowToolkit('OPS_IMAGE_DIFFERS');
    },
    60_000,
  );

  it('refuses images that changed since they were built, and pushes none', async () => {
    const directory = inScratch('images', 'timestamp-server-aws', 'image', 'blobs', 'sha256');
    const [name = ''] = await readdir(directory);
    const blob = join(directory, name);
    const bytes = await readFile(blob);
    await chmod(blob, 0o644);
    await writeFile(blob, Buffer.concat([bytes, Buffer.from('\n')]));
    await expect(push(`${registry.host}/changed`)).rejects.toThrowToolkit('OPS_IMAGES_CHANGED', { path: blob });
    await writeFile(blob, bytes);
    expect((await tool(crane, ['catalog', registry.host])).stdout).not.toContain('changed/');
  }, 60_000);

  it('refuses a registry that does not answer', async () => {
    await expect(push('127.0.0.1:9')).rejects.toThrowToolkit('OPS_REGISTRY', { step: 'push' });
  }, 60_000);
});

describe('images push --sign', () => {
  let instance: TestInstance;
  beforeAll(async () => {
    instance = await startTestInstance({ state: inScratch('state') });
    const env = { TUF_ROOT: inScratch('trust') };
    const started = await tool(cosign, ['initialize', '--mirror', instance.tufUrl, '--root', instance.rootFile], env);
    expect(started.exitCode).toBe(0);
  }, 180_000);
  afterAll(async () => await instance?.[Symbol.asyncDispose](), 60_000);

  const verify = (reference: string, identity = testUser) => {
    const policy = ['--certificate-identity', identity, '--certificate-oidc-issuer', instance.issuer];
    return tool(cosign, ['verify', ...policy, reference], { TUF_ROOT: inScratch('trust') });
  };
  const sign = async (prefix: string, words: readonly string[], token?: string) => {
    const extra = { SIGSTORE_ID_TOKEN: token ?? (await instance.token()) };
    const images = ['--images', inScratch('images'), '--registry', `${registry.host}/${prefix}`];
    return await run(imagesPushCommand, [...images, '--sign', ...words], extra);
  };

  it('signs images that cosign then verifies, for this identity and these images only', async () => {
    const { outcome } = await sign('signed', ['--state', instance.state]);
    const { images } = documentOf<{ images: readonly { reference: string; sbom: string }[] }>(outcome);
    for (const { reference, sbom } of images) {
      expect((await verify(reference)).exitCode).toBe(0);
      expect((await verify(sbom)).exitCode).toBe(0);
    }
    expect((await verify(referenceOf('signed'), 'somebody@example.com')).stderr).toContain('expected SAN value');
    await push(`${registry.host}/unsigned`);
    expect((await verify(referenceOf('unsigned'))).exitCode).not.toBe(0);
  }, 180_000);

  it('starts from a TUF repository and a pinned root alone, and refuses a root of others', async () => {
    const anchor = ['--tuf-url', instance.tufUrl, '--tuf-root'];
    const root = JSON.parse(await readFile(instance.rootFile, 'utf8'));
    await writeFile(inScratch('other-root.json'), JSON.stringify({ ...root, signatures: [] }));
    await expect(sign('others', [...anchor, inScratch('other-root.json')])).rejects.toThrowToolkit('OPS_VERIFY_FAILED');
    expect((await tool(crane, ['catalog', registry.host])).stdout).not.toContain('others/');
    await sign('anchored', [...anchor, instance.rootFile]);
    expect((await verify(referenceOf('anchored'))).exitCode).toBe(0);
  }, 180_000);

  it('refuses a token that nobody issued, and records nothing', async () => {
    const [header, claims] = (await instance.token()).split('.');
    const record = inScratch('refused.json');
    const words = ['--state', instance.state, '--record', record];
    await expect(sign('refused', words, `${header}.${claims}.AAAA`)).rejects.toThrowToolkit('OPS_SIGN_FAILED');
    await expect(readFile(record)).rejects.toThrow('ENOENT');
  }, 120_000);
});

interface TestRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  stop(): Promise<void>;
}

/** Starts the registry that crane serves, on a free port. */
async function startRegistry(crane: string, directory: string): Promise<TestRegistry> {
  const program = await startProgram({
    name: 'registry',
    file: crane,
    args: ['registry', 'serve', '--address', '127.0.0.1:0'],
    env: {},
    cwd: directory,
    logFile: join(directory, 'registry.log'),
  });
  const port = await waitFor(() => /serving on port (\d+)/.exec(program.head())?.[1], {
    what: 'the registry',
    timeoutMs: 20_000,
  });
  return { host: `127.0.0.1:${port}`, stop: () => program.stop(5_000) };
}

/** Stands before a registry, and changes the last byte of what is asked for by these paths. */
async function dishonestRegistry(host: string, paths: RegExp) {
  const proxy = await startLoopbackServer();
  const own = new URL(proxy.url).host;
  proxy.handler = async (request, response) => {
    const { method = 'GET', url = '/', headers } = request;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const answer = await fetch(`http://${host}${url}`, {
      method,
      headers: headers['content-type'] ? { 'content-type': headers['content-type'] } : {},
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
      redirect: 'manual',
    });
    const body = Buffer.from(await answer.arrayBuffer());
    if (method === 'GET' && answer.ok && paths.test(url))
      body.writeUInt8(body.readUInt8(body.length - 1) ^ 1, body.length - 1);
    const location = answer.headers.get('location')?.replace(host, own);
    const kept = [...answer.headers].filter(([name]) => name !== 'location' && name !== 'connection');
    response.writeHead(answer.status, { ...Object.fromEntries(kept), ...(location && { location }) }).end(body);
  };
  return { host: own, [Symbol.asyncDispose]: () => proxy.close() };
}

/** Writes a Go vulnerability database that knows of one vulnerability, and returns its URL. */
async function vulnerabilityDatabase(directory: string, module: string): Promise<string> {
  const [id, modified] = ['GO-2099-0001', '2026-01-02T03:04:05Z'];
  const ranges = [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '99.0.0' }] }];
  const affected = [{ package: { name: module, ecosystem: 'Go' }, ranges, ecosystem_specific: {} }];
  const osv = { schema_version: '1.3.1', id, modified, published: modified, aliases: ['CVE-2099-0001'], affected };
  const files = {
    'index/db.json': { modified },
    'index/modules.json': [{ path: module, vulns: [{ id, modified, fixed: '99.0.0' }] }],
    [`ID/${id}.json`]: { ...osv, summary: 'made up for a test', details: 'made up' },
  };
  for (const folder of ['index', 'ID']) await mkdir(join(directory, folder), { recursive: true });
  for (const [path, document] of Object.entries(files)) {
    await writeFile(join(directory, path), JSON.stringify(document));
  }
  return pathToFileURL(directory).href;
}
