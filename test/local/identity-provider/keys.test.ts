import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadProviderKeys } from '../../../local/identity-provider/keys.ts';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'provider-keys-'));
  path = join(directory, 'identity-provider-keys.json');
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

describe('loadProviderKeys', () => {
  it('returns the same keys again, and refuses a file that others can read', async () => {
    const keys = await loadProviderKeys(directory);
    expect(keys.signing[0]?.kid).toMatch(/^[\w-]{43}$/);
    expect(await loadProviderKeys(directory)).toEqual(keys);
    await chmod(path, 0o640);
    await expect(loadProviderKeys(directory)).rejects.toThrowToolkit('CORE_SECRET_MODE');
  });

  it('refuses a file that holds something else', async () => {
    await loadProviderKeys(directory);
    const good = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    const bad = [
      { version: 2 },
      { signing: [] },
      { signing: [{ kty: 'RSA', alg: 'RS256', kid: 'a' }] },
      { cookies: [''] },
    ];
    for (const change of bad) {
      await writeFile(path, JSON.stringify({ ...good, ...change }), { mode: 0o600 });
      await expect(loadProviderKeys(directory)).rejects.toThrowToolkit('LOCAL_IDENTITY_KEYS', { path });
    }
    await writeFile(path, '{"version":1', { mode: 0o600 });
    await expect(loadProviderKeys(directory)).rejects.toThrowToolkit('CORE_JSON');
  });
});
