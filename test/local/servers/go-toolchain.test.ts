import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findGo } from '../../../local/servers/go-toolchain.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'go-toolchain-'));
});
afterEach(async () => await rm(directory, { recursive: true }));

/** A program called go that answers `go version` as told, and `go env` with its own environment. */
async function goThatSays(version: string, settings = '{"GOPROXY":"from-file","GOFLAGS":"-x"}'): Promise<void> {
  const script = [
    '#!/bin/sh',
    `[ "$1" = version ] && printf '%s\\n' '${version}' && exit 0`,
    `[ "$1" = env ] && printf '%s\\n' '${settings}' && exit 0`,
    'exit 9',
  ].join('\n');
  await writeFile(join(directory, 'go'), script, { mode: 0o755 });
}

describe('findGo', () => {
  it.each([
    'go version go1.21 linux/amd64',
    'go version go1.21rc3 linux/amd64',
    'go version go1.26.8 darwin/arm64',
    'go version go1.26.8 X:nodwarf5 linux/amd64',
    'go version devel go1.27-4f1e2d9 Thu Nov 5 10:00:00 2026 +0000 linux/amd64',
    'go version go2.0 linux/arm64',
  ])('accepts %s', async (version) => {
    await goThatSays(version);
    expect((await findGo({ PATH: directory })).file).toBe(join(directory, 'go'));
  });

  it.each(['go version go1.20.14 linux/amd64', 'go version go1.2 linux/amd64'])('refuses %s', async (version) => {
    await goThatSays(version);
    await expect(findGo({ PATH: directory })).rejects.toThrowToolkit('LOCAL_GO_TOO_OLD', { version });
  });

  it.each(['', 'gccgo (GCC) 14', 'go version', 'go version go1.26.8', 'go version gotip linux/amd64'])(
    'refuses the answer %j',
    async (version) => {
      await goThatSays(version);
      await expect(findGo({ PATH: directory })).rejects.toThrowToolkit('LOCAL_GO_UNUSABLE');
    },
  );

  it('refuses a go that fails', async () => {
    await writeFile(join(directory, 'go'), '#!/bin/sh\necho broken >&2; exit 2\n', { mode: 0o755 });
    await expect(findGo({ PATH: directory })).rejects.toThrowToolkit('LOCAL_GO_UNUSABLE');
  });

  it('refuses a PATH without go, and says what to install', async () => {
    await expect(findGo({ PATH: directory })).rejects.toThrowToolkit('LOCAL_GO_MISSING');
    const error = await findGo({ PATH: directory }).catch((thrown: unknown) => thrown);
    expect(error).toHaveProperty('hint', expect.stringContaining('go.dev/doc/install'));
  });

  it('keeps proxies and caches, and leaves everything else behind', async () => {
    await goThatSays('go version go1.26.8 linux/amd64');
    const kept = { PATH: directory, HOME: '/h', HTTPS_PROXY: 'p', no_proxy: 'n', SSL_CERT_FILE: 'c' };
    const junk = { GOFLAGS: '-mod=vendor', GOOS: 'plan9', GOTOOLCHAIN: 'local', CC: 'x', AWS_SECRET_ACCESS_KEY: 's' };
    expect((await findGo({ ...kept, ...junk })).env).toEqual({
      ...kept,
      GOPROXY: 'from-file',
      GOENV: 'off',
      GOFLAGS: '',
      GOWORK: 'off',
      GOTOOLCHAIN: 'auto',
      CGO_ENABLED: '0',
    });
  });
});
