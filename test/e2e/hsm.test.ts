import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { choosePorts } from '../../local/ports.ts';
import { renderProcess } from '../../local/render.ts';
import { addMs, dayMs } from '../../src/core/clock.ts';
import { waitFor } from '../../src/core/wait.ts';
import { fulcioConfig } from '../../src/identity/fulcio-config.ts';
import { ctLogService } from '../../src/services/ct-log.ts';
import { fulcioService } from '../../src/services/fulcio.ts';
import { flag, type ServiceSpec } from '../../src/services/service.ts';
import { timestampAuthorityService } from '../../src/services/timestamp-authority.ts';
import { type CertificateChain, parseChain } from '../../src/x509/chain.ts';
import { ecKey, type Recipe } from '../support/certificates.ts';
import { fulcioChain, tsaChain } from '../support/chains.ts';
import { type FakeIssuer, startFakeIssuer } from '../support/fake-issuer.ts';
import { serverPath } from '../support/servers.ts';
import { type ServersToken, serversToken } from '../support/softhsm-plug-in.ts';

/* Real servers with their keys in SoftHSM tokens, which they reach through our plug-in on their PATH. */

const valid: Recipe = { notBefore: addMs(new Date(), -dayMs), notAfter: addMs(new Date(), 300 * dayMs) };
const shard = { shard: 'ct2026', origin: 'ct2026.test', key: 'file', operator: 'test' } as const;

let directory: string;
let token: ServersToken;
let issuer: FakeIssuer;
let ports: Readonly<Record<string, number>>;
const logKey = ecKey();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sigstead-hsm-'));
  token = await serversToken(directory);
  issuer = await startFakeIssuer();
  ports = await choosePorts(['ct-ct2026 http', 'fulcio http', 'fulcio grpc', 'fulcio metrics', 'timestamp-one http']);
}, 600_000);

afterAll(async () => {
  await issuer?.close();
  await rm(directory, { recursive: true });
});

describe('fulcio, with the key of its CA in a token', () => {
  let key: KeyObject;
  let chain: CertificateChain;
  beforeAll(() => {
    key = token.makeKey('fulcio ca', '01');
    chain = fulcioChain({ root: valid, intermediate: { ...valid, key: borrowed(key) } });
  });

  it('issues certificates with an SCT, also several at once, and shows the PIN to nobody', async () => {
    await using log = await startLog(chain);
    await log.answers('/healthz');
    await using server = await startFulcio(chain, { SIGSTEAD_PKCS11_PIN_FILE: await pinFile() });
    await server.answers('/healthz');
    const answers = await Promise.all([certificate(), certificate(), certificate()]);
    for (const pem of answers) {
      const [leaf, intermediate, root] = parseChain(pem, 'answer').der.map((der) => new X509Certificate(der));
      if (!leaf || !intermediate || !root) throw new Error('expected three certificates');
      expect(leaf.subjectAltName).toBe('email:alice@example.com');
      expect(leaf.verify(key) && intermediate.publicKey.equals(key) && intermediate.verify(root.publicKey)).toBe(true);
      await writeFiles({ 'root.pem': `${root}`, 'intermediate.pem': `${intermediate}`, 'leaf.pem': `${leaf}` });
      const text = openssl('x509', '-in', 'leaf.pem', '-noout', '-text');
      expect(text).toMatch(/Signature Algorithm: ecdsa-with-SHA384/);
      expect(text).toMatch(/CT Precertificate SCTs/);
      const files = ['-CAfile', 'root.pem', '-untrusted', 'intermediate.pem', 'leaf.pem'];
      expect(openssl('verify', '-ignore_critical', ...files)).toBe('leaf.pem: OK\n');
    }
    expect(server.output).not.toContain(token.pin);
  }, 120_000);

  it.each([
    { title: 'a wrong PIN, after one try', extra: { SIGSTEAD_PKCS11_PIN: '111111' }, says: /wrong PIN; it/ },
    { title: 'no PIN', extra: {}, says: /expected the PIN of the token/ },
    {
      title: 'a module that is not there',
      extra: { SIGSTEAD_PKCS11_PIN: '246813', SIGSTEAD_PKCS11_MODULE: '/missing.so' },
      says: /\/missing\.so: no such file/,
    },
    {
      title: 'a PATH without the plug-in',
      extra: { SIGSTEAD_PKCS11_PIN: '246813', PATH: '/usr/bin:/bin' },
      says: /sigstore-kms-pkcs11\W+executable file not found/,
    },
  ])('refuses to start with $title', async ({ extra, says }) => {
    await using server = await startFulcio(chain, extra);
    await server.refuses(says);
    expect(server.output).not.toMatch(/246813|111111/);
  });

  it('refuses to start with a key that the token would hand out', async () => {
    const loose = token.makeKey('loose', '0e', '--extractable');
    const looseChain = fulcioChain({ root: valid, intermediate: { ...valid, key: borrowed(loose) } });
    await using server = await startFulcio(looseChain, { SIGSTEAD_PKCS11_PIN: '246813' }, 'loose');
    await server.refuses(/key object="loose";id=%0e: whoever has the PIN can read it out/);
  });
});

