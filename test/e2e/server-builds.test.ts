import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cacheDirectory } from '../../local/servers/cache.ts';
import { type EnsureServersOptions, ensureServers, findCosign } from '../../local/servers.ts';
import { pathExists } from '../../src/core/files.ts';
import type { Progress } from '../../src/core/progress.ts';
import { waitFor } from '../../src/core/wait.ts';
import { findProgram } from '../../src/process/find-program.ts';
import { runProgram } from '../../src/process/run-program.ts';

const goCache = caches();
const withGo = goCache ? describe : describe.skip;
const skipped = goCache ? '' : ' (SKIPPED: there is no go on PATH)';
/** A first build on a machine compiles the Go runtime. */
const slow = 120_000;

let directory: string;
let moduleDirectory: string;
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'servers-'));
  moduleDirectory = join(directory, 'module');
  env = { PATH: process.env['PATH'], HOME: directory, XDG_CACHE_HOME: join(directory, 'cache'), ...goCache };
  await source('go.mod', 'module example.test/servers\n\ngo 1.21\n\nrequire example.test/pinned v1.2.3\n');
  await source('cmd/one/main.go', 'package main\n\nfunc main() { println("one") }\n');
  await source('cmd/two/main.go', 'package main\n\nfunc main() { println("two") }\n');
});
afterEach(async () => await rm(directory, { recursive: true }));

function caches(): Record<string, string> | undefined {
  try {
    return JSON.parse(execFileSync('go', ['env', '-json', 'GOCACHE', 'GOMODCACHE'], { encoding: 'utf8' }));
  } catch {
    return undefined;
  }
}

async function source(path: string, content: string): Promise<void> {
  await mkdir(join(moduleDirectory, path, '..'), { recursive: true });
  await writeFile(join(moduleDirectory, path), content);
}

async function program(path: string, script: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}

class Steps implements Progress {
  readonly titles: string[] = [];
  step(title: string) {
    this.titles.push(title);
    return { update: () => undefined, done: () => undefined, fail: () => undefined };
  }
}

function options(progress: Progress = new Steps()): EnsureServersOptions {
  const one = { package: './cmd/one', module: 'example.test/pinned' };
  const two = { package: './cmd/two', module: 'example.test/other' };
  return { env, progress, moduleDirectory, packages: { rekor: one, fulcio: two, cosign: one } };
}

async function output(path: string | undefined): Promise<string> {
  return (await runProgram({ file: path ?? '', args: [], timeoutMs: 10_000 })).stderr;
}

