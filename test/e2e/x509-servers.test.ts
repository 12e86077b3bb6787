import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BasicConstraints, ExtendedKeyUsage } from '@peculiar/asn1-x509';
import { addMs, dayMs } from '../../src/core/clock.ts';
import { waitFor } from '../../src/core/wait.ts';
import { encryptPrivateKey } from '../../src/keys/pkcs8.ts';
import { type CertificateChain, chainOf } from '../../src/x509/chain.ts';
import { type LintOptions, lintFulcioChain, lintTsaChain } from '../../src/x509/lint.ts';
import { oid } from '../../src/x509/oids.ts';
import { critical, ecKey, extension, having, type KeyPair, type Recipe } from '../support/certificates.ts';
import { fulcioChain, longTsaChain, tsaChain } from '../support/chains.ts';
import { serverPath } from '../support/servers.ts';

/** The linter speaks for the real servers: what they refuse at start it finds first, and what it accepts they start with. */

const passphrase = 'a passphrase, with "odd" characters ä';
const now = new Date();
const valid: Recipe = { notBefore: addMs(now, -dayMs), notAfter: addMs(now, 300 * dayMs) };
const serverAuth = '1.3.6.1.5.5.7.3.1';
const key = ecKey('secp384r1');
const signing: Recipe = { ...valid, key };

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sigstead-x509-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

interface Refusal {
  readonly title: string;
  readonly chain: CertificateChain;
  /** The rule that stands for what the server says. */
  readonly rule: string;
  readonly says: RegExp;
}

describe('fulcio', () => {
  const chain = (intermediate: Recipe = {}, root: Recipe = {}) =>
    fulcioChain({ root: { ...valid, ...root }, intermediate: { ...signing, ...intermediate } });

  it('accepts a chain that the linter accepts, and a key encrypted with scrypt', async () => {
    const good = chain();
    expect(lintFulcioChain(good, lintOptions(key))).toEqual([]);
    await using server = await startFulcio(good);
    const bundle = JSON.parse(await server.ready('/api/v2/trustBundle'));
    expect(bundle.chains[0].certificates.join('')).toBe(good.pem);
  });

  it.each<Refusal>([
    {
      title: 'an authority for TLS',
      chain: chain({ purposes: [serverAuth] }),
      rule: 'chain-purpose-nests',
      says: /incompatible key usage/,
    },
    {
      title: 'an intermediate for any purpose',
      chain: chain({ purposes: [oid.anyExtendedKeyUsage] }),
      rule: 'fulcio-code-signing',
      says: /must have extended key usage code signing/,
    },
    {
      title: 'an expired intermediate',
      chain: chain({ notAfter: addMs(now, -3_600_000) }),
      rule: 'chain-valid-now',
      says: /expired or is not yet valid/,
    },
    {
      title: 'an expired root',
      chain: chain({}, { notAfter: addMs(now, -3_600_000) }),
      rule: 'chain-valid-now',
      says: /expired or is not yet valid/,
    },
    {
      title: 'a chain with the root first',
      chain: chainOf(...chain().der.toReversed()),
      rule: 'chain-order',
      says: /unknown authority/,
    },
    {
      title: 'an intermediate that is no authority',
      chain: chain({ pathLength: 'leaf' }),
      rule: 'ca-basic-constraints',
      says: /not a CA/,
    },
    {
      title: 'a certificate of another key',
      chain: chain({ key: ecKey('secp384r1') }),
      rule: 'chain-first-key',
      says: /public keys are not equal/,
    },
    {
      title: 'a signature by another root',
      chain: chain({ signingKey: ecKey().privateKey }),
      rule: 'chain-signatures',
      says: /unknown authority/,
    },
  ])('refuses $title, as the linter does', async (refusal) => {
    expect(rulesOf(lintFulcioChain(refusal.chain, lintOptions(key)))).toContain(refusal.rule);
    await using server = await startFulcio(refusal.chain);
    expect(await server.refused()).toMatch(refusal.says);
  });
});

