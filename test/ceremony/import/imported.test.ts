import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { planNewEvent } from '../../../ceremony/event/plan-event.ts';
import { importRepository } from '../../../ceremony/import/import-repository.ts';
import { readSource } from '../../../ceremony/import/imported.ts';
import { policyOf } from '../../../ceremony/import/policy-of.ts';
import { readTarball } from '../../../ceremony/import/tarball.ts';
import { renewRoot } from '../../../ceremony/renew.ts';
import { RootSigningLayout } from '../../../ceremony/root-signing/layout.ts';
import { openRootSigning } from '../../../ceremony/root-signing/open.ts';
import { parseIntent } from '../../../src/config/intent.ts';
import { parseRootPolicy } from '../../../src/config/root-policy.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { keyId, tufKey } from '../../../src/tuf/key.ts';
import { parseMetadata } from '../../../src/tuf/metadata.ts';
import { serveFiles } from '../../support/file-server.ts';
import {
  forge,
  holders,
  MemoryStore,
  now,
  onRepository,
  publishedRepository,
  seededSigner,
  signMetadata,
} from '../../support/root-of-trust.ts';
import { tarGz } from '../../support/tar-maker.ts';

const first = await publishedRepository();
await renewRoot({ ...onRepository(first), holders: holders(), force: ['root'] });
const quorum = [...holders('alice', 'bob', 'carol').values()];
const keyOf = (name: string) => keyId(tufKey(seededSigner(name).publicKey));

/** Made by go-tuf 0.7.0 and Go's archive/tar, with the calls of `pkg/repo` of sigstore/scaffolding. */
const scaffolding = join(import.meta.dirname, 'scaffolding.tar.gz');

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sigstead-import-'));
});
afterAll(async () => await rm(directory, { recursive: true, force: true }));

let store: MemoryStore;
let count = 0;
beforeEach(() => {
  store = new MemoryStore(first.store.files);
  count += 1;
});

