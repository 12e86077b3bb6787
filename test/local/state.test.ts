import { chmod, chown, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFacts, newInstanceId, readFacts, StateDirectory, type StateFacts } from '../../local/state.ts';
import { asRoot, rootSkipped, stranger } from '../support/stranger.ts';

let directory: string;
let state: StateDirectory;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
  state = new StateDirectory(join(directory, 'state'));
});
afterEach(async () => await rm(directory, { recursive: true, force: true }));

const facts: StateFacts = {
  id: newInstanceId(),
  instanceName: 'acme',
  domain: 'sigstore.acme.example',
  createdAt: new Date('2026-11-22T10:00:00Z'),
  ports: { 'edge/tuf': 20_000, 'fulcio/http': 65_535, 'rekor-log2026-1/grpc': 1 },
};

describe('readFacts', () => {
  it('returns nothing where none were made', async () => {
    expect(await readFacts(state)).toBeUndefined();
  });

  it('returns what createFacts wrote, in files that others cannot read', async () => {
    await createFacts(state, facts);
    expect(await readFacts(state)).toEqual(facts);
    const modes = [await stat(state.path), await stat(state.factsFile)].map(({ mode }) => mode & 0o777);
    expect(modes).toEqual([0o700, 0o600]);
    expect(await readdir(state.path)).toEqual(['state.json']);
  });

  it('refuses what a newer sigstead wrote, before it looks at the rest', async () => {
    await write({ version: 2, somethingElse: true });
    await expect(readFacts(state)).rejects.toThrowToolkit('LOCAL_STATE_NEWER', { version: 2, supported: 1 });
  });

  it.each([
    ['no version', { version: undefined }],
    ['an older version', { version: 0 }],
    ['a version that is no number', { version: '1' }],
    ['no id', { id: undefined }],
    ['an id that is none of ours', { id: 'a\u0000b' }],
    ['a name that is no text', { instanceName: 7 }],
    ['no domain', { domain: null }],
    ['no time', { createdAt: 0 }],
    ['no ports', { ports: undefined }],
    ['ports in a list', { ports: [20_000] }],
    ['the port 0', { ports: { a: 0 } }],
    ['the port 65536', { ports: { a: 65_536 } }],
    ['half a port', { ports: { a: 20_000.5 } }],
    ['a port as text', { ports: { a: '20000' } }],
  ])('refuses %s', async (_, change) => {
    await createFacts(state, facts);
    await write({ ...JSON.parse(await readFile(state.factsFile, 'utf8')), ...change });
    await expect(readFacts(state)).rejects.toThrowToolkit('LOCAL_STATE_INVALID', { file: state.factsFile });
  });

  it.each([
    [
      'a time in another form',
      '{"version":1,"id":"0123456789abcdef","instanceName":"a","domain":"a","createdAt":"yesterday","ports":{}}',
      'CORE_TIME',
    ],
    ['a file cut short', '{"version":1', 'CORE_JSON'],
    ['a file that is too long', ' '.repeat(65_537), 'CORE_TOO_LARGE'],
  ])('refuses %s', async (_, text, code) => {
    await createFacts(state, facts);
    await writeFile(state.factsFile, text);
    await expect(readFacts(state)).rejects.toThrowToolkit(code);
  });

  it('refuses a directory that others can write to, also before anything is in it', async () => {
    await createFacts(state, facts);
    await chmod(state.path, 0o777);
    await expect(readFacts(state)).rejects.toThrowToolkit('CORE_OWNER', { path: state.path, mode: '0777' });
    await rm(state.factsFile);
    await expect(readFacts(state)).rejects.toThrowToolkit('CORE_OWNER');
    await expect(createFacts(state, facts)).rejects.toThrowToolkit('CORE_OWNER');
  });

  async function write(document: unknown): Promise<void> {
    await createFacts(state, facts).catch(() => undefined);
    await writeFile(state.factsFile, JSON.stringify(document));
  }
});

asRoot(`readFacts, as root${rootSkipped}`, () => {
  it('refuses a directory of another user', async () => {
    await createFacts(state, facts);
    await chown(state.path, stranger, stranger);
    await expect(readFacts(state)).rejects.toThrowToolkit('CORE_OWNER', { path: state.path, uid: stranger });
  });
});

describe('createFacts', () => {
  it('refuses to decide twice', async () => {
    await createFacts(state, facts);
    await expect(createFacts(state, { ...facts, id: newInstanceId() })).rejects.toThrowToolkit('CORE_FILE_EXISTS');
    expect(await readFacts(state)).toEqual(facts);
  });
});

describe('StateDirectory', () => {
  it('keeps everything below itself, and each thing apart', () => {
    const files = [
      state.factsFile,
      state.lockFile,
      state.materialFile,
      state.pinnedRootFile,
      state.testSecretFile,
      state.runningFile,
    ];
    const directories = [
      state.keys,
      state.certificates,
      state.rootSigning,
      state.repository,
      state.identityProvider,
      state.run,
      state.logs,
      state.dataOf('a'),
      state.logOf('a'),
    ];
    const all = [...files, ...directories];
    for (const path of all) expect(path.startsWith(`${state.path}/`)).toBe(true);
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('newInstanceId', () => {
  it('is another one each time, of letters that fit everywhere', () => {
    const ids = Array.from({ length: 50 }, newInstanceId);
    expect(new Set(ids).size).toBe(50);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{16}$/);
  });
});
