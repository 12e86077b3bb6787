import { appendFile, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { bundleFunctions } from '../../../operate/functions/bundle.ts';
import { utf8 } from '../../../src/core/bytes.ts';

const directory = await mkdtemp(join(tmpdir(), 'sigstead-bundle-'));
afterAll(() => rm(directory, { recursive: true }));
const prober = join(directory, 'prober');
const code = join(prober, 'index.mjs');

describe('bundleFunctions, a second time', () => {
  it('keeps bundles whose sources are the same, and packs only what it is given', async () => {
    await bundleFunctions(directory, { pinnedRoot: utf8('{}') });
    const first = await stat(code);
    expect(await readdir(prober)).toHaveLength(2);
    await bundleFunctions(directory);
    expect((await stat(code)).mtimeMs).toBe(first.mtimeMs);
    expect(await readdir(prober)).toEqual(['index.mjs']);
  }, 60_000);

  it('refuses bundles that somebody changed: it makes them anew', async () => {
    const before = await readFile(code, 'utf8');
    await appendFile(code, '// changed\n');
    await bundleFunctions(directory);
    expect(await readFile(code, 'utf8')).toBe(before);
  }, 60_000);
});