withGo(`ensureServers, building${skipped}`, () => {
  it(
    'builds what is missing, once, and needs no Go afterwards',
    async () => {
      const [first, second] = [new Steps(), new Steps()];
      const built = await ensureServers(['rekor', 'fulcio', 'rekor'], options(first));
      expect(await output(built.get('rekor'))).toBe('one\n');
      expect(await output(built.get('fulcio'))).toBe('two\n');
      expect(first.titles).toEqual(['download Go modules', 'build rekor v1.2.3', 'build fulcio']);
      env = { ...env, PATH: '/nowhere' };
      expect(await ensureServers(['rekor', 'fulcio'], options(second))).toEqual(built);
      expect(second.titles).toEqual([]);
    },
    slow,
  );

  it(
    'builds in a clean environment, whatever the flags and settings of the user',
    async () => {
      await writeFile(join(directory, 'goenv'), 'GOFLAGS=-mod=vendor\nGOOS=plan9\n');
      env = { ...env, GOENV: join(directory, 'goenv'), GOFLAGS: '-mod=vendor', GOOS: 'plan9', GOWORK: '/no/work' };
      expect(await output((await ensureServers(['rekor'], options())).get('rekor'))).toBe('one\n');
    },
    slow,
  );

  it(
    'builds once for two that ask at the same time',
    async () => {
      const steps = new Steps();
      const asked = [1, 2].map(async () => await ensureServers(['rekor', 'fulcio'], options(steps)));
      const [first, second] = await Promise.all(asked);
      expect(second).toEqual(first);
      expect(steps.titles.filter((title) => title.startsWith('build'))).toHaveLength(2);
      expect(steps.titles.filter((title) => title.startsWith('wait'))).toHaveLength(1);
    },
    slow,
  );

  it(
    'refuses code that does not compile, and leaves nothing half-written',
    async () => {
      await source('cmd/two/main.go', 'package main\n\nfunc main() { undefinedFunction() }\n');
      const failing = ensureServers(['fulcio'], options());
      await expect(failing).rejects.toThrowToolkit('LOCAL_BUILD_FAILED', { server: 'fulcio', exitCode: 1 });
      await expect(failing).rejects.toThrow('undefined: undefinedFunction');
      expect(await readdir(await cacheDirectory(moduleDirectory, env))).toEqual(['.lock']);
    },
    slow,
  );

  it(
    'ends with its signal, and leaves nothing half-written',
    async () => {
      const go = await findProgram('go', env['PATH'] ?? '');
      const halfWritten = 'while [ "$1" != -o ]; do shift; done; echo half > "$2"; exec sleep 60';
      await program(join(directory, 'bin', 'go'), `[ "$1" = build ] || exec ${go} "$@"\n${halfWritten}`);
      env = { ...env, PATH: `${join(directory, 'bin')}:/usr/bin:/bin` };
      const stop = new AbortController();
      const building = ensureServers(['rekor', 'fulcio'], { ...options(), signal: stop.signal });
      const cache = await cacheDirectory(moduleDirectory, env);
      const written = async () => (await readdir(cache, { recursive: true })).some((name) => name.endsWith('/rekor'));
      await waitFor(async () => (await pathExists(cache)) && (await written()), { what: 'a build', timeoutMs: 10_000 });
      stop.abort(new Error('interrupted'));
      await expect(building).rejects.toThrow('interrupted');
      expect(await readdir(cache)).toEqual(['.lock']);
    },
    slow,
  );

  it(
    'removes what a killed build left',
    async () => {
      const cache = await cacheDirectory(moduleDirectory, env);
      await mkdir(join(cache, '.staging-killed'), { recursive: true });
      await ensureServers(['rekor'], options());
      expect((await readdir(cache)).sort()).toEqual(['.lock', 'rekor']);
    },
    slow,
  );

  it(
    'refuses a module that is not the one that was pinned, as evidence',
    async () => {
      await source('go.sum', 'example.test/pinned v1.2.3/go.mod h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n');
      await source('cmd/one/main.go', 'package main\n\nimport _ "example.test/pinned"\n\nfunc main() {}\n');
      const proxy = join(directory, 'proxy/example.test/pinned/@v');
      await mkdir(proxy, { recursive: true });
      await writeFile(join(proxy, 'v1.2.3.info'), '{"Version":"v1.2.3"}');
      await writeFile(join(proxy, 'v1.2.3.mod'), 'module example.test/pinned\n');
      env = { ...env, GOPROXY: `file://${directory}/proxy`, GOMODCACHE: join(directory, 'modcache') };
      const refused = ensureServers(['rekor'], options());
      await expect(refused).rejects.toThrowToolkit('LOCAL_MODULE_CHECKSUM', { server: 'rekor' });
      await expect(refused).rejects.toHaveProperty('fault', 'evidence');
    },
    slow,
  );

  it('refuses a server that has no package', async () => {
    await expect(ensureServers(['tesseract'], options())).rejects.toThrowToolkit('LOCAL_SERVER_UNKNOWN');
  });

  it(
    'says what to check when modules cannot be downloaded',
    async () => {
      const sums = ['', '/go.mod'].map((part) => `example.test/pinned v1.2.3${part} h1:${'A'.repeat(43)}=\n`);
      await source('go.sum', sums.join(''));
      await source('cmd/one/main.go', 'package main\n\nimport _ "example.test/pinned"\n\nfunc main() {}\n');
      env = { ...env, GOPROXY: 'http://127.0.0.1:1', GOMODCACHE: join(directory, 'modcache') };
      const refused = ensureServers(['rekor'], options());
      await expect(refused).rejects.toThrowToolkit('LOCAL_BUILD_FAILED');
      await expect(refused).rejects.toHaveProperty('hint', expect.stringContaining('HTTPS_PROXY'));
    },
    slow,
  );
});

