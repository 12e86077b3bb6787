import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { openEvent } from '../../ceremony/event/event.ts';
import { addMs, formatInstant } from '../../src/core/clock.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { judgeRepository } from '../../src/tuf/judge.ts';
import { metadataPath, timestampPath } from '../../src/tuf/layout.ts';
import { parseMetadata } from '../../src/tuf/metadata.ts';
import { verifyRepository } from '../../src/tuf/repository.ts';
import { CeremonyBench } from '../support/ceremony-bench.ts';
import { eventCases, runCase } from '../support/ceremony-events.ts';
import { forge, inDays, MemoryStore, now, readerOf } from '../support/root-of-trust.ts';

/** Targets v1, whose note is bad; v2 has a better one, and then the keys of targets are rotated. */
const bench = await CeremonyBench.published();
const before = new Map(bench.store.files);
const genesis = await bench.copy();
const scratch = await mkdtemp(join(tmpdir(), 'sigstead-revocation-'));
afterAll(async () => {
  await rm(scratch, { recursive: true });
  await genesis[Symbol.asyncDispose]();
  await bench[Symbol.asyncDispose]();
});
const pinnedRoot = await bench.pinnedRoot();
await bench.target('note.txt', 'second\n');
await bench.run('update', eventCases.updateTargets.intent);
const updated = new Map(bench.store.files);
const { plan } = await rotateTargetsKeys();
const rotated = new Map(bench.store.files);

async function rotateTargetsKeys() {
  await runCase(bench, eventCases.rotateTargetsKeys);
  return await openEvent(bench.layout.event('event'));
}

type Files = ReadonlyMap<string, Uint8Array>;
const fileIn = (files: Files, path: string): Uint8Array => files.get(path) as Uint8Array;

/** What somebody with the online key alone can serve: targets that were signed once, under any version and any date. */
async function replayed(files: Files, targetsVersion: number, version: number, at: Date = now): Promise<Files> {
  const store = new Map(files);
  const expires = formatInstant(addMs(at, 86_400_000));
  const meta = { 'targets.json': { version: targetsVersion } };
  const snapshot = await forge(fileIn(before, '1.snapshot.json'), 'snapshot', { version, expires, meta }, [
    bench.online,
  ]);
  const claim = { version, length: snapshot.length, hashes: { sha256: sha256Hex(snapshot) } };
  const change = { version, expires, meta: { 'snapshot.json': claim } };
  store.set(metadataPath('snapshot', version), snapshot);
  store.set(timestampPath, await forge(fileIn(before, timestampPath), 'timestamp', change, [bench.online]));
  return store;
}

function withheld(files: Files, path: string): Files {
  return new Map([...files].filter(([name]) => name !== path));
}

async function refresh(files: Files, options: { readonly at?: Date; readonly memory?: string } = {}) {
  const { at = now, memory } = options;
  const client = { read: readerOf(new MemoryStore(files)), pinnedRoot, now: at };
  return await judgeRepository({ ...client, targets: ['note.txt'], ...(memory !== undefined && { memory }) });
}

async function noteSeen(files: Files, options: { readonly at?: Date; readonly memory?: string } = {}) {
  const { targetFiles } = await refresh(files, options);
  return new TextDecoder().decode(targetFiles.get('note.txt')).trim();
}

/** What a tuf-js client remembers that saw these, one after the other. */
async function memoryOf(name: string, ...seen: readonly Files[]): Promise<string> {
  const memory = join(scratch, name);
  for (const files of seen) await refresh(files, { memory });
  return memory;
}

