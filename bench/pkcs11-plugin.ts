import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';

import { buildFlags } from '../local/servers/go-build.ts';
import { serversModule } from '../local/servers/packages.ts';
import { findSoftHsm, softHsmRoom } from '../operate/rehearse/holder-keys.ts';
import { quantile, rounded } from './load/statistics.ts';

/*
 * npm run bench:pkcs11-plugin -- [--json] [--runs 200]
 *
 * Measures what a server waits for when its key is in a token: the plug-in starts anew for each call, loads the module,
 * logs in, works and ends. The token is SoftHSM's; an HSM adds its own time. Exits with 0 whatever the numbers are; each
 * requirement is printed with the number that was measured.
 */
const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, runs: { type: 'string', default: '200' } },
});

interface CallTime {
  readonly call: string;
  readonly runs: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const maxSignatureMs = 100;
/** Without a token: what the start of the process costs. */
const calls = ['signMessage', 'publicKey', 'defaultAlgorithm'] as const;

const directory = await mkdtemp(join(tmpdir(), 'sigstead-bench-'));
try {
  const plugIn = await plugInWithKey(directory);
  const times = await measure(plugIn, Number(values.runs));
  // A busy machine starts no process in time: the numbers are worth nothing without this one.
  const machine = { cores: availableParallelism(), load: rounded(loadavg()[0] ?? Number.NaN) };
  const report = { machine, times, requirements: [requirementOf(times)] };
  process.stdout.write(values.json ? `${JSON.stringify(report, undefined, 2)}\n` : format(report));
} finally {
  await rm(directory, { recursive: true, force: true });
}

interface PlugIn {
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly key: string;
}

/** Builds the plug-in and makes an ECDSA P-256 key for it in a SoftHSM token. */
async function plugInWithKey(home: string): Promise<PlugIn> {
  const path = join(home, 'sigstore-kms-pkcs11');
  const go = { ...process.env, CGO_ENABLED: '1', GOWORK: 'off', GOFLAGS: '', GOTOOLCHAIN: 'auto' };
  const build = ['build', ...buildFlags, '-o', path, './cmd/sigstore-kms-pkcs11'];
  execFileSync('go', build, { cwd: serversModule, env: go, stdio: 'inherit' });
  const room = await softHsmRoom(join(home, 'softhsm'));
  const [, uri = ''] = await room.newKey('servers', 'fulcio');
  room.close();
  const environment = {
    SOFTHSM2_CONF: join(home, 'softhsm', 'softhsm2.conf'),
    SIGSTEAD_PKCS11_MODULE: (await findSoftHsm()) ?? '',
    SIGSTEAD_PKCS11_PIN: room.secretFor('token "servers"') ?? '',
  };
  return { path, environment, key: uri.slice('pkcs11:'.length) };
}

/** One call of each kind in turn, so that what else the machine does falls on all of them. */
async function measure(plugIn: PlugIn, runs: number): Promise<readonly CallTime[]> {
  const taken = new Map<string, number[]>(calls.map((call) => [call, []]));
  for (let run = 0; run < runs; run++) {
    for (const call of calls) taken.get(call)?.push(await timeOf(plugIn, requestOf(plugIn.key, call)));
  }
  return [...taken].map(([call, ms]) => ({
    call,
    runs,
    p50: rounded(quantile(ms, 0.5)),
    p99: rounded(quantile(ms, 0.99)),
    max: rounded(Math.max(...ms)),
  }));
}

async function timeOf({ path, environment }: PlugIn, request: string): Promise<number> {
  const started = performance.now();
  const child = spawn(path, ['v1', request], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
  const [answer, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  const ms = performance.now() - started;
  if (code !== 0) throw new Error(`the plug-in ended with ${code}: ${answer}`);
  return ms;
}

/** What a server sends: a digest by SHA-256, which is 5 in Go. */
function requestOf(keyResourceID: string, methodName: string): string {
  const rpcOptions = { keyVersion: '', remoteVerification: false };
  const messageOptions = { digest: randomBytes(32).toString('base64'), hashFunc: 5 };
  return JSON.stringify({
    initOptions: { protocolVersion: 'v1', keyResourceID, hashFunc: 5, rpcOptions },
    methodName,
    signMessage: { signOptions: { rpcOptions, messageOptions } },
    publicKey: { publicKeyOptions: { rpcOptions } },
    defaultAlgorithm: {},
  });
}

interface Requirement {
  readonly title: string;
  readonly limit: number;
  readonly measured: number;
  readonly met: boolean;
}

function requirementOf(times: readonly CallTime[]): Requirement {
  const measured = times.find(({ call }) => call === 'signMessage')?.p99 ?? Number.NaN;
  const title = 'a signature through the plug-in, from its start to its end, p99, ms';
  return { title, limit: maxSignatureMs, measured, met: measured <= maxSignatureMs };
}

interface Report {
  readonly machine: { readonly cores: number; readonly load: number };
  readonly times: readonly CallTime[];
  readonly requirements: readonly Requirement[];
}

function format({ machine, times, requirements }: Report): string {
  const row = (cells: readonly (string | number)[]) =>
    cells.map((cell, index) => String(cell).padEnd(index === 0 ? 20 : 9)).join(' ');
  return [
    row(['call', 'runs', 'p50 ms', 'p99', 'max']).trimEnd(),
    ...times.map(({ call, runs, p50, p99, max }) => row([call, runs, p50, p99, max]).trimEnd()),
    `${machine.cores} cores, load ${machine.load} (all that the machine did in the last minute)`,
    '',
    ...requirements.map(
      ({ met, title, limit, measured }) => `${met ? 'met    ' : 'NOT MET'}  ${title}: ${measured} (at most ${limit})`,
    ),
    '',
  ].join('\n');
}
