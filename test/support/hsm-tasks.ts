import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TaskDefinition } from '@aws-sdk/client-ecs';
import type { Template } from 'aws-cdk-lib/assertions';
import { renderProcess } from '../../local/render.ts';
import { waitFor } from '../../src/core/wait.ts';
import { type RunningProgram, startProgram } from '../../src/process/supervised-program.ts';
import { ctLogService } from '../../src/services/ct-log.ts';
import { flag } from '../../src/services/service.ts';
import { parseChain } from '../../src/x509/chain.ts';
import { resourcesOf } from '../stacks/services/support.ts';
import type { Host } from './aws/network.ts';
import type { FakeIssuer } from './fake-issuer.ts';
import { serverPath } from './servers.ts';

/* What stands around the tasks of Fulcio and a timestamp authority that are started in their images. */

const ctLogPort = 6962;

/** Makes an issuer on loopback reachable at another address of this machine. */
export async function exposeIssuer(issuer: FakeIssuer, address: string): Promise<Server> {
  const port = Number(new URL(issuer.url).port);
  const bridge = createServer((socket) => pipeBoth(socket, connect(port, '127.0.0.1')));
  bridge.listen(port, address);
  await once(bridge, 'listening');
  return bridge;
}

function pipeBoth(a: Socket, b: Socket): void {
  a.pipe(b).on('error', () => a.destroy());
  b.pipe(a).on('error', () => b.destroy());
}

/** Makes the issuer reachable by the name that its tokens have: without TLS that is loopback, which is each task's own. */
export async function forwardLoopback(
  directory: string,
  { namespace }: Host,
  address: string,
  port: string,
): Promise<RunningProgram> {
  const script = `const { connect, createServer } = require('node:net');
createServer((a) => { const b = connect(${port}, '${address}'); a.pipe(b).pipe(a); a.on('error', () => b.destroy()); b.on('error', () => a.destroy()); })
  .listen(${port}, '127.0.0.1', () => console.log('forwards'));`;
  const program = await startProgram({
    ...{ name: 'forward', file: '/usr/sbin/ip', args: ['netns', 'exec', namespace, process.execPath, '-e', script] },
    ...{
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      cwd: directory,
      logFile: join(directory, `forward-${namespace}`),
    },
  });
  await waitFor(() => program.head().includes('forwards'), { what: 'the forwarder', timeoutMs: 20_000 });
  return program;
}

/** Returns the task of a stack as ECS tells it: what the template says, with small letters first. */
export function definitionOf(template: Template | undefined): TaskDefinition {
  const [resource] = resourcesOf(template, 'AWS::ECS::TaskDefinition');
  const lowered = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(lowered);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name.charAt(0).toLowerCase() + name.slice(1), lowered(inner)]),
    );
  };
  return lowered(resource?.Properties) as TaskDefinition;
}

/** The CT log that Fulcio submits to, on this machine; its key is no matter of the HSM here. */
export async function startLog(
  home: string,
  fulcioRootsPem: string,
  address: string,
  key: KeyObject,
): Promise<ChildProcess> {
  const shard = { shard: 'ct2026-1', origin: 'ct2026-1.sigstore.acme.example', key: 'file', operator: 'test' } as const;
  const spec = ctLogService(shard, { fulcioRootsPem, backend: 'posix' });
  const flags = spec.flags.map((one) =>
    one.name === 'http_endpoint' ? flag('http_endpoint', `${address}:${ctLogPort}`) : one,
  );
  await mkdir(home);
  await writeFile(join(home, 'key.pem'), key.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
  const rendered = renderProcess(
    { ...spec, flags },
    {
      ...{ nonce: 'hsm-images', port: () => ctLogPort, runDirectory: home, storageDirectory: home },
      ...{ keyPath: () => join(home, 'key.pem'), passphrases: new Map() },
    },
  );
  for (const { path, content } of rendered.files) await writeFile(path, content);
  const child = spawn(await serverPath('tesseract'), rendered.args, {
    env: rendered.environment,
    cwd: home,
    stdio: 'ignore',
  });
  const isUp = async () => (await fetch(`http://${address}:${ctLogPort}/healthz`).catch(() => undefined))?.ok === true;
  await waitFor(isUp, { what: 'the CT log', timeoutMs: 30_000 });
  return child;
}

/** Asks Fulcio for a certificate and returns its whole chain. */
export async function certificatesOf(fulcio: string, issuer: FakeIssuer): Promise<readonly Uint8Array[]> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const answer = await fetch(`${fulcio}/api/v2/signingCert`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      credentials: { oidcIdentityToken: issuer.sign() },
      publicKeyRequest: {
        publicKey: { algorithm: 'ECDSA', content: publicKey.export({ type: 'spki', format: 'pem' }) },
        proofOfPossession: sign('sha256', Buffer.from('alice@example.com'), privateKey).toString('base64'),
      },
    }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return parseChain(JSON.parse(text).signedCertificateEmbeddedSct.chain.certificates.join(''), 'answer').der;
}
