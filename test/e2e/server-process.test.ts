import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KeyStore } from '../../local/key-store.ts';
import { choosePorts } from '../../local/ports.ts';
import { type ServicesOptions, startServices } from '../../local/running-services.ts';
import { answers, type ServerSurroundings, startServer } from '../../local/server-process.ts';
import { StateDirectory } from '../../local/state.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { unfollowed } from '../../src/core/moment.ts';
import { silentProgress } from '../../src/core/progress.ts';
import { flag, keyPassphrase, keyPath, port, type ServiceSpec } from '../../src/services/service.ts';

const program = join(import.meta.dirname, 'fake-server.mjs');

let state: StateDirectory;
let around: ServerSurroundings;
beforeEach(async () => {
  state = new StateDirectory(await mkdtemp(join(tmpdir(), 'sigstead-test-')));
  const ports = await choosePorts(['a/http', 'b/http']);
  around = {
    state,
    marker: 'test-server-process',
    facts: { id: '0123456789abcdef', instanceName: 'a', domain: 'b', createdAt: new Date(), ports },
    keys: new KeyStore(state.keys),
    binary: process.execPath,
    environment: { PATH: '/usr/bin:/bin', INHERITED: 'yes' },
    signal: new AbortController().signal,
    reached: unfollowed,
  };
});
afterEach(async () => await rm(state.path, { recursive: true, force: true }));

/** Node running the fake server: the subcommand is the program, the flags are its own. */
function fake(id: string, mode: string, change: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    id,
    role: 'rekor',
    name: id,
    program: 'rekor',
    subcommand: program,
    flags: [flag('mode', mode), flag('port', port('http')), flag('report', reportOf(id)), ...(change.flags ?? [])],
    environment: change.environment ?? [],
    ports: [{ name: 'http', reach: 'edge' }],
    files: change.files ?? [],
    keys: change.keys ?? [],
    storage: 'directory',
    health: { port: 'http', path: '/healthz' },
    dependsOn: change.dependsOn ?? [],
    startTimeoutMs: change.startTimeoutMs ?? 20_000,
    stopGraceMs: 5_000,
  };
}

const reportOf = (id: string) => join(state.path, `${id}.json`);

async function report(id: string): Promise<{ key: string; environment: Record<string, string>; cwd: string }> {
  return JSON.parse(await readFile(reportOf(id), 'utf8'));
}

const keyOf = (delivery: ServiceSpec['keys'][number]['delivery']) =>
  [{ name: 'log', source: 'file', algorithm: 'ecdsa-p256-sha256', delivery }] as const;

