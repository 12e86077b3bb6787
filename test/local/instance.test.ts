import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  clearRunDirectory,
  localClientId,
  localServices,
  localUsers,
  serverEnvironment,
} from '../../local/instance.ts';
import { localState } from '../support/local-state.ts';
import { minimalConfig } from '../support/minimal-config.ts';

const config = await minimalConfig();

describe('serverEnvironment', () => {
  it('hands on how to reach the outside, and nothing else', () => {
    const environment = {
      PATH: '/bin',
      HOME: '/root',
      AWS_SECRET_ACCESS_KEY: 'secret',
      SIGSTORE_ID_TOKEN: 'secret',
      LD_PRELOAD: 'x',
      HTTPS_PROXY: 'http://proxy',
      no_proxy: '127.0.0.1',
      SSL_CERT_FILE: '',
      SSL_CERT_DIR: undefined,
    };
    expect(serverEnvironment(environment)).toEqual({ HTTPS_PROXY: 'http://proxy', no_proxy: '127.0.0.1' });
  });
});

describe('localUsers and localClientId', () => {
  it('exist because the configuration lists them', () => {
    expect(localUsers(config).map(({ email }) => email)).toEqual(['dev@example.com']);
    expect(localClientId(config)).toBe('sigstore');
    const without = { ...config, issuers: [{ preset: 'github-actions' }] } as const;
    expect([localUsers(without), localClientId(without)]).toEqual([[], 'sigstore']);
    const named = { ...config, issuers: [{ preset: 'local', users: [], clientId: 'acme' }] } as const;
    expect(localClientId(named)).toBe('acme');
  });
});

describe('localServices', () => {
  it('believe the provider of this instance', async () => {
    await using local = await localState();
    const fulcio = localServices(config, local.material, local.facts).find(({ role }) => role === 'fulcio');
    const issuers = fulcio?.files.find(({ name }) => name === 'issuers.json')?.content;
    expect(issuers).toContain(`http://127.0.0.1:${local.facts.ports['edge/oidc']}`);
  });
});

describe('clearRunDirectory', () => {
  it('empties it, and makes it one that only we can enter', async () => {
    await using local = await localState();
    await writeFile(join(local.state.run, 'left'), 'x');
    await clearRunDirectory(local.state);
    expect(await readdir(local.state.run)).toEqual([]);
    expect((await stat(local.state.run)).mode & 0o777).toBe(0o700);
  });
});