describe('the rotation of targets keys, against somebody who has the online key', () => {
  it('is needed: without it a new client accepts targets that were replaced', async () => {
    expect(await noteSeen(updated)).toBe('second');
    expect(await noteSeen(await replayed(updated, 1, 9))).toBe('first');
  });

  it('makes every client that sees the new root refuse them', async () => {
    const replay = await replayed(rotated, 1, 9);
    const read = readerOf(new MemoryStore(replay));
    await expect(verifyRepository({ read, pinnedRoot, now })).rejects.toThrowToolkit('TUF_THRESHOLD', {
      role: 'targets',
    });
    // Two of the five who signed then still have their keys; the rule replay-ended wants fewer than three.
    await expect(refresh(replay)).rejects.toThrow(/targets was signed by 2\/3 keys/);
    const memory = await memoryOf('saw-the-new-root', updated, rotated);
    expect(await noteSeen(rotated, { memory })).toBe('second');
    await expect(refresh(replay, { memory })).rejects.toThrowToolkit('TUF_JUDGE_REFUSED');
  });

  it('does not help a client that remembers the new root, if that is kept from it afterwards: it needs no help', async () => {
    const memory = await memoryOf('kept-from-it-later', updated, rotated);
    await expect(refresh(withheld(await replayed(rotated, 1, 9), '2.root.json'), { memory })).rejects.toThrowToolkit(
      'TUF_JUDGE_REFUSED',
    );
  });

  it('leaves a client that is kept from the new root exposed until exactly the instant that the plan says', async () => {
    const oldRoot = parseMetadata(fileIn(before, '1.root.json'), 'root');
    const oldTargets = parseMetadata(fileIn(before, '1.targets.json'), 'targets');
    // The plan builds on targets v2, which were signed at the same time as v1.
    expect(plan.exposedUntil).toEqual(oldRoot.expires < oldTargets.expires ? oldRoot.expires : oldTargets.expires);
    const until = plan.exposedUntil as Date;
    const lastSecond = addMs(until, -1_000);
    for (const [targets, note] of [
      [1, 'first'],
      [2, 'second'],
    ] as const) {
      const attack = async (at: Date) => withheld(await replayed(rotated, targets, 9, at), '2.root.json');
      expect(await noteSeen(await attack(lastSecond), { at: lastSecond })).toBe(note);
      await expect(refresh(await attack(until), { at: until })).rejects.toThrow(/targets.json is expired/);
      const memory = await memoryOf(`withheld-${targets}`, before);
      expect(await noteSeen(await attack(lastSecond), { at: lastSecond, memory })).toBe(note);
      await expect(refresh(await attack(until), { at: until, memory })).rejects.toThrowToolkit('TUF_JUDGE_REFUSED');
    }
  });

  it('leaves it exposed until the old root expires, where that is first', async () => {
    await using short = await CeremonyBench.begin();
    await short.policy((await short.text(short.layout.policy)).replace('expiryDays: 180', 'expiryDays: 61'));
    await short.run('genesis', 'kind: genesis\nreason: begin\n');
    const old = new Map(short.store.files);
    await short.target('note.txt', 'second\n');
    await eventCases.rotateTargetsKeys.prepare(short);
    const event = await short.plan('event', `${eventCases.rotateTargetsKeys.intent}targets: true\n`);
    const until = event.plan.exposedUntil as Date;
    expect(until).toEqual(inDays(61));
    const root = fileIn(old, '1.root.json');
    const refreshShort = async (at: Date) => {
      const files = await replayed(old, 1, 9, at);
      const client = { read: readerOf(new MemoryStore(files)), pinnedRoot: root, now: at };
      return await judgeRepository({ ...client, targets: ['note.txt'] });
    };
    expect((await refreshShort(addMs(until, -1_000))).versions).toMatchObject({ root: 1, targets: 1 });
    await expect(refreshShort(until)).rejects.toThrow(/root.json is expired/);
  });
});

describe('recover-fast-forward', () => {
  /** What the thief of the online key signed: absurd versions. */
  const victims = {
    timestamp: async (files: Files) => await withTimestamp(files, 1_000),
    snapshot: async (files: Files) => await replayed(files, 1, 1_000),
    'targets, in the snapshot': async (files: Files) => await replayed(files, 1_000, 1_000),
  };

  async function withTimestamp(files: Files, version: number): Promise<Files> {
    return new Map(files).set(
      timestampPath,
      await forge(fileIn(files, timestampPath), 'timestamp', { version }, [bench.online]),
    );
  }

  it.each(Object.entries(victims))('accepts a client again that saw version 1000 of %s', async (name, attack) => {
    await using own = await genesis.copy();
    const root = await own.pinnedRoot();
    const attacked = await attack(own.store.files);
    const client = { pinnedRoot: root, now, targets: [] };
    const memory = join(scratch, `victim of ${name}`);
    const look = async (files: Files, of: string) =>
      await judgeRepository({ ...client, read: readerOf(new MemoryStore(files)), memory: of });
    await look(own.store.files, memory);
    // It stores what it got before it finds that there are no such targets.
    await look(attacked, memory).catch(() => undefined);
    await expect(look(own.store.files, memory)).rejects.toThrowToolkit('TUF_JUDGE_REFUSED');
    await using added = await own.copy();
    await runCase(added, eventCases.renew);
    const stuck = `${memory}, still stuck`;
    await cp(memory, stuck, { recursive: true });
    await expect(look(added.store.files, stuck)).rejects.toThrow(/less than|is less/);
    await runCase(own, eventCases.recoverFastForward);
    const { versions } = await look(own.store.files, memory);
    expect(versions).toEqual({ root: 2, targets: 1, snapshot: 2, timestamp: 2 });
  });

  it('accepts it too where the absurd versions are in the store, and counts from ours', async () => {
    for (const attack of [victims.timestamp, victims.snapshot]) {
      await using own = await genesis.copy();
      const attacked = await attack(own.store.files);
      const root = await own.pinnedRoot();
      const previous = await verifyRepository({ read: readerOf(new MemoryStore(attacked)), pinnedRoot: root, now });
      own.store = new MemoryStore(attacked);
      const { repository } = await runCase(own, eventCases.recoverFastForward);
      expect(repository.versions).toEqual({ root: 2, targets: 1, snapshot: 2, timestamp: 2 });
      const read = readerOf(own.store);
      expect((await verifyRepository({ read, pinnedRoot: root, now, previous })).versions.timestamp).toBe(2);
    }
  });

  it('accepts a store whose timestamp leads to targets that nobody signed: its own last one is what it goes on from', async () => {
    await using own = await genesis.copy();
    own.store = new MemoryStore(await victims['targets, in the snapshot'](own.store.files));
    const { repository } = await runCase(own, eventCases.recoverFastForward);
    expect(repository.versions).toEqual({ root: 2, targets: 1, snapshot: 2, timestamp: 2 });
  });

  it('refuses to be done by adding a key, which would leave the victims stuck', async () => {
    await using own = await genesis.copy();
    await expect(own.plan('event', eventCases.recoverFastForward.intent)).rejects.toThrowToolkit('CER_NOTHING_TO_SIGN');
  });
});
