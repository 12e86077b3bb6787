import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { edgeUrl } from '../../local/endpoints.ts';
import { localServices } from '../../local/instance.ts';
import { markerOf, StateDirectory, type StateFacts } from '../../local/state.ts';
import { readInstanceFacts } from '../../operate/instance-facts.ts';
import { readTrustMaterial } from '../../operate/instance-material.ts';
import { readConfig } from '../../src/config/config.ts';
import { waitFor } from '../../src/core/wait.ts';
import { findMarked } from '../../src/process/marked-processes.ts';
import { runProgram } from '../../src/process/run-program.ts';
import { isLoopback, listeningSockets } from '../../src/process/sockets.ts';
import { filesOf } from '../support/fingerprint.ts';
import {
  projectDirectory,
  sigsteadJson,
  startTestInstance,
  type TestInstance,
  temporaryDirectory,
  testUser,
} from '../support/instance.ts';
import { argumentsOf, childrenOf, hasProc, usageOf } from '../support/processes.ts';
import { expectRefusal } from '../support/refusals.ts';

const onLinux = hasProc ? it : it.skip;
const skipped = hasProc ? '' : ' (SKIPPED: reads /proc, which only Linux has)';

const serviceIds = ['ct-ct2026-1', 'fulcio', 'rekor-log2026-1', 'timestamp-tsa-1', 'timestamp-tsa-2'];
const maxToolkitRssBytes = 200_000_000;
const maxIdleCpu = 0.01;
const idleMs = 15_000;

