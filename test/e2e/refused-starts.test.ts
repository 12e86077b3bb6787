import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { StateDirectory } from '../../local/state.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { pathExists } from '../../src/core/files.ts';
import { projectDirectory, sigsteadJson, temporaryDirectory } from '../support/instance.ts';
import { expectRefusal } from '../support/refusals.ts';

const config = 'minimal.yaml';
const policy = 'root-signing/policy.yaml';

/** Changes of the smallest example: the file, what is taken out, and what stands there instead. */
type Edit = readonly [file: typeof config | typeof policy, from: string, to: string];

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let configuration: string;
beforeAll(async () => {
  directory = await temporaryDirectory();
  configuration = join(directory.path, 'configuration');
});
afterAll(async () => await directory[Symbol.asyncDispose]());

/** Writes the example with an edit, and returns its file. */
async function edited(edit?: Edit): Promise<string> {
  await cp(join(projectDirectory, 'examples'), configuration, { recursive: true });
  if (edit) {
    const [file, from, to] = edit;
    const text = await readFile(join(configuration, file), 'utf8');
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
    await writeFile(join(configuration, file), text.replace(from, to));
  }
  return join(configuration, config);
}

describe('up with a new state directory', () => {
  const shards = '{ shard: log2026-1, key: file }, { shard: log2026-2, key: file, origin: log2026-1.sigstead.test }';

  it.each<[string, Edit, string, string]>([
    ['a threshold above the holders', [policy, 'threshold: 3', 'threshold: 9'], 'CFG_POLICY_INVALID', 'root.threshold'],
    ['a policy that is not there', [config, `root: ${policy}`, 'root: none.yaml'], 'CFG_MISSING', 'none.yaml'],
    ['an unknown key', [config, 'fulcio:', 'fulcios:'], 'CFG_INVALID', 'fulcios'],
    ['a key that stands twice', [config, 'fulcio:', 'logs: {}\nfulcio:'], 'CFG_INVALID', 'duplicate key'],
    ['two shards with one origin', [config, '{ shard: log2026-1, key: file }', shards], 'CFG_INVALID', 'origin'],
    [
      'an issuer without https',
      [
        config,
        '- preset: local',
        '- { preset: custom, type: email, url: "http://idp.example.com" }\n  - preset: local',
      ],
      'CFG_INVALID',
      'issuers[0].url',
    ],
    ['a key in an HSM', [config, '{ key: file }', "{ key: 'pkcs11:object=a' }"], 'LOCAL_KEY_SOURCE', 'fulcio.key'],
  ])('refuses %s, and makes nothing', async (_, edit, code, name) => {
    const [file] = edit;
    const state = join(directory.path, 'new');
    const refused = await sigsteadJson(['up', '--once', '--state', state, '--config', await edited(edit)]);
    // Of a file that is not there, the message has the name.
    const names = code === 'CFG_MISSING' ? [name] : [join(configuration, file), name];
    expectRefusal(refused, { exitCode: 3, code, names });
    expect(await pathExists(state)).toBe(false);
  });
});

describe('up with the state directory of an instance', () => {
  let state: StateDirectory;
  const run = (verb: string, ...args: readonly string[]) => sigsteadJson([verb, '--state', state.path, ...args]);

  beforeAll(async () => {
    state = new StateDirectory(join(directory.path, 'state'));
    expect(await run('up', '--once', '--config', await edited())).toMatchObject({ exitCode: 0 });
  }, 120_000);

  it.each<[string, Edit, readonly string[]]>([
    [
      'an operator',
      [config, '{ key: file }', '{ key: file, operator: ca.example.com }'],
      ['fulcio.operator', 'ca.exam'],
    ],
    [
      'a key source',
      [config, 'ct2026-1, key: file', 'ct2026-1, key: awskms'],
      ['logs.ct[0].key', '"file"', '"awskms"'],
    ],
    [
      'an origin',
      [config, 'log2026-1, key: file', 'log2026-1, key: file, origin: l.example'],
      ['logs.rekor[0].origin', '"log2026-1.sigstead.test"', '"l.example"'],
    ],
    [
      'a shard more',
      [config, '{ shard: log2026-1, key: file }', '{ shard: log2026-1, key: file }, { shard: log2026-2 }'],
      ['logs.rekor[1]', 'expected nothing', 'log2026-2'],
    ],
    ['a timestamp authority less', [config, '  - { name: tsa-2, key: file }\n', ''], ['timestamps[1]', 'got nothing']],
    [
      'a host',
      [config, 'tsa-1, key: file', 'tsa-1, key: file, host: t.example, operator: tsa-1.sigstead.test'],
      ['timestamps[0].host', '"t.example"'],
    ],
    ['a threshold', [policy, 'threshold: 3', 'threshold: 4'], ['root.threshold', 'expected 3', 'got 4']],
  ])('refuses %s, by file, line and key, and changes nothing', async (_, edit, names) => {
    const [file] = edit;
    const before = await contentOf(state);
    const refused = await run('up', '--once', '--config', await edited(edit));
    const places = [`${join(configuration, file)}:`, ...names];
    expectRefusal(refused, { exitCode: 3, code: 'LOCAL_CONFIG_CHANGED', names: places });
    expect(await contentOf(state)).toEqual(before);
  });

  it('refuses to pin another root, and none, than clients did', async () => {
    const pinned = await readFile(state.pinnedRootFile);
    const published = join(state.repository, '1.root.json');
    const expected = { exitCode: 4, code: 'OPS_PINNED_ROOT', names: [state.pinnedRootFile, sha256Hex(pinned)] };
    try {
      await rm(state.pinnedRootFile);
      expectRefusal(await run('up', '--once', '--config', await edited()), expected);
      expect(await pathExists(state.pinnedRootFile)).toBe(false);
      for (const path of [state.pinnedRootFile, published]) await writeFile(path, `${pinned}\n`);
      expectRefusal(await run('up', '--once'), expected);
    } finally {
      for (const path of [state.pinnedRootFile, published]) await writeFile(path, pinned);
    }
  });

  it('accepts another test user, who signs', async () => {
    const file = await edited([config, 'dev@example.com', 'ops@example.com']);
    expect(await run('up', '--once', '--config', file)).toMatchObject({
      exitCode: 0,
      document: { signatures: [{}, {}, {}] },
    });
    const { document } = await run('status');
    expect(JSON.stringify(document['warnings'])).toContain('ops@example.com');
  }, 60_000);

  it('shows and stops an instance whose configuration is gone, and starts none', async () => {
    await rm(configuration, { recursive: true });
    expect(await run('status')).toMatchObject({ exitCode: 5, document: { phase: 'down', instance: 'local' } });
    expect(await run('logs')).toMatchObject({ exitCode: 0 });
    expect(await run('down')).toMatchObject({ exitCode: 0 });
    expectRefusal(await run('up', '--once'), {
      exitCode: 3,
      code: 'CFG_MISSING',
      names: [join(configuration, config)],
    });
    expectRefusal(await run('up', '--once', '--config', await edited([config, 'fulcio:', 'fulcios:'])), {
      exitCode: 3,
      code: 'CFG_INVALID',
    });
    expect(await run('status')).toMatchObject({ exitCode: 5, document: { phase: 'down' } });
  });
});

/** Every file of a state directory with its digest, but for what the servers keep: the logs say if one was started. */
async function contentOf(state: StateDirectory): Promise<object> {
  const entries = await readdir(state.path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const ours = files.filter((path) => !path.startsWith(state.dataOf('')));
  const digests = ours.map(async (path) => [path, sha256Hex(await readFile(path))] as const);
  return Object.fromEntries(await Promise.all(digests));
}
