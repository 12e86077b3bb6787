import { execFileSync } from 'node:child_process';
import { type KeyObject, X509Certificate } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Template } from 'aws-cdk-lib/assertions';
import { imagesBuildCommand, imagesPushCommand } from '../../operate/images-commands.ts';
import type { Outcome } from '../../src/cli/command.ts';
import { waitFor } from '../../src/core/wait.ts';
import { parseChain } from '../../src/x509/chain.ts';
import { hsmDeployment, readyService, synthesise } from '../stacks/services/support.ts';
import { ImageFiles } from '../support/aws/image-files.ts';
import { type Host, TestNetwork } from '../support/aws/network.ts';
import { type RunningTask, startTask } from '../support/aws/task.ts';
import { type FakeIssuer, startFakeIssuer } from '../support/fake-issuer.ts';
import { type BaseTarget, linked, modulePath, pushBase, writeVendorFiles } from '../support/hsm-image-files.ts';
import {
  certificatesOf,
  definitionOf,
  environmentsOf,
  expose,
  forwardLoopback,
  type LogStore,
  startLogStore,
} from '../support/hsm-tasks.ts';
import { temporaryDirectory, userEnvironment } from '../support/instance.ts';
import { runCommand } from '../support/invocation.ts';
import { serverPath } from '../support/servers.ts';
import { type ServersToken, serversToken } from '../support/softhsm-plug-in.ts';

/*
 * Images for an HSM, on a base of this machine's own C library, and the containers of the stacks started in them as
 * Fargate does: read-only, as nobody, with the PIN as a secret. SoftHSM's token is in a directory that it may write to.
 */

const minutes = 60_000;
const programs = ['fulcio-pkcs11', 'ct-log-pkcs11', 'timestamp-server-aws-pkcs11'];
const isRoot = process.getuid?.() === 0;

const scratch = await temporaryDirectory();
const inScratch = (...parts: readonly string[]) => join(scratch.path, ...parts);
const crane = await serverPath('crane');

let token: ServersToken;
let images: ImageFiles;
let target: BaseTarget;
let base: string;
let digests: ReadonlyMap<string, string>;

const run = (file: string, ...args: readonly string[]) =>
  execFileSync(file, args, { cwd: scratch.path, encoding: 'utf8', stdio: 'pipe' });
const build = async (out: string, ...words: readonly string[]) =>
  await runCommand(
    imagesBuildCommand,
    ['--out', inScratch(out), '--vulnerability-database', 'file:///nowhere', ...words],
    {
      environment: userEnvironment({}),
    },
  );
const forHsm = (...words: readonly string[]) => [
  ...['--programs', programs.join(','), '--base', base, '--layer', inScratch('vendor.tar'), '--module', modulePath],
  ...words,
];
const digestsIn = (outcome: Outcome | undefined): ReadonlyMap<string, string> => {
  const document = outcome?.json as { images: Record<string, { digest: string }> };
  return new Map(Object.entries(document.images).map(([program, { digest }]) => [program, digest]));
};

beforeAll(async () => {
  images = await ImageFiles.serve({ crane, directory: inScratch('registry') });
  await mkdir(inScratch('token'));
  token = await serversToken(inScratch('token'));
  const softHsm = token.environment['SIGSTEAD_PKCS11_MODULE'] ?? '';
  const libraries = [...new Set([token.plugIn, softHsm].flatMap(linked))];
  await writeVendorFiles(scratch.path, softHsm);
  target = { directory: scratch.path, registry: images.registry, crane };
  base = await pushBase(target, 'base', libraries);
  const { outcome } = await build('images', ...forHsm());
  digests = digestsIn(outcome);
  const push = ['--images', inScratch('images'), '--registry', `${images.registry}/acme`];
  await runCommand(imagesPushCommand, push, { environment: userEnvironment({}) });
}, 20 * minutes);

afterAll(async () => {
  await images?.[Symbol.asyncDispose]();
  run('chmod', '-R', 'u+w', scratch.path);
  await scratch[Symbol.asyncDispose]();
});