describe('startServer', () => {
  it('returns once the server answers, which was given its environment and nothing else', async () => {
    const server = await startServer(fake('a', 'healthy', { files: [{ name: 'x.pem', content: 'X' }] }), around);
    expect(await answers(`http://127.0.0.1:${around.facts.ports['a/http']}/healthz`)).toBe(true);
    const { environment, cwd } = await report('a');
    expect(environment).toEqual({ ...around.environment, SIGSTEAD_INSTANCE: 'test-server-process' });
    expect(cwd).toBe(join(state.run, 'a'));
    expect(await readFile(join(state.run, 'a', 'x.pem'), 'utf8')).toBe('X');
    expect(await readFile(state.logOf('a'), 'utf8')).toBe('started as healthy\n');
    await server.program.stop(5_000);
    expect(await server.program.exited).toEqual({ code: 0, signal: null });
    expect(await answers(`http://127.0.0.1:${around.facts.ports['a/http']}/healthz`)).toBe(false);
  });

  it.each(['pipe-sec1', 'pipe-pkcs8'] as const)(
    'hands over a key through a pipe that is gone afterwards (%s)',
    async (delivery) => {
      await around.keys.ensure('a', 'ecdsa-p256-sha256');
      const server = await startServer(
        fake('a', 'healthy', { flags: [flag('key', keyPath('log'))], keys: keyOf(delivery) }),
        around,
      );
      expect((await report('a')).key).toBe(
        await around.keys.decrypted('a', delivery === 'pipe-sec1' ? 'sec1' : 'pkcs8'),
      );
      expect(await readdir(join(state.run, 'a'))).toEqual([]);
      await server.program.stop(5_000);
    },
  );

  it('hands over an encrypted key by its path, and what opens it in the environment', async () => {
    await around.keys.ensure('a', 'ecdsa-p256-sha256');
    const environment = [{ name: 'PASSWD', value: [keyPassphrase('log')] }];
    const spec = fake('a', 'healthy', {
      flags: [flag('key', keyPath('log'))],
      keys: keyOf('encrypted-file'),
      environment,
    });
    const server = await startServer(spec, around);
    const given = await report('a');
    expect(given.key).toBe(await readFile(around.keys.path('a'), 'utf8'));
    expect(given.environment['PASSWD']).toBe(await around.keys.passphrase('a'));
    await server.program.stop(5_000);
  });

  it('refuses a server that ends, and shows the end of its log', async () => {
    const refused = startServer(fake('a', 'ends'), around);
    await expect(refused).rejects.toThrowToolkit('LOCAL_SERVER_DIED', { service: 'a', code: 7, signal: null });
    await expect(refused).rejects.toThrow(/a: ended with exit code 7; the end of its log:\n.*started as ends/s);
  });

  it('refuses a server that does not get well in time, and stops it', async () => {
    const refused = startServer(fake('a', 'sick', { startTimeoutMs: 1_000 }), around);
    await expect(refused).rejects.toThrowToolkit('LOCAL_SERVER_UNHEALTHY', { service: 'a' });
    await expect(refused).rejects.toThrow(
      /did not answer http:.*\/healthz within 1000 ms; the end of its log:\n.*started as sick/s,
    );
    expect(await answers(`http://127.0.0.1:${around.facts.ports['a/http']}/healthz`)).toBe(false);
  });

  it('refuses a service for which the state directory has no port', async () => {
    const { 'b/http': _, ...ports } = around.facts.ports;
    const refused = startServer(fake('b', 'healthy'), { ...around, facts: { ...around.facts, ports } });
    await expect(refused).rejects.toThrowToolkit('LOCAL_PORT_UNKNOWN', { name: 'b/http' });
  });

  it('refuses to start anything once it is interrupted', async () => {
    const reason = new ToolkitError('CLI_INTERRUPTED', { message: 'interrupted', fault: 'environment' });
    await expect(startServer(fake('a', 'healthy'), { ...around, signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    await expect(report('a')).rejects.toThrow('ENOENT');
  });
});

describe('startServices', () => {
  const options = (...specs: readonly ServiceSpec[]): ServicesOptions => ({
    ...around,
    specs,
    binaries: new Map([['rekor', process.execPath]]),
    progress: silentProgress,
  });

  it('starts what is needed first, and stops it last', async () => {
    const moments: string[] = [];
    const reached: ServicesOptions['reached'] = (moment, what) => void moments.push(`${moment} ${what}`);
    const services = await startServices({
      ...options(fake('b', 'healthy', { dependsOn: ['a'] }), fake('a', 'healthy')),
      reached,
    });
    await Promise.all([services.stop(), services.stop()]);
    expect(moments).toEqual([
      ...['server-started a', 'server-healthy a', 'server-started b', 'server-healthy b'],
      ...['server-stopped b', 'server-stopped a'],
    ]);
  });

  it('stops the others when one cannot start', async () => {
    const refused = startServices(options(fake('a', 'healthy'), fake('b', 'ends', { dependsOn: ['a'] })));
    await expect(refused).rejects.toThrowToolkit('LOCAL_SERVER_DIED', { service: 'b' });
    expect(await answers(`http://127.0.0.1:${around.facts.ports['a/http']}/healthz`)).toBe(false);
  });

  it('says which server ended by itself later on', async () => {
    const services = await startServices(options(fake('a', 'healthy'), fake('b', 'ends-later')));
    await expect(services.failure).rejects.toThrowToolkit('LOCAL_SERVER_DIED', { service: 'b', code: 8 });
    await services.stop();
  });
});