describe('timestamp authority', () => {
  const chain = (leaf: Recipe = {}) => tsaChain({ root: valid, leaf: { ...signing, ...leaf } });
  const long = (intermediate: Recipe = {}) =>
    longTsaChain({ root: valid, intermediate: { ...valid, ...intermediate }, leaf: signing });

  it.each([
    ['a leaf and a root', chain()],
    ['a chain with an intermediate', long()],
  ])('accepts %s that the linter accepts, and a key encrypted with scrypt', async (_, good) => {
    expect(lintTsaChain(good, lintOptions(key))).toEqual([]);
    await using server = await startTimestampAuthority(good);
    const served = await server.ready('/api/v1/timestamp/certchain');
    expect(served.trim()).toBe(good.pem.trim());
  });

  it.each<Refusal>([
    {
      title: 'a leaf alone',
      chain: chainOf(chain().der[0] ?? new Uint8Array()),
      rule: 'tsa-chain-length',
      says: /at least two certificates/,
    },
    {
      title: 'a leaf that is an authority',
      chain: chain({ extensions: having(extension(oid.basicConstraints, true, new BasicConstraints({ cA: true }))) }),
      rule: 'tsa-leaf-not-ca',
      says: /must be an end-entity certificate/,
    },
    {
      title: 'a leaf for code signing',
      chain: chain({ purposes: [oid.codeSigning] }),
      rule: 'tsa-leaf-time-stamping',
      says: /incompatible key usage/,
    },
    {
      title: 'a leaf for time stamping and more',
      chain: chain({ purposes: [oid.timeStamping, oid.codeSigning] }),
      rule: 'tsa-leaf-time-stamping',
      says: /only contain one EKU/,
    },
    {
      title: 'a purpose that is not critical',
      chain: chain({ extensions: critical(oid.extendedKeyUsage, false) }),
      rule: 'tsa-leaf-purpose-critical',
      says: /set EKU to critical/,
    },
    {
      title: 'an intermediate for any purpose',
      chain: long({
        extensions: having(extension(oid.extendedKeyUsage, false, new ExtendedKeyUsage([oid.anyExtendedKeyUsage]))),
      }),
      rule: 'tsa-intermediate-time-stamping',
      says: /must have extended key usage timestamping/,
    },
    {
      title: 'an expired leaf',
      chain: chain({ notAfter: addMs(now, -3_600_000) }),
      rule: 'chain-valid-now',
      says: /expired or is not yet valid/,
    },
    {
      title: 'a certificate of another key',
      chain: tsaChain({ root: valid, leaf: { ...valid, key: ecKey('secp384r1') } }),
      rule: 'chain-first-key',
      says: /public keys are not equal/,
    },
  ])('refuses $title, as the linter does', async (refusal) => {
    expect(rulesOf(lintTsaChain(refusal.chain, lintOptions(key)))).toContain(refusal.rule);
    await using server = await startTimestampAuthority(refusal.chain);
    expect(await server.refused()).toMatch(refusal.says);
  });
});

function lintOptions({ publicKey }: KeyPair): LintOptions {
  return { now: new Date(), publicKey };
}

function rulesOf(findings: readonly { rule: string }[]): readonly string[] {
  return findings.map(({ rule }) => rule);
}

async function startFulcio(chain: CertificateChain): Promise<TestServer> {
  const [http, grpc, metrics] = [await freePort(), await freePort(), await freePort()];
  const home = await serverDirectory(chain);
  // Nobody answers there; Fulcio looks for its issuers again at the first request.
  const issuer = 'https://127.0.0.1:1';
  const issuers = { OIDCIssuers: { [issuer]: { IssuerURL: issuer, ClientID: 'sigstore', Type: 'email' } } };
  await writeFile(join(home, 'issuers.json'), JSON.stringify(issuers));
  const flags = {
    host: '127.0.0.1',
    port: http,
    'grpc-host': '127.0.0.1',
    'grpc-port': grpc,
    'metrics-port': metrics,
    'legacy-unix-domain-socket': join(home, 'grpc.sock'),
    'config-path': join(home, 'issuers.json'),
    'ct-log-url': '',
    ca: 'fileca',
    'fileca-cert': join(home, 'chain.pem'),
    'fileca-key': join(home, 'key.pem'),
    'fileca-watch': false,
  };
  const environment = { 'FULCIO_SERVE_FILECA-KEY-PASSWD': passphrase };
  return new TestServer(spawn(await serverPath('fulcio'), argumentsOf(flags), { env: environment }), http);
}

async function startTimestampAuthority(chain: CertificateChain): Promise<TestServer> {
  const port = await freePort();
  const home = await serverDirectory(chain);
  const flags = {
    host: '127.0.0.1',
    port,
    'certificate-chain-path': join(home, 'chain.pem'),
    'file-signer-key-path': join(home, 'key.pem'),
    'timestamp-signer-hash': 'sha384',
    'enforce-intermediate-eku': true,
  };
  const environment = { 'FILE-SIGNER-PASSWD': passphrase };
  return new TestServer(spawn(await serverPath('timestamp-server'), argumentsOf(flags), { env: environment }), port);
}

async function serverDirectory(chain: CertificateChain): Promise<string> {
  const home = await mkdtemp(join(directory, 'server-'));
  await writeFile(join(home, 'chain.pem'), chain.pem);
  await writeFile(join(home, 'key.pem'), await encryptPrivateKey(key.privateKey, passphrase), { mode: 0o600 });
  return home;
}

function argumentsOf(flags: Readonly<Record<string, string | number | boolean>>): readonly string[] {
  return ['serve', ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)];
}

/** A server that is stopped at the end of the scope. */
class TestServer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #port: number;
  readonly #ended: Promise<unknown>;
  #output = '';

  constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.#port = port;
    this.#ended = once(child, 'close');
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
  }

  /** Returns what a running server answers. */
  async ready(path: string): Promise<string> {
    return await waitFor(
      async () => {
        if (this.#child.exitCode !== null) throw new Error(`the server ended: ${this.#output}`);
        const response = await fetch(`http://127.0.0.1:${this.#port}${path}`).catch(() => undefined);
        return response?.ok ? await response.text() : undefined;
      },
      { what: `${path} to answer`, timeoutMs: 20_000 },
    );
  }

  /** Returns what a server said that ended by itself. */
  async refused(): Promise<string> {
    await waitFor(() => this.#child.exitCode !== null, { what: 'the server to refuse', timeoutMs: 20_000 });
    await this.#ended;
    expect(this.#child.exitCode).not.toBe(0);
    return this.#output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address');
  return address.port;
}
