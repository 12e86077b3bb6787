import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { KeyStore } from '../../local/key-store.ts';
import { rememberPublished } from '../../operate/published-memory.ts';
import { ensureRootOfTrust, readPublished, repositoryOptions, resignRemembered } from '../../operate/root-of-trust.ts';
import { readRootPolicy } from '../../src/config/root-policy.ts';
import { systemClock } from '../../src/core/clock.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { unfollowed } from '../../src/core/moment.ts';
import { silentProgress } from '../../src/core/progress.ts';
import { compileTrust } from '../../src/trust/compile.ts';
import type { TrustMaterial } from '../../src/trust/material.ts';
import { now } from '../src/trust/sample.ts';
import { type LocalState, localState } from '../support/local-state.ts';
import { minimalConfig } from '../support/minimal-config.ts';

const policy = await readRootPolicy((await minimalConfig()).rootPolicyFile);

/** Keys that are decrypted once: that takes as long as everything else here. */
class OpenKeys extends KeyStore {
  readonly #open = new Map<string, ReturnType<KeyStore['open']>>();

  override async open(name: string) {
    const key = this.#open.get(name) ?? super.open(name);
    this.#open.set(name, key);
    return await key;
  }
}

let published: LocalState;
let keys: KeyStore;
let local: LocalState;
let warnings: string[];
beforeAll(async () => {
  local = published = await localState();
  keys = new OpenKeys(local.state.keys);
  await ensure({});
});
beforeEach(async () => {
  local = await localState();
  warnings = [];
  await cp(published.state.path, local.state.path, { recursive: true, force: true });
});
afterEach(async () => await local[Symbol.asyncDispose]());
afterAll(async () => await published[Symbol.asyncDispose]());

/** A start whose material differs from the sample's. */
async function ensure(change: Partial<TrustMaterial>) {
  return await ensureRootOfTrust({
    policy,
    state: local.state,
    keys,
    trust: compileTrust({ ...local.material, ...change }, { now }),
    clock: systemClock,
    progress: silentProgress,
    reached: unfollowed,
    talk: { isTerminal: false, say: () => undefined, warn: (line) => void warnings.push(line) },
  });
}