describe("upstream's timestamp-server, with its key in a token", () => {
  let chain: CertificateChain;
  beforeAll(() => {
    chain = tsaChain({ root: valid, leaf: { ...valid, key: borrowed(token.makeKey('tsa', '02')) } });
  });

  it('signs timestamps that OpenSSL verifies, with a PIN from a descriptor that was handed down', async () => {
    const descriptor = openSync(await pinFile(), 'r');
    try {
      await using server = await startAuthority(chain, { SIGSTEAD_PKCS11_PIN_FILE: '/proc/self/fd/3' }, descriptor);
      await server.answers('/ping');
      await writeFiles({ 'tsa-root.pem': rootOf(chain), message: 'a message', other: 'another message' });
      openssl('ts', '-query', '-data', 'message', '-sha384', '-cert', '-out', 'query');
      await writeFile(join(directory, 'reply'), await timestamp(await readFile(join(directory, 'query'))));
      const trust = ['-in', 'reply', '-CAfile', 'tsa-root.pem'];
      expect(openssl('ts', '-verify', '-data', 'message', ...trust)).toBe('Verification: OK\n');
      expect(() => openssl('ts', '-verify', '-data', 'other', ...trust)).toThrow(/message imprint mismatch/);
    } finally {
      closeSync(descriptor);
    }
  });

  it('refuses to start with the certificate of another key', async () => {
    const other = tsaChain({ root: valid, leaf: { ...valid, key: ecKey('secp384r1') } });
    await using server = await startAuthority(other, { SIGSTEAD_PKCS11_PIN: '246813' });
    await server.refuses(/public keys are not equal/);
  });
});

/** A pair for a certificate that somebody else signs: its private half is never used. */
function borrowed(publicKey: KeyObject) {
  return { publicKey, privateKey: logKey.privateKey };
}

function openssl(...args: readonly string[]): string {
  return execFileSync('openssl', args, { cwd: directory, encoding: 'utf8', stdio: 'pipe' });
}

async function writeFiles(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
}

async function pinFile(): Promise<string> {
  const path = join(directory, 'pin');
  await writeFile(path, `${token.pin}\n`, { mode: 0o600 });
  return path;
}

/** Asks Fulcio for a certificate and returns its whole chain. */
async function certificate(): Promise<string> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const body = {
    credentials: { oidcIdentityToken: issuer.sign() },
    publicKeyRequest: {
      publicKey: { algorithm: 'ECDSA', content: publicKey.export({ type: 'spki', format: 'pem' }) },
      proofOfPossession: sign('sha256', Buffer.from('alice@example.com'), privateKey).toString('base64'),
    },
  };
  const answer = await post('fulcio http', '/api/v2/signingCert', {
    type: 'application/json',
    body: JSON.stringify(body),
  });
  return JSON.parse(String(answer)).signedCertificateEmbeddedSct.chain.certificates.join('');
}

async function timestamp(query: Buffer): Promise<Uint8Array> {
  const sent = { type: 'application/timestamp-query', body: new Uint8Array(query) };
  return await post('timestamp-one http', '/api/v1/timestamp', sent);
}