describe('images build, for an HSM', () => {
  it('makes the same digests again, and names the base in SBOM and annotations', async () => {
    expect(digestsIn((await build('again', ...forHsm())).outcome)).toEqual(digests);
    const sbom = JSON.parse(await readFile(inScratch('images', 'fulcio-pkcs11', 'fulcio-pkcs11.cdx.json'), 'utf8'));
    const names = sbom.components.map(({ name }: { name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(['sigstore-kms-pkcs11', base.replace(/@.*/, ''), 'vendor.tar']));
    const reference = `${images.registry}/acme/fulcio-pkcs11@${digests.get('fulcio-pkcs11')}`;
    const { annotations } = JSON.parse(run(crane, 'manifest', reference));
    expect(annotations).toMatchObject({ 'org.opencontainers.image.base.name': base });
    const { config } = JSON.parse(run(crane, 'config', reference));
    expect(config).toMatchObject({ User: '65532:65532', Env: ['PATH=/bin', 'SSL_CERT_DIR=/nowhere'] });
    expect(JSON.stringify(config)).not.toContain('LD_PRELOAD');
  }, 120_000);

  it.each([
    ['a module that is not there', ['--module', '/opt/hsm/lib/other.so'], 'OPS_IMAGE_BASE', /other\.so: no such file/],
    ['a base by its tag', ['--base', '127.0.0.1:5000/base:latest'], 'CLI_USAGE', /sha256:DIGEST, without a tag/],
    ['a base that nobody has', ['--base', `127.0.0.1:9/base@sha256:${'0'.repeat(64)}`], 'OPS_REGISTRY', /crane pull/],
    ['what is no archive', ['--layer', '/bin/true'], 'OPS_IMAGE_BASE', /\/bin\/true: expected an archive/],
  ] as const)(
    'refuses %s',
    async (_what, words, code, message) => {
      const refused = build('refused', ...forHsm(...words));
      await expect(refused).rejects.toThrowToolkit(code);
      await expect(refused).rejects.toThrow(message);
    },
    120_000,
  );

  it('refuses a base whose C library is missing', async () => {
    const empty = await pushBase(target, 'empty', []);
    const refused = build('refused', ...forHsm('--base', empty));
    await expect(refused).rejects.toThrowToolkit('OPS_IMAGE_BASE');
    await expect(refused).rejects.toThrow(/needs the dynamic linker \/lib64\/.*needs libc\.so\.6/);
  }, 120_000);

  it('refuses a base for a program that needs none, and none for one that does', async () => {
    await expect(build('refused', '--programs', 'fulcio', '--base', base)).rejects.toThrowToolkit('CLI_USAGE');
    await expect(build('refused', '--programs', 'fulcio-pkcs11')).rejects.toThrowToolkit('CLI_USAGE');
  });
});

(isRoot ? describe : describe.skip)('tasks of the stacks in these images', () => {
  const ctLog = 'ct-ct2026-1';
  const keys = new Map<string, KeyObject>();
  let logHost: Host;
  let log: RunningTask;
  let store: LogStore;
  let network: TestNetwork;
  let issuer: FakeIssuer;
  let bridge: Server;
  let templates: ReadonlyMap<string, Template>;

  beforeAll(async () => {
    keys.set('fulcio', token.makeKey('fulcio', '01')).set('timestamp-tsa-1', token.makeKey('tsa', '02'));
    keys.set(ctLog, token.makeKey('ct', '03', '--key-type', 'EC:prime256v1'));
    run('chown', '-R', '65532:65532', inScratch('token', 'tokens'));
    await writeFile(inScratch('roots.pem'), rootCertificates.join('\n'));
    network = await TestNetwork.begin();
    issuer = await startFakeIssuer();
    bridge = await expose(issuer.url, network.address);
    const issuers = [{ preset: 'custom', url: issuer.url, clientId: 'sigstore', type: 'email' }] as const;
    const deployment = await hsmDeployment((id) => keyOf(id), { issuers }, { module: modulePath });
    templates = synthesise(deployment);
    store = await startLogStore(scratch.path, network.address, deployment, readyService(deployment, ctLog));
    [log, logHost] = await start(ctLog, 'ct-log-pkcs11', token.pin);
    await answers(log, `http://${logHost.address}:6962/healthz`);
  }, 5 * minutes);

  afterAll(async () => {
    await log?.stop(20_000);
    await store?.[Symbol.asyncDispose]();
    await issuer?.close();
    bridge?.close();
    await network?.[Symbol.asyncDispose]();
  });

  const keyOf = (id: string): KeyObject => {
    const key = keys.get(id);
    if (!key) throw new Error(`${id}: no key in the token`);
    return key;
  };
  const start = async (
    service: string,
    program: string,
    pin: string,
    task: 'server' | 'freeze' = 'server',
  ): Promise<[RunningTask, Host]> => {
    const host = await network.addHost();
    const names = logHost ? `${logHost.address} ${ctLog}.acme.internal\n` : '';
    await writeFile(`/etc/netns/${host.namespace}/hosts`, `127.0.0.1 localhost\n${names}`);
    const family = task === 'server' ? `acme-${service}` : `acme-${service}-freeze`;
    const ofStack = definitionOf(templates.get(service), family);
    const definition = service === ctLog ? store.taskOf(ofStack, task) : ofStack;
    const rootfs = await images.pull(`registry/acme/${program}@${digests.get(program)}`);
    const values: Readonly<Record<string, string>> = { SIGSTEAD_PKCS11_PIN: pin, DATABASE_PASSWORD: store.password };
    const secrets = definition.containerDefinitions?.[0]?.secrets?.map(({ name = '' }) => [name, values[name] ?? '']);
    const running = await startTask(definition, {
      ...{ host, rootfs, directory: inScratch(host.namespace), caBundle: inScratch('roots.pem') },
      ...{
        credentials: { ...store.credentials, SSL_CERT_DIR: '/nowhere' },
        secrets: Object.fromEntries(secrets ?? []),
      },
      endpoint: store.endpoint,
      volume: { from: inScratch('token', 'tokens'), to: '/tokens' },
    });
    return [running, host];
  };
  const answers = async (task: RunningTask, url: string) => {
    let ended = false;
    void task.exited.then(() => {
      ended = true;
    });
    const isUp = async () => {
      if (ended) throw new Error(`it ended: ${task.tail()}`);
      return (await fetch(url).catch(() => undefined))?.ok === true;
    };
    await waitFor(isUp, { what: `${url} to answer`, timeoutMs: 60_000 });
  };

  it(
    'Fulcio and the CT log sign with keys of the token, and no server has the PIN in its environment',
    async () => {
      const [task, host] = await start('fulcio', 'fulcio-pkcs11', token.pin);
      const { address } = host;
      const forwarding = await forwardLoopback(scratch.path, host, network.address, new URL(issuer.url).port);
      try {
        await answers(task, `http://${address}:5555/healthz`);
        const key = keyOf('fulcio');
        const [leaf, intermediate] = (await certificatesOf(`http://${address}:5555`, issuer)).map(
          (der) => new X509Certificate(der),
        );
        expect(leaf?.subjectAltName).toBe('email:alice@example.com');
        expect(leaf?.verify(key)).toBe(true);
        expect(intermediate?.publicKey.equals(key)).toBe(true);
        await writeFile(inScratch('leaf.pem'), `${leaf}`);
        expect(run('openssl', 'x509', '-in', 'leaf.pem', '-noout', '-text')).toMatch(/CT Precertificate SCTs/);
        for (const program of ['/bin/fulcio', '/bin/ct-log']) {
          const [environment, ...others] = await environmentsOf(program, scratch.path);
          expect(environment).toMatch(/SIGSTEAD_PKCS11_PIN_FILE=\/proc\/self\/fd\/\d+/);
          expect(environment).not.toContain(token.pin);
          expect(others).toEqual([]);
        }
        expect(await readFile(task.logFile, 'utf8')).not.toContain(token.pin);
      } finally {
        await forwarding.stop(2_000);
        await task.stop(15_000);
      }
    },
    3 * minutes,
  );

  it(
    'the timestamp authority signs timestamps that OpenSSL verifies',
    async () => {
      const [task, { address }] = await start('timestamp-tsa-1', 'timestamp-server-aws-pkcs11', token.pin);
      try {
        await answers(task, `http://${address}:3004/ping`);
        await writeFile(inScratch('message'), 'a message');
        run('openssl', 'ts', '-query', '-data', 'message', '-sha384', '-cert', '-out', 'query');
        const answer = await fetch(`http://${address}:3004/api/v1/timestamp`, {
          method: 'POST',
          headers: { 'content-type': 'application/timestamp-query' },
          body: new Uint8Array(await readFile(inScratch('query'))),
        });
        await writeFile(inScratch('reply'), Buffer.from(await answer.arrayBuffer()));
        const chain = await (await fetch(`http://${address}:3004/api/v1/timestamp/certchain`)).text();
        const [leaf, root] = parseChain(chain, 'chain').der.map((der) => new X509Certificate(der));
        expect(leaf?.publicKey.equals(keyOf('timestamp-tsa-1'))).toBe(true);
        await writeFile(inScratch('tsa-root.pem'), `${root}`);
        const trust = ['-in', 'reply', '-CAfile', 'tsa-root.pem'];
        expect(run('openssl', 'ts', '-verify', '-data', 'message', ...trust)).toBe('Verification: OK\n');
      } finally {
        await task.stop(15_000);
      }
    },
    3 * minutes,
  );

  it.each([
    ['without a PIN', '', /SIGSTEAD_PKCS11_PIN is not set, or empty/],
    ['with a wrong PIN, after one try', '111111', /wrong PIN; it/],
  ])(
    'a server does not start %s',
    async (_what, pin, says) => {
      const [task] = await start('timestamp-tsa-1', 'timestamp-server-aws-pkcs11', pin);
      const { code } = await task.exited;
      expect(code).not.toBe(0);
      const said = await readFile(task.logFile, 'utf8');
      expect(said).toMatch(says);
      expect(said).not.toContain('111111');
    },
    minutes,
  );

  it(
    'the task that ends the log signs with its key in the token, and the log does not start again',
    async () => {
      await log.stop(20_000);
      const [freeze] = await start(ctLog, 'ct-log-pkcs11', token.pin, 'freeze');
      // It watches the log for a minute.
      expect([(await freeze.exited).code, freeze.tail()]).toEqual([0, expect.stringContaining('"file":"frozen"')]);
      expect(await readFile(freeze.logFile, 'utf8')).not.toContain(token.pin);
      const [again] = await start(ctLog, 'ct-log-pkcs11', token.pin);
      expect([(await again.exited).code, again.tail()]).toEqual([70, expect.stringContaining('#gate-frozen')]);
    },
    4 * minutes,
  );
});