describe('ensureServers', () => {
  it('refuses to build without Go', async () => {
    env = { ...env, PATH: directory };
    await expect(ensureServers(['rekor'], options())).rejects.toThrowToolkit('LOCAL_GO_MISSING');
  });

  it('takes ready-made binaries from SIGSTEAD_SERVERS', async () => {
    const ready = join(directory, 'ready');
    await program(join(ready, 'rekor'), 'exit 0');
    env = { ...env, SIGSTEAD_SERVERS: ready, PATH: '/nowhere' };
    expect([...(await ensureServers(['rekor'], options()))]).toEqual([['rekor', join(ready, 'rekor')]]);
  });

  it('refuses a SIGSTEAD_SERVERS that lacks a binary, and names it', async () => {
    const ready = join(directory, 'ready');
    await program(join(ready, 'rekor'), 'exit 0');
    await writeFile(join(ready, 'fulcio'), 'not executable');
    env = { ...env, SIGSTEAD_SERVERS: ready };
    const refused = ensureServers(['rekor', 'fulcio', 'tesseract'], options());
    await expect(refused).rejects.toThrowToolkit('LOCAL_SERVER_MISSING', { missing: ['fulcio', 'tesseract'] });
  });
});

describe('cacheDirectory', () => {
  it('is below XDG_CACHE_HOME, or below HOME where that is not absolute', async () => {
    expect(await cacheDirectory(moduleDirectory, { XDG_CACHE_HOME: '/x' })).toMatch(/^\/x\/sigstead\/servers\/\w{32}$/);
    expect(await cacheDirectory(moduleDirectory, { XDG_CACHE_HOME: 'x', HOME: '/h' })).toMatch(/^\/h\/\.cache\/sigst/);
  });

  it.each(['go.mod', 'go.sum', 'cmd/one/main.go', 'cmd/three/new.go'])('is another once %s changes', async (path) => {
    const before = await cacheDirectory(moduleDirectory, env);
    await source(path, 'changed');
    expect(await cacheDirectory(moduleDirectory, env)).not.toBe(before);
  });

  it('is the same when only a test changes', async () => {
    const before = await cacheDirectory(moduleDirectory, env);
    await source('cmd/one/main_test.go', 'changed');
    expect(await cacheDirectory(moduleDirectory, env)).toBe(before);
  });
});

describe('findCosign', () => {
  const says = (version: string) => `echo '{"gitVersion":"${version}"}'`;
  const ready = () => join(directory, 'ready', 'cosign');
  const installed = () => join(directory, 'bin', 'cosign');
  beforeEach(() => {
    env = { ...env, PATH: `${join(directory, 'bin')}:/usr/bin:/bin` };
  });

  it.each(['v3.1.0', 'v3.1.2', '3.10.0', 'v4.0.0'])('takes the one on PATH if it is %s', async (version) => {
    await program(installed(), says(version));
    expect(await findCosign(options())).toEqual({ path: installed(), version });
  });

  it.each(['v3.0.9', 'v2.9.9', 'v3.1.0-rc.1', 'devel', ''])(
    'does not take the one on PATH if it is %j',
    async (old) => {
      await program(installed(), says(old));
      env = { ...env, PATH: join(directory, 'bin') };
      await expect(findCosign(options())).rejects.toThrowToolkit('LOCAL_GO_MISSING');
    },
  );

  it('does not take a program on PATH that only has the name', async () => {
    await program(installed(), 'exit 1');
    env = { ...env, PATH: join(directory, 'bin') };
    await expect(findCosign(options())).rejects.toThrowToolkit('LOCAL_GO_MISSING');
  });

  it('prefers the one of SIGSTEAD_SERVERS', async () => {
    await program(installed(), says('v9.9.9'));
    await program(ready(), says('devel'));
    env = { ...env, SIGSTEAD_SERVERS: join(directory, 'ready') };
    expect(await findCosign(options())).toEqual({ path: ready(), version: 'devel' });
  });

  it('refuses one that does not tell its version', async () => {
    await program(ready(), 'echo cosign');
    env = { ...env, SIGSTEAD_SERVERS: join(directory, 'ready') };
    await expect(findCosign(options())).rejects.toThrowToolkit('LOCAL_COSIGN_UNUSABLE', { path: ready() });
  });

  it('refuses a SIGSTEAD_SERVERS without it, if none is on PATH', async () => {
    env = { ...env, SIGSTEAD_SERVERS: directory };
    await expect(findCosign(options())).rejects.toThrowToolkit('LOCAL_SERVER_MISSING', { missing: ['cosign'] });
  });
});