async function post(
  to: string,
  path: string,
  sent: { type: string; body: string | Uint8Array<ArrayBuffer> },
): Promise<Buffer> {
  const url = `http://127.0.0.1:${ports[to]}${path}`;
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': sent.type }, body: sent.body });
  const content = Buffer.from(await answer.arrayBuffer());
  if (!answer.ok) throw new Error(content.toString());
  return content;
}

function rootOf(chain: CertificateChain): string {
  return new X509Certificate(chain.der.at(-1) ?? new Uint8Array()).toString();
}

async function startLog(chain: CertificateChain): Promise<Server> {
  return await start(ctLogService(shard, { fulcioRootsPem: rootOf(chain), backend: 'posix' }));
}

type Environment = Readonly<Record<string, string>>;

async function startFulcio(chain: CertificateChain, extra: Environment, label = 'fulcio ca'): Promise<Server> {
  const spec = fulcioService({
    key: 'awskms',
    chainPem: chain.pem,
    issuersConfig: fulcioConfig([{ issuerUrl: issuer.url, clientId: 'sigstore', type: 'email' }]),
    issuers: 1,
    ctLog: {
      shard: shard.shard,
      origin: shard.origin,
      publicKeyPem: String(logKey.publicKey.export({ type: 'spki', format: 'pem' })),
    },
    backend: 'aws',
  });
  return await start(withToken(spec, 'kms-resource', label), extra);
}

async function startAuthority(chain: CertificateChain, extra: Environment, descriptor?: number): Promise<Server> {
  const config = { name: 'one', host: 'tsa.test', key: 'awskms', operator: 'test' } as const;
  const spec = timestampAuthorityService(config, { chainPem: chain.pem, backend: 'aws' });
  return await start(withToken(spec, 'kms-key-resource', 'tsa'), extra, descriptor);
}

/** The service as it runs on AWS, but for where its key is and who may reach it. */
function withToken(spec: ServiceSpec, name: string, label: string): ServiceSpec {
  const changed = new Map([
    [name, flag(name, token.addressOf(label))],
    ['host', flag('host', '127.0.0.1')],
  ]);
  return { ...spec, flags: spec.flags.map((one) => changed.get(one.name) ?? one) };
}

async function start(spec: ServiceSpec, extra: Environment = {}, descriptor?: number): Promise<Server> {
  const home = await mkdtemp(join(directory, `${spec.id}-`));
  await writeFile(join(home, 'key.pem'), logKey.privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
  const process = renderProcess(spec, {
    nonce: `hsm-${spec.id}-${ports['fulcio http']}`,
    port: (service, name) => ports[`${service} ${name}`] ?? 0,
    runDirectory: home,
    storageDirectory: home,
    keyPath: () => join(home, 'key.pem'),
    passphrases: new Map(),
  });
  for (const { path, content } of process.files) await writeFile(path, content);
  const env = { ...process.environment, ...token.environment, PATH: token.programs, HOME: home, ...extra };
  const stdio = ['ignore', 'pipe', 'pipe', descriptor ?? 'ignore'] as const;
  const child = spawn(await serverPath(spec.program), process.args, { env, cwd: home, stdio: [...stdio] });
  return new Server(child, `http://127.0.0.1:${ports[`${spec.id} http`]}`);
}

/** A server that is stopped at the end of the scope. */
class Server implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #url: string;
  readonly #ended: Promise<unknown>;
  /** What it has said so far. */
  output = '';

  constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.#url = url;
    this.#ended = once(child, 'close');
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
  }

  async answers(path: string): Promise<void> {
    const isUp = async () => {
      if (this.#child.exitCode !== null) throw new Error(`the server ended: ${this.output}`);
      return (await fetch(`${this.#url}${path}`).catch(() => undefined))?.ok === true;
    };
    await waitFor(isUp, { what: `${path} to answer`, timeoutMs: 30_000 });
  }

  /** Returns once it has ended by itself, for this reason. */
  async refuses(reason: RegExp): Promise<void> {
    await waitFor(() => this.#child.exitCode !== null, { what: 'the server to refuse', timeoutMs: 20_000 });
    await this.#ended;
    expect(this.#child.exitCode).not.toBe(0);
    expect(this.output).toMatch(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
