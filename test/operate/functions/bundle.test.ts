import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { bundleFunctions } from '../../../operate/functions/bundle.ts';
import { utf8 } from '../../../src/core/bytes.ts';
import { sha256Hex } from '../../../src/core/digest.ts';
import { runProgram } from '../../../src/process/run-program.ts';
import { temporaryDirectory } from '../../support/instance.ts';

const names = ['shard-database', 'resign-online', 'prober', 'monitor'] as const;

/** Loads a bundle with nothing beside it, as Lambda does. */
async function exportsOf(directory: string): Promise<string> {
  const script = `import(${JSON.stringify(join(directory, 'index.mjs'))}).then((m) => console.log(Object.keys(m).join()))`;
  const args = ['--input-type=module', '--eval', script];
  const { stdout, stderr } = await runProgram({ file: process.execPath, args, cwd: directory, timeoutMs: 20_000 });
  return stdout.trim() + stderr;
}

describe('bundleFunctions', () => {
  it('makes the same bytes in every directory, which load alone and export a handler', async () => {
    await using one = await temporaryDirectory();
    await using other = await temporaryDirectory();
    const contents = { pinnedRoot: utf8('{"root":1}'), policy: utf8('holders: []\n'), databaseCa: utf8('PEM') };
    const [first, second] = [await bundleFunctions(one.path, contents), await bundleFunctions(other.path, contents)];
    expect([...first.keys()].toSorted()).toEqual([...names].toSorted());
    for (const name of names) {
      const digests = [first, second].map(async (made) => {
        const directory = made.get(name) ?? '';
        const files = (await readdir(directory)).toSorted();
        return await Promise.all(files.map(async (file) => [file, sha256Hex(await readFile(join(directory, file)))]));
      });
      expect(await digests[0]).toEqual(await digests[1]);
      expect(await exportsOf(first.get(name) ?? '')).toBe('handler');
    }
    expect(await readdir(first.get('resign-online') ?? '')).toEqual(
      expect.arrayContaining(['index.mjs', 'root.json', 'policy.yaml']),
    );
    expect((await readdir(first.get('shard-database') ?? '')).toSorted()).toEqual(['database-ca.pem', 'index.mjs']);
  }, 60_000);

  it('leaves nothing of an earlier bundle, no path of this machine, and no code that a function has no use for', async () => {
    await using directory = await temporaryDirectory();
    await bundleFunctions(directory.path, { pinnedRoot: utf8('{}') });
    const made = await bundleFunctions(directory.path);
    for (const name of names) {
      expect(await readdir(made.get(name) ?? '')).toEqual(['index.mjs']);
      const code = await readFile(join(made.get(name) ?? '', 'index.mjs'), 'utf8');
      expect(code).not.toContain(directory.path);
      expect(code).not.toContain(process.cwd());
      expect(code).not.toContain('koffi');
    }
  }, 60_000);

  it('refuses where esbuild cannot write a bundle, and says why', async () => {
    await using directory = await temporaryDirectory();
    // The directories of the functions fit into a path, and the files in them do not.
    const longest = 4_095 - '/shard-database/'.length - directory.path.length;
    const deep = Array.from({ length: Math.ceil(longest / 200) }, () => 'd'.repeat(199)).join('/');
    const failed = expect(bundleFunctions(join(directory.path, deep.slice(0, longest)))).rejects;
    await failed.toMatchObject({ code: 'OPS_FUNCTION_BUNDLE', message: expect.stringContaining('Failed to write') });
  }, 60_000);
});
