import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendEntry } from '../../../ceremony/transcript/append.ts';
import { parseTranscript, verifyTranscript } from '../../../ceremony/transcript/transcript.ts';
import { sha256Hex } from '../../../src/core/digest.ts';
import { tryLock } from '../../../src/core/lock.ts';
import { act } from './acts.ts';

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
  path = join(directory, 'transcript.jsonl');
});
afterEach(async () => await rm(directory, { recursive: true }));

const contents = async () => await readFile(path, 'utf8');

describe('appendEntry', () => {
  it('accepts a first entry, which names the format and no line before it', async () => {
    const { head } = await appendEntry(path, act(0));
    const [line = ''] = (await contents()).split('\n');
    expect(line).toMatch(
      /^\{"format":"sigstead-transcript\/v1","seq":1,"previous":"0{64}","at":"2026-11-02T10:00:00Z","actor":"alice",/,
    );
    expect(head).toBe(sha256Hex(line));
  });

  it('chains each entry to the exact bytes of the line before', async () => {
    await appendEntry(path, act(0));
    const { head, entry } = await appendEntry(path, act(1, { decision: 'go on', note: 'zwölf "quoted"' }));
    const [first = '', second = '', end] = (await contents()).split('\n');
    expect(entry).toMatchObject({ seq: 2, previous: sha256Hex(first) });
    expect([head, end]).toEqual([sha256Hex(second), '']);
    expect(second).not.toContain('format');
  });

  it('accepts entries of several who write at once, one after the other', async () => {
    await Promise.all([1, 2, 3, 4].map(async (seconds) => await appendEntry(path, act(seconds))));
    expect(parseTranscript(await readFile(path)).entries).toHaveLength(4);
  });

  it('refuses while someone else writes', async () => {
    const lock = tryLock(`${path}.lock`);
    await expect(appendEntry(path, act(0), { waitMs: 0 })).rejects.toThrowToolkit('CER_BUSY');
    lock?.release();
    await appendEntry(path, act(0), { waitMs: 0 });
  });

  it('refuses to go on from a transcript that was edited, and leaves it as it is', async () => {
    for (const seconds of [0, 1]) await appendEntry(path, act(seconds));
    const changed = (await contents()).replace('alice', 'mally');
    await writeFile(path, changed);
    await expect(appendEntry(path, act(2))).rejects.toThrowToolkit('CER_TRANSCRIPT_EDITED', { line: 2 });
    expect(await contents()).toBe(changed);
  });

  it('refuses to go on from another head than was expected', async () => {
    const { head } = await appendEntry(path, act(0));
    await appendEntry(path, act(1), { expectedHead: head });
    const late = appendEntry(path, act(2), { expectedHead: head });
    await expect(late).rejects.toThrowToolkit('CER_TRANSCRIPT_HEAD', { expected: head, entries: 2 });
  });

  it('notes a clock that is up to five minutes behind, and refuses one that is more', async () => {
    await appendEntry(path, act(300));
    const { entry } = await appendEntry(path, act(0, { note: 'from the safe' }));
    expect(entry).toMatchObject({
      at: act(0).at,
      note: 'from the safe; the clock is 300 s behind the entry before',
    });
    await appendEntry(path, act(300));
    await expect(appendEntry(path, act(-1))).rejects.toThrowToolkit('CER_CLOCK_WENT_BACK', {
      now: '2026-11-02T09:59:59Z',
      before: '2026-11-02T10:05:00Z',
    });
    expect(parseTranscript(await readFile(path)).entries).toHaveLength(3);
  });

  it.each([
    [{ note: 'one\n{"seq":2}' }],
    [{ actor: 'alice\u202e' }],
    [{ decision: '\u001b[2J' }],
    [{ note: 'a\u2028b' }],
    [{ actor: '' }],
    [{ verb: 'Sign It' }],
    [{ note: 'x'.repeat(2_001) }],
    [{ note: '\ud800' }],
    [{ inputs: { 'a\nb': sha256Hex('') } }],
    [{ outputs: { a: 'A'.repeat(64) } }],
    [{ step: '' }],
    [{ tool: 'x'.repeat(101) }],
    [{ inputs: Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`f${index}`, sha256Hex('')])) }],
  ])('refuses an entry that would forge a line or hide one: %j', async (change) => {
    await expect(appendEntry(path, act(0, change))).rejects.toThrowToolkit('CER_TRANSCRIPT_ENTRY');
    expect(await readdir(directory)).toEqual([]);
  });

  it('sets a torn end aside, and says so in an entry of its own', async () => {
    const { head } = await appendEntry(path, act(0));
    const whole = await contents();
    await writeFile(path, `${whole}{"seq":2,"prev`);
    const { setAside, entry } = await appendEntry(path, act(5), { expectedHead: head });
    expect(await readFile(setAside ?? '', 'utf8')).toBe('{"seq":2,"prev');
    const { entries } = verifyTranscript({ bytes: await readFile(path), passed: [head] });
    expect(entries.map(({ verb }) => verb)).toEqual(['sign', 'set-aside', 'sign']);
    expect(entries[1]).toMatchObject({ note: expect.stringContaining('its last 14 bytes') });
    expect(entries[1]?.outputs).toEqual({
      [(setAside ?? '').slice(directory.length + 1)]: sha256Hex('{"seq":2,"prev'),
    });
    expect(entry.seq).toBe(3);
  });

  it('refuses to set an end aside where the lines before it do not hold', async () => {
    await appendEntry(path, act(0));
    await writeFile(path, `${(await contents()).replace('"seq":1', '"seq":3')}{"seq`);
    await expect(appendEntry(path, act(1))).rejects.toThrowToolkit('CER_TRANSCRIPT_EDITED');
  });
});