describe('an instance that is up', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let state: StateDirectory;
  let facts: StateFacts;
  let instance: TestInstance;

  const sigstead = (...args: readonly string[]) => sigsteadJson([...args, '--state', state.path]);

  beforeAll(async () => {
    directory = await temporaryDirectory();
    state = new StateDirectory(join(directory.path, 'state'));
    instance = await startTestInstance({ state: state.path });
    facts = await readInstanceFacts(state);
  }, 180_000);

  afterAll(async () => {
    await instance?.[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  }, 60_000);

  it('says what runs, and warns of test users and of the grant for tests', async () => {
    expect(await sigstead('status')).toMatchObject({
      exitCode: 0,
      document: {
        phase: 'ready',
        instance: 'local',
        state: state.path,
        tufUrl: instance.tufUrl,
        rootFile: instance.rootFile,
        issuer: instance.issuer,
        rootOfTrust: { kind: 'local', threshold: 3, holders: 5, keysHere: 5 },
        services: expect.arrayContaining(
          [...serviceIds, 'tuf', 'oidc'].map((id) => ({ id, healthy: true, url: edgeUrl(facts, id) })),
        ),
        roles: ['root', 'targets', 'snapshot', 'timestamp'].map((role) => ({ role, version: 1, state: 'fresh' })),
        warnings: expect.arrayContaining([
          expect.stringMatching(new RegExp(`test users .*${testUser}`)),
          expect.stringContaining('the grant for tests is open'),
        ]),
      },
    });
  }, 30_000);

  it('prints exports that a shell can read', async () => {
    const { stdout } = await instance.run('env');
    const script = `${stdout}echo "$SIGSTEAD_TUF_URL" "$SIGSTEAD_TUF_ROOT" "$SIGSTEAD_OIDC_ISSUER"`;
    const ran = await runProgram({ file: '/bin/sh', args: ['-euc', script], timeoutMs: 10_000 });
    expect(ran.stdout).toBe(`${instance.tufUrl} ${instance.rootFile} ${instance.issuer}\n`);
  }, 30_000);

  it('shows the end of each log, and refuses a service that it does not have', async () => {
    const { exitCode, document } = await sigstead('logs');
    expect({ exitCode, services: Object.keys(document) }).toEqual({ exitCode: 0, services: serviceIds });
    expect((await instance.run('logs', 'fulcio', '--lines', '1')).stdout.trim().split('\n')).toHaveLength(1);
    expectRefusal(await sigstead('logs', 'nope'), { exitCode: 3, code: 'OPS_UNKNOWN_SERVICE', names: ['nope'] });
  }, 30_000);

  it('gives a token to a test user of the configuration, and to nobody else', async () => {
    expect((await instance.token()).split('.')).toHaveLength(3);
    const refused = await sigstead('login', '--test-user', 'nobody@example.com');
    expectRefusal(refused, { exitCode: 3, code: 'OIDC_REFUSED', names: [instance.issuer] });
  }, 30_000);

  it('keeps its state directory to itself, and names its process', async () => {
    const refused = await sigstead('up', '--once');
    const names = [state.path, `process ${instance.up.pid}`];
    expectRefusal(refused, { exitCode: 5, code: 'LOCAL_STATE_BUSY', names });
  }, 30_000);

  it('listens on loopback only, but for what upstream forces', async () => {
    const servers = await findMarked(await markerOf(state, facts));
    const sockets = await listeningSockets([instance.up.pid, ...servers.map(({ pid }) => pid)]);
    const config = await readConfig(join(projectDirectory, 'examples', 'minimal.yaml'));
    const material = await readTrustMaterial(state);
    const specs = material ? localServices(config, material, facts) : [];
    const exceptions = specs.flatMap(({ id, ports }) =>
      ports.filter((port) => port.everyInterface !== undefined).map(({ name }) => `${id}/${name}`),
    );
    expect(exceptions).toEqual(['fulcio/metrics']);
    const open = sockets.filter(({ address }) => !isLoopback(address)).map(({ port }) => port);
    expect(new Set(open)).toEqual(new Set(exceptions.map((name) => facts.ports[name])));
    // Every port that the instance chose, and no other: so nothing was overlooked above.
    expect(new Set(sockets.map(({ port }) => port))).toEqual(new Set(Object.values(facts.ports)));
  }, 30_000);

  it('keeps what it writes to its user, and no private key unencrypted', async () => {
    const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
    expect(await modeOf(state.path)).toBe('700');
    expect(await modeOf(state.keys)).toBe('700');
    const keys = await filesOf(state.keys);
    // Each key has its passphrase: 5 services, 3 roots of chains, 5 holders and the online key.
    expect(keys).toHaveLength(2 * 14);
    const secrets = [...keys, ...(await filesOf(state.identityProvider)), ...(await filesOf(state.logs))];
    expect(new Set(await Promise.all(secrets.map(modeOf)))).toEqual(new Set(['600']));
    const found = await Promise.all(
      (await filesOf(state.path)).map(async (path) => {
        const labels = (await readAllocated(path)).match(/-----BEGIN [A-Z ]*PRIVATE KEY-----/g) ?? [];
        return labels.map((label) => [path, label]);
      }),
    );
    const encrypted = keys.filter((path) => path.endsWith('.pem'));
    expect(found.flat()).toEqual(encrypted.map((path) => [path, '-----BEGIN ENCRYPTED PRIVATE KEY-----']));
  }, 60_000);

  onLinux(
    `tells no secret in the arguments of its processes${skipped}`,
    async () => {
      const files = (await filesOf(state.keys)).filter((path) => path.endsWith('.passphrase'));
      const passphrases = await Promise.all(files.map(async (path) => (await readFile(path, 'utf8')).trim()));
      const secrets = [...passphrases, (await readFile(state.testSecretFile, 'utf8')).trim(), 'PRIVATE KEY'];
      const servers = await findMarked(await markerOf(state, facts));
      expect(servers).toHaveLength(serviceIds.length);
      for (const pid of [instance.up.pid, ...servers.map((server) => server.pid)]) {
        const line = (await argumentsOf(pid)).join(' ');
        expect(line).not.toBe('');
        expect(secrets.filter((secret) => line.includes(secret))).toEqual([]);
      }
    },
    30_000,
  );

  it('accepts the honest and refuses the rest, with every client found', async () => {
    const smoke = await instance.run('smoke', '--json');
    expect(smoke).toMatchObject({ exitCode: 0 });
  }, 180_000);

  onLinux(
    `needs at most 200 MB of memory, and next to no processor while nobody signs${skipped}`,
    async () => {
      await waitFor(() => /signed by cosign|cosign is not offered/.test(instance.up.head()), {
        what: 'the signatures that "up" makes itself',
        timeoutMs: 60_000,
      });
      expect(await childrenOfToolkit()).toEqual([]);
      const [startedAt, before] = [performance.now(), await usageOf(instance.up.pid)];
      await waitFor(() => performance.now() - startedAt > idleMs, { what: 'idleness', timeoutMs: 2 * idleMs });
      const after = await usageOf(instance.up.pid);
      const cpu = (after.cpuSeconds - before.cpuSeconds) / ((performance.now() - startedAt) / 1_000);
      // One line for whoever reads the run: these are claims of the README.
      process.stderr.write(
        `up: ${(after.rssBytes / 1e6).toFixed(0)} MB RSS (peak ${(after.peakRssBytes / 1e6).toFixed(0)} MB), ` +
          `${(cpu * 100).toFixed(2)} % of a core while idle\n`,
      );
      expect(after.rssBytes).toBeLessThanOrEqual(maxToolkitRssBytes);
      expect(cpu).toBeLessThanOrEqual(maxIdleCpu);
    },
    90_000,
  );

  /** Reads the front of a file, as much as it has on disk: the databases of the logs are gigabytes of holes. */
  async function readAllocated(path: string): Promise<string> {
    const { size, blocks } = await stat(path);
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, blocks * 512)));
      return buffer.toString('latin1', 0, bytesRead);
    } finally {
      await file.close();
    }
  }

  /** Returns what `up` runs besides the servers: clients, for as long as a proof takes. */
  async function childrenOfToolkit(): Promise<readonly number[]> {
    const servers = new Set((await findMarked(await markerOf(state, facts))).map(({ pid }) => pid));
    return (await childrenOf(instance.up.pid)).filter((pid) => !servers.has(pid));
  }
});
