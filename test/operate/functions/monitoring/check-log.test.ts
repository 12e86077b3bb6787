import { describe, expect, it } from '@jest/globals';
import { checkLog } from '../../../../operate/functions/monitoring/check-log.ts';
import type { KnownLog } from '../../../../operate/functions/runtime/known-logs.ts';
import { utf8 } from '../../../../src/core/bytes.ts';
import type { TileReader } from '../../../../src/tlog/tiles.ts';
import { entryBodies, type MemoryLog, rekorLog } from '../../../src/tlog/memory-log.ts';
import { MemoryStore } from '../../../support/root-of-trust.ts';

const origin = 'log2026-1.acme.example';
const service = 'rekor-log2026-1';
const entries = entryBodies(900);
const others = entries.map((entry, index) => (index === 5 ? utf8('{"another":true}') : entry));

function known({ verifier }: MemoryLog): KnownLog {
  return { service, kind: 'rekor', origin, url: 'https://log.example', verifier };
}

/** What the log serves at this size. */
function serving(log: MemoryLog, size: number): TileReader {
  const checkpoint = log.publish(size);
  return async (path) => (path === 'checkpoint' ? checkpoint : log.files.get(path));
}

function evidenceIn(memory: MemoryStore): readonly string[] {
  return [...memory.files.keys()].filter((path) => path.endsWith('.checkpoint'));
}

describe('checkLog', () => {
  it('accepts a log that grows, and keeps its last checkpoint', async () => {
    const [memory, log] = [new MemoryStore(), rekorLog(entries)];
    const look = async (size: number) => await checkLog({ log: known(log), read: serving(log, size), memory });
    expect(await look(0)).toEqual({ service, size: 0 });
    expect(await look(3)).toEqual({ service, size: 3, previousSize: 0 });
    expect(await look(3)).toEqual({ service, size: 3, previousSize: 3 });
    expect(await look(300)).toEqual({ service, size: 300, previousSize: 3 });
    expect(await look(900)).toEqual({ service, size: 900, previousSize: 300 });
    expect(memory.writes).toEqual([`${service}.json`, `${service}.json`, `${service}.json`, `${service}.json`]);
  });

  it.each([
    [300, 900],
    [300, 300],
    [6, 7],
  ])('refuses a fork from size %i to %i, keeps both checkpoints, and stays where it was', async (before, after) => {
    const memory = new MemoryStore();
    const [honest, forked] = [rekorLog(entries), rekorLog(others)];
    await checkLog({ log: known(honest), read: serving(honest, before), memory });
    const kept = memory.files.get(`${service}.json`);
    for (const _ of [1, 2]) {
      const look = checkLog({ log: known(honest), read: serving(forked, after), memory });
      await expect(look).rejects.toThrowToolkit('TLOG_INCONSISTENT');
    }
    expect(evidenceIn(memory)).toHaveLength(2);
    expect(memory.files.get(`${service}.json`)).toBe(kept);
  });

  it('refuses a log that went back, and keeps both checkpoints', async () => {
    const [memory, log] = [new MemoryStore(), rekorLog(entries)];
    await checkLog({ log: known(log), read: serving(log, 300), memory });
    const look = checkLog({ log: known(log), read: serving(log, 299), memory });
    await expect(look).rejects.toThrowToolkit('OPS_LOG_WENT_BACK', { kept: 300, got: 299 });
    expect(evidenceIn(memory)).toHaveLength(2);
  });

  it('refuses tiles that do not give the root, also at the first look', async () => {
    const [memory, log] = [new MemoryStore(), rekorLog(entries)];
    const read = serving(log, 300);
    const tile = Uint8Array.from(log.files.get('tile/0/000') ?? []);
    log.files.set('tile/0/000', tile.fill(7, 0, 32));
    // The first tile is a leaf of the tile above it: only its own hash in there counts.
    log.files.set('tile/1/000.p/1', new Uint8Array(32));
    await expect(checkLog({ log: known(log), read, memory })).rejects.toThrowToolkit('TLOG_ROOT');
    expect(memory.files.size).toBe(0);
  });

  it('refuses a checkpoint of another log, of another key, and none', async () => {
    const memory = new MemoryStore();
    const [log, other] = [rekorLog(entries), rekorLog(entries, 'other.example')];
    const strange = checkLog({ log: known(log), read: serving(other, 3), memory });
    await expect(strange).rejects.toThrowToolkit('TLOG_ORIGIN');
    const forged = checkLog({ log: { ...known(other), origin }, read: serving(log, 3), memory });
    await expect(forged).rejects.toThrowToolkit('TLOG_SIGNATURE');
    const empty = checkLog({ log: known(log), read: async () => undefined, memory });
    await expect(empty).rejects.toThrowToolkit('OPS_NO_CHECKPOINT');
  });

  it('refuses a memory that somebody changed', async () => {
    const [memory, log] = [new MemoryStore(), rekorLog(entries)];
    const read = serving(log, 3);
    await memory.replace(`${service}.json`, utf8('{"format":"else"}'));
    await expect(checkLog({ log: known(log), read, memory })).rejects.toThrowToolkit('OPS_FUNCTION_MEMORY');
    const forged = rekorLog(entries, 'other.example').publish(3);
    const document = { format: 'sigstead monitor v1', checkpoint: Buffer.from(forged).toString('base64') };
    await memory.replace(`${service}.json`, utf8(JSON.stringify(document)));
    await expect(checkLog({ log: known(log), read, memory })).rejects.toThrowToolkit('TLOG_ORIGIN');
  });
});