describe('ensureRootOfTrust', () => {
  it('publishes other issuers and another selection, loudly, and the same ones only once', async () => {
    const validFor = { start: now };
    const oidc = [{ url: 'https://login.example.com', operator: 'oidc-1.sigstead.test', validFor }];
    const change = { oidc, selection: { timestamps: 'all' } } as const;
    const { repository } = await ensure(change);
    expect(repository.versions).toMatchObject({ root: 1, targets: 2 });
    const config = JSON.parse(Buffer.from(repository.targetFiles.get('signing_config.v0.2.json') ?? []).toString());
    expect(config).toMatchObject({ oidcUrls: [{ url: oidc[0]?.url }], tsaConfig: { selector: 'ALL' } });
    expect(warnings.filter((line) => line.startsWith('published trust: '))).toContain(
      'published trust: signers use all of the timestamp services that are offered, not any',
    );
    expect((await ensure(change)).repository.versions).toEqual(repository.versions);
    expect((await ensure({})).repository.versions).toMatchObject({ targets: 3 });
  });

  it('refuses other authorities and other places of them, and signs nothing', async () => {
    const moved = local.material.rekor.map((log) => ({ ...log, url: 'https://rekor.example.com' }));
    const renamed = local.material.ct.map((log) => ({ ...log, origin: 'ct.example.com' }));
    for (const change of [{ rekor: moved }, { ct: renamed }]) {
      await expect(ensure(change)).rejects.toThrowToolkit('OPS_TRUST_CHANGED');
    }
    expect((await readPublished(local.state)).versions).toMatchObject({ targets: 1 });
  });

  it('refuses to pin another root than the one that was pinned, or to pin one again', async () => {
    const { pinnedRootFile: path, repository } = local.state;
    const pinned = await readFile(path);
    await writeFile(path, `${pinned}\n`);
    await writeFile(join(repository, '1.root.json'), `${pinned}\n`);
    const expected = sha256Hex(pinned);
    await expect(ensure({})).rejects.toThrowToolkit('OPS_PINNED_ROOT', { expected, got: sha256Hex(`${pinned}\n`) });
    await rm(path);
    await expect(ensure({})).rejects.toThrowToolkit('OPS_PINNED_ROOT', { expected, got: null });
    await rm(repository, { recursive: true });
    await expect(ensure({})).rejects.toThrowToolkit('OPS_PINNED_ROOT');
    await writeFile(path, pinned);
    await expect(ensure({})).rejects.toThrowToolkit('OPS_REPOSITORY_LOST');
  });

  it('refuses an old copy of the repository, also where what was published is forgotten', async () => {
    const { repository, publishedMemoryFile } = local.state;
    const old = `${repository}-old`;
    await cp(repository, old, { recursive: true });
    const signing = await repositoryOptions(local.state, keys, systemClock.now());
    const resign = () => resignRemembered(local.state, { ...signing, force: true });
    await resign();
    await rm(repository, { recursive: true });
    await cp(old, repository, { recursive: true });
    const memory = await readFile(publishedMemoryFile, 'utf8');
    await expect(resign()).rejects.toThrowToolkit('OPS_ROLLED_BACK', { role: 'snapshot' });
    await expect(ensure({})).rejects.toThrowToolkit('OPS_ROLLED_BACK');
    expect(await readFile(publishedMemoryFile, 'utf8')).toBe(memory);
  });

  it('refuses to begin to remember what is not a first publication', async () => {
    const signing = await repositoryOptions(local.state, keys, systemClock.now());
    await resignRemembered(local.state, { ...signing, force: true });
    await rm(local.state.publishedMemoryFile);
    await expect(ensure({})).rejects.toThrowToolkit('OPS_MEMORY_LOST', { root: 1, timestamp: 2 });
  });

  it('goes on where a first start was killed before it remembered', async () => {
    await rm(local.state.publishedMemoryFile);
    expect((await ensure({})).repository.versions).toMatchObject({ root: 1, timestamp: 1 });
    expect(await readFile(local.state.publishedMemoryFile, 'utf8')).toContain('pinnedRootSha256');
  });

  it('goes on where a start was killed after it published a change, before it remembered that', async () => {
    const { publishedMemoryFile } = local.state;
    await rm(publishedMemoryFile);
    await ensure({});
    const memory = await readFile(publishedMemoryFile);
    await ensure({ selection: { timestamps: 'all' } });
    await writeFile(publishedMemoryFile, memory);
    expect((await ensure({ selection: { timestamps: 'all' } })).repository.versions).toMatchObject({ targets: 2 });
  });

  it('refuses a memory that has forgotten a role', async () => {
    const { publishedMemoryFile } = local.state;
    const { targets, ...rest } = JSON.parse(await readFile(publishedMemoryFile, 'utf8'));
    expect(targets).toBeDefined();
    await writeFile(publishedMemoryFile, JSON.stringify(rest));
    await expect(ensure({})).rejects.toThrowToolkit('OPS_MEMORY_LOST');
  });

  it('remembers neither an older version nor another policy than before', async () => {
    const { publishedMemoryFile } = local.state;
    const current = await readPublished(local.state);
    await resignRemembered(local.state, {
      ...(await repositoryOptions(local.state, keys, systemClock.now())),
      force: true,
    });
    const memory = await readFile(publishedMemoryFile, 'utf8');
    const other = join(local.state.path, 'other-policy.yaml');
    await writeFile(other, 'threshold: 1');
    await rememberPublished(local.state, other, current);
    expect(await readFile(publishedMemoryFile, 'utf8')).toBe(memory);
  });
});
