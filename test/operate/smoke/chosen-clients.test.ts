import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chosenClients } from '../../../operate/smoke/chosen-clients.ts';
import type { Environment, Invocation } from '../../../src/cli/command.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { unfollowed } from '../../../src/core/moment.ts';
import { silentProgress } from '../../../src/core/progress.ts';
import { scriptedAsk } from '../../support/invocation.ts';

let home: string;
let warned: string[];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
  warned = [];
});
afterEach(async () => await rm(home, { recursive: true, force: true }));

/** An invocation on a machine with neither Go nor anything else on PATH. */
function invocation(environment: Environment = {}): Invocation {
  return {
    options: { flag: () => false, text: () => undefined, texts: () => [] },
    positionals: [],
    environment: { HOME: home, XDG_CACHE_HOME: join(home, 'cache'), PATH: home, ...environment },
    talk: { isTerminal: false, say: () => undefined, warn: (line) => void warned.push(line) },
    version: '0.0.0',
    ask: scriptedAsk([]),
    progress: silentProgress,
    signal: new AbortController().signal,
    clock: systemClock,
    reached: unfollowed,
    emit: async () => undefined,
  };
}

async function program(name: string, line: string): Promise<string> {
  const file = join(home, name);
  await writeFile(file, `#!/bin/sh\n${line}\n`);
  await chmod(file, 0o755);
  return file;
}

describe('chosenClients', () => {
  it('looks for no client that was not asked for', async () => {
    const python = await program('python', `: > '${home}/asked'`);
    const around = invocation({ SIGSTEAD_SIGSTORE_PYTHON: python, SIGSTEAD_SERVERS: '/nowhere' });
    expect((await chosenClients(['sigstore-js'], around)).map(({ name }) => name)).toEqual(['sigstore-js']);
    await expect(rm(join(home, 'asked'))).rejects.toThrow('ENOENT');
  });

  it('takes what there is, and says what is left out and how to get it', async () => {
    await program('cosign', `echo '{"gitVersion":"v3.1.2"}'`);
    const found = await chosenClients(undefined, invocation());
    expect(found.map(({ name }) => name)).toEqual(['cosign', 'sigstore-js']);
    expect(warned).toEqual([expect.stringMatching(/^sigstore-python: not found, and is left out; .*pip install/)]);
  });

  it.each([
    ['cosign', /^cosign .* built with Go/],
    ['sigstore-python', /^sigstore-python .*\$SIGSTEAD_SIGSTORE_PYTHON$/],
  ] as const)('refuses to go on without %s that was asked for, and says how to get it', async (client, words) => {
    const missing = chosenClients([client], invocation());
    await expect(missing).rejects.toThrowToolkit('OPS_CLIENT_MISSING', { client });
    await expect(missing).rejects.toThrow(expect.objectContaining({ hint: expect.stringMatching(words) }));
    expect(warned).toEqual([]);
  });
});
