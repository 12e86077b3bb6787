import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { waitFor } from '../../../src/core/wait.ts';
import { startProgram } from '../../../src/process/supervised-program.ts';
import { emulatorFile } from './emulator-file.ts';
import type { NameServer } from './name-server.ts';
import { type Host, onHost, type TestNetwork } from './network.ts';
import type { TestCa } from './test-ca.ts';

const port = 4566;

/** The emulator of AWS as a host of the test's network, with TLS, IAM enforced, and AWS's own names leading to it. */
export interface Emulator extends AsyncDisposable {
  readonly host: Host;
  readonly address: string;
  readonly endpoint: string;
  /** What makes the SDKs speak to it as the root user of an account: the emulator takes the account's id for a key. */
  environmentOf(account: string): Readonly<Record<string, string>>;
  /** What stands for the signature of an account's root user, which the emulator does not check. */
  authorization(service: string, account: string, region?: string): string;
  log(): string;
}

export interface EmulatorOptions {
  readonly directory: string;
  readonly network: TestNetwork;
  readonly names: NameServer;
  readonly ca: TestCa;
  readonly region: string;
  readonly account: string;
}

/** Names of AWS that clients of an instance, or its servers, ask for. */
const dataPlanes = ['cloudfront.net', 'elb.amazonaws.com', 'amazonaws.com', 'amazoncognito.com'];

export async function startEmulator({
  directory,
  network,
  names,
  ca,
  region,
  account,
}: EmulatorOptions): Promise<Emulator> {
  const host = await network.addHost();
  const alternatives = dataPlanes.flatMap((domain) => [`*.${domain}`, `*.${region}.${domain}`]);
  const tls = await ca.issue('emulator', host.address, 'localhost', '127.0.0.1', ...alternatives);
  for (const domain of dataPlanes) names.setBelow(domain, host.address);
  const file = await emulatorFile(process.env);
  if (file === undefined) throw new Error('the emulator is not installed: npm run test:aws does that');
  const program = await startProgram({
    name: 'ministack',
    file: '/usr/sbin/ip',
    args: onHost(host, file),
    env: {
      // Functions run under the Node that is first here.
      PATH: `${join(process.execPath, '..')}:/usr/sbin:/usr/bin:/sbin:/bin`,
      ...{ HOME: directory, TMPDIR: directory, STATE_DIR: directory, S3_DATA_DIR: directory, LOG_LEVEL: 'INFO' },
      ...{ AUTH: 'true', BIND_HOST: '0.0.0.0', GATEWAY_PORT: `${port}`, MINISTACK_REGION: region },
      // Of requests that nobody signed, as a login is.
      MINISTACK_ACCOUNT_ID: account,
      ...{ PYTHONPATH: join(import.meta.dirname, 'emulator-python'), PYTHONDONTWRITEBYTECODE: '1' },
      // A request to a load balancer keeps one for as long as its target takes, and a target asks for KMS meanwhile.
      MINISTACK_WORKER_THREADS: '1024',
      ...{ USE_SSL: '1', MINISTACK_SSL_CERT: tls.certificate, MINISTACK_SSL_KEY: tls.key },
      // For the functions, which inherit it.
      ...{ NODE_EXTRA_CA_CERTS: ca.file, AWS_ENDPOINT_URL: `https://${host.address}:${port}` },
    },
    cwd: directory,
    logFile: join(directory, 'log'),
  });
  // The SDK in this process has to trust it as well.
  setDefaultCACertificates([...getCACertificates('default'), await readFile(ca.file, 'utf8')]);
  const endpoint = `https://${host.address}:${port}`;
  await waitFor(() => isUp(endpoint), { what: `ministack (${program.tail()})`, timeoutMs: 60_000, intervalMs: 100 });
  return {
    host,
    address: host.address,
    endpoint,
    environmentOf: (who) => ({
      ...{ AWS_ENDPOINT_URL: endpoint, AWS_REGION: region, AWS_DEFAULT_REGION: region },
      ...{ AWS_ACCESS_KEY_ID: who, AWS_SECRET_ACCESS_KEY: 'test' },
      ...{ AWS_CA_BUNDLE: ca.file, NODE_EXTRA_CA_CERTS: ca.file },
    }),
    authorization: (service, who, where = region) =>
      `AWS4-HMAC-SHA256 Credential=${who}/20260101/${where}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
    log: () => program.tail(),
    [Symbol.asyncDispose]: async () => program.stop(5_000),
  };
}

async function isUp(endpoint: string): Promise<boolean> {
  return await fetch(`${endpoint}/_ministack/health`).then(
    ({ ok }) => ok,
    () => false,
  );
}