async function written(prefix = ''): Promise<string> {
  const path = join(directory, `source-${count}`);
  for (const [name, bytes] of store.files) {
    const file = join(path, prefix, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
  return path;
}

async function archived(prefix: string): Promise<string> {
  const path = join(directory, `source-${count}.tar.gz`);
  await writeFile(path, tarGz([...store.files].map(([name, body]) => ({ path: `${prefix}${name}`, body }))));
  return path;
}

const rootOf = (version: number) => parseMetadata(store.files.get(`${version}.root.json`) as Uint8Array, 'root');

describe('readSource', () => {
  it('accepts a mirror by its URL', async () => {
    await using server = await serveFiles(store.files);
    const { kind, firstRoot, versions, rootFiles } = await readSource(server.url, { now });
    expect({ kind, firstRoot, versions }).toMatchObject({ kind: 'mirror', firstRoot: 1, versions: { root: 2 } });
    expect([...rootFiles.keys()]).toEqual([1, 2]);
  });

  it('accepts a mirror as a directory, and what scaffolding writes', async () => {
    expect((await readSource(await written(), { now })).kind).toBe('mirror');
    count += 1;
    expect((await readSource(await written('repository'), { now })).kind).toBe('scaffolding');
    expect((await readSource(await archived('repository/'), { now })).kind).toBe('scaffolding');
    expect((await readSource(await archived('any/'), { now })).kind).toBe('mirror');
  });

  it('accepts what tuf-on-ci publishes, whose metadata is in a directory of its own', async () => {
    const files = [...store.files].map(
      ([path, bytes]) => [path.startsWith('targets/') ? path : `metadata/${path}`, bytes] as const,
    );
    await using server = await serveFiles(new Map(files));
    expect(await readSource(server.url, { now })).toMatchObject({ kind: 'mirror', versions: { root: 2 } });
  });

  it('accepts a repository that begins with a later root, if it says which', async () => {
    store.files.delete('1.root.json');
    await expect(readSource(await written(), { now })).rejects.toThrowToolkit('CER_IMPORT_ROOTS');
    store.files.set('root.json', rootOf(2).bytes);
    expect(await readSource(await written(), { now }).catch(() => undefined)).toMatchObject({ firstRoot: 2 });
  });

  it('begins after a root that does not lead to the next, and says so', async () => {
    store.files.set('1.root.json', await forge(rootOf(1).bytes, 'root', { x: 'other' }, [seededSigner('mallory')]));
    const { firstRoot, notes } = await readSource(await written(), { now });
    expect(firstRoot).toBe(2);
    expect(notes[0]).toMatch(/^root v1 cannot be verified by strict clients, who start from v2 \(v1: root: expected 3/);
  });

  it('accepts what go-tuf 0.7 and sigstore/scaffolding write, whose files are named by SHA-512 alone', async () => {
    const source = await readSource(scaffolding, { now });
    expect(source).toMatchObject({ kind: 'scaffolding', versions: { root: 1, targets: 1, snapshot: 1, timestamp: 1 } });
    expect([...source.targetFiles.keys()].sort()).toEqual(['ctfe.pub', 'fulcio_v1.crt.pem', 'rekor.pub']);
    for (const { hashes, digest } of source.targets.targets.values()) expect([...hashes]).toEqual([['sha512', digest]]);
  });

  it('refuses a file with another SHA-512', async () => {
    const files = readTarball(await readFile(scaffolding), scaffolding);
    const changed = [...files].map(([path, body]) => ({
      path,
      body: path.endsWith('.rekor.pub') ? body.map((byte) => byte ^ 1) : body,
    }));
    const into = join(directory, 'changed');
    for (const { path, body } of changed) {
      await mkdir(dirname(join(into, path)), { recursive: true });
      await writeFile(join(into, path), body);
    }
    await expect(readSource(into, { now })).rejects.toThrowToolkit('TUF_HASH');
  });

  it('refuses a root in force that its own keys did not sign', async () => {
    store.files.set('3.root.json', await forge(rootOf(2).bytes, 'root', { version: 3 }, [seededSigner('mallory')]));
    await expect(readSource(await written(), { now })).rejects.toThrowToolkit('TUF_THRESHOLD', { role: 'root' });
  });

  it('refuses a target that was changed', async () => {
    const path = [...store.files.keys()].find((file) => file.startsWith('targets/')) ?? '';
    store.files.set(path, new Uint8Array(18));
    await expect(readSource(await written(), { now })).rejects.toThrowToolkit('TUF_HASH', { path });
  });

  it('refuses a repository of bare names', async () => {
    const root = await forge(rootOf(2).bytes, 'root', { version: 3, consistent_snapshot: false }, quorum);
    store.files.set('3.root.json', root);
    await expect(readSource(await written(), { now })).rejects.toThrowToolkit('CER_IMPORT_BARE_NAMES', { root: 3 });
  });

  it('refuses what is no repository, or is not there', async () => {
    store = new MemoryStore(new Map([['note.txt', new Uint8Array(1)]]));
    await expect(readSource(await written(), { now })).rejects.toThrowToolkit('CER_IMPORT_SOURCE');
    await expect(readSource(join(directory, 'none'), { now })).rejects.toThrowToolkit('CORE_FILE_MISSING');
  });
});

describe('importRepository', () => {
  /** As go-tuf makes it: a key for each role, nobody named, two online keys. */
  async function ofSingleKeys(): Promise<string> {
    const { signed } = rootOf(1);
    const names = ['root', 'targets', 'snapshot', 'timestamp'] as const;
    const keys = Object.fromEntries(names.map((name) => [keyOf(name), tufKey(seededSigner(name).publicKey)]));
    const roles = Object.fromEntries(names.map((name) => [name, { keyids: [keyOf(name)], threshold: 1 }]));
    const { 'x-sigstead-keyholders': _, ...rest } = signed;
    const root: JsonObject = { ...rest, keys, roles };
    const paths = ['1.root.json', '1.targets.json', '1.snapshot.json', 'timestamp.json'];
    const files = new Map([...first.store.files].filter(([path]) => path.startsWith('targets/')));
    for (const [index, role] of names.entries()) {
      const path = paths[index] ?? '';
      const of = role === 'root' ? root : parseMetadata(first.store.files.get(path) as Uint8Array, role).signed;
      const meta = role === 'timestamp' ? { meta: { 'snapshot.json': { version: 1 } } } : {};
      files.set(path, await signMetadata({ ...of, ...meta, version: 1 }, [seededSigner(role)]));
    }
    store = new MemoryStore(files);
    return await written('repository');
  }

  it('accepts a repository of single keys, whose online keys stay as they are', async () => {
    const layout = new RootSigningLayout(join(directory, `root-signing-${count}`));
    const { imported } = await importRepository({ layout, source: await ofSingleKeys(), name: 'test', now });
    expect(imported.notes).toEqual([
      'root: 1 of 1 keys sign, so one lost key is the end',
      'targets: 1 of 1 keys sign, so one lost key is the end',
    ]);
    const rootSigning = await openRootSigning(layout);
    expect(rootSigning.online).toBeUndefined();
    const intent = parseIntent('kind: renew\nreason: it ends soon\n', 'intent.yaml');
    const event = await planNewEvent({ rootSigning, intent, name: 'renew', now, rehearsal: false });
    expect(event.plan.payloads.map(({ role, version }) => [role, version])).toEqual([
      ['root', 2],
      ['targets', 2],
    ]);
    const next = JSON.parse(await readFile(join(event.layout.payloads, 'root.v2.json'), 'utf8')) as JsonObject;
    expect(next['roles']).toEqual(imported.root.signed['roles']);
  });

  it('plans a renewal of what scaffolding wrote, which lists every file as it was', async () => {
    const layout = new RootSigningLayout(join(directory, `root-signing-${count}`));
    await importRepository({ layout, source: scaffolding, name: 'test', now });
    const rootSigning = await openRootSigning(layout);
    const intent = parseIntent('kind: renew\nreason: it ends soon\n', 'intent.yaml');
    const { plan, payloads } = await planNewEvent({ rootSigning, intent, name: 'renew', now, rehearsal: false });
    expect(plan.payloads.map(({ role, version }) => [role, version])).toEqual([
      ['root', 2],
      ['targets', 2],
    ]);
    const before = rootSigning.recorded?.targets.signed['targets'];
    expect(JSON.parse(Buffer.from(payloads[1]?.canonical ?? []).toString())).toMatchObject({ targets: before });
  });

  it('refuses another file in the way, and goes on from what it wrote itself', async () => {
    const layout = new RootSigningLayout(join(directory, `root-signing-${count}`));
    const source = await ofSingleKeys();
    await importRepository({ layout, source, name: 'test', now });
    await rm(layout.identity);
    await importRepository({ layout, source, name: 'test', now });
    await rm(layout.identity);
    await writeFile(layout.policy, 'mine\n');
    const again = importRepository({ layout, source, name: 'test', now });
    await expect(again).rejects.toThrowToolkit('CORE_FILE_EXISTS', { path: layout.policy });
  });

  it('writes a policy of what is left where nobody says for how long', async () => {
    const source = await ofSingleKeys();
    const policy = (at: Date) => readSource(source, { now }).then((imported) => policyOf(imported, at));
    const parsed = parseRootPolicy(await policy(now), 'policy.yaml');
    expect(parsed.root).toMatchObject({
      holders: [`holder-${keyOf('root').slice(0, 8)}`],
      expiryDays: 180,
      resignDays: 60,
    });
    expect(parsed.targets.holders).toEqual([`holder-${keyOf('targets').slice(0, 8)}`]);
    expect(parsed.ceremony.tolerance).toBe(0);
    const late = parseRootPolicy(await policy(new Date('2040-01-01T00:00:00Z')), 'policy.yaml');
    expect(late.root).toMatchObject({ expiryDays: 2, resignDays: 1 });
  });
});
