import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatEntry, maxLineBytes, noPrevious } from '../../../ceremony/transcript/entry.ts';
import { parseTranscript, verifyTranscript } from '../../../ceremony/transcript/transcript.ts';
import { concat, utf8 } from '../../../src/core/bytes.ts';
import { sha256Hex } from '../../../src/core/digest.ts';
import { act } from './acts.ts';

/** The lines of a transcript with this many seconds between its entries. */
function chained(steps: readonly number[]): readonly string[] {
  const lines: string[] = [];
  let seconds = 0;
  for (const step of steps) {
    seconds += step;
    const last = lines.at(-1);
    const previous = last === undefined ? noPrevious : sha256Hex(last);
    lines.push(formatEntry({ ...act(seconds), seq: lines.length + 1, previous }));
  }
  return lines;
}

const lines = chained([0, 60, -300, 400, 1]);
const text = (of: readonly string[]): Uint8Array => utf8(of.map((line) => `${line}\n`).join(''));
const bytes = text(lines);
const heads = lines.map((line) => sha256Hex(line));
const head = heads.at(-1) ?? '';
const refusal = /^CER_TRANSCRIPT_(EDITED|TORN|HEAD)$/;

/** The code with which a changed transcript is refused by who knows its head. */
function refusedAs(changed: Uint8Array): unknown {
  try {
    verifyTranscript({ bytes: changed, head });
    return 'accepted';
  } catch (error) {
    return (error as { readonly code?: unknown }).code;
  }
}

const indices = fc.nat(lines.length - 1);

describe('parseTranscript', () => {
  it('accepts a transcript, and one of no entry', () => {
    const { entries, digests, head: found } = parseTranscript(bytes);
    expect({ count: entries.length, digests, found }).toEqual({ count: 5, digests: heads, found: head });
    expect(entries[1]).toEqual({ ...act(60), seq: 2, previous: heads[0] });
    expect(parseTranscript(new Uint8Array())).toEqual({ entries: [], digests: [], head: noPrevious });
  });

  it('refuses any changed byte before the last line', () => {
    const end = text(lines.slice(0, -1)).length;
    fc.assert(
      fc.property(fc.nat(end - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
        const changed = bytes.slice();
        changed[index] = (changed[index] ?? 0) ^ flip;
        expect(() => parseTranscript(changed)).toThrowToolkit('CER_TRANSCRIPT_EDITED');
      }),
      { numRuns: 500 },
    );
  });

  it('refuses a line that is left out, said twice or moved', () => {
    fc.assert(
      fc.property(indices, indices, (from, to) => {
        const without = lines.filter((_, index) => index !== from);
        const moved = without.toSpliced(to, 0, lines[from] ?? '');
        const twice = lines.toSpliced(to, 0, lines[from] ?? '');
        const others = [...(from < lines.length - 1 ? [without] : []), ...(from === to ? [] : [moved]), twice];
        for (const other of others) expect(() => parseTranscript(text(other))).toThrowToolkit('CER_TRANSCRIPT_EDITED');
      }),
    );
  });

  it('refuses an end in the middle of a line, and names the head before it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: lines[4]?.length ?? 0 }), (cut) => {
        const torn = bytes.subarray(0, bytes.length - cut);
        expect(() => parseTranscript(torn)).toThrowToolkit('CER_TRANSCRIPT_TORN', { line: 5, head: heads[3] });
      }),
    );
  });

  it.each([
    ['a field that is unknown', '"verb":', '"color":"red","verb":'],
    ['a field twice', '"seq":5', '"seq":5,"seq":5'],
    ['a space', '"seq":5', '"seq": 5'],
    ['another spelling', '"alice"', '"\\u0061lice"'],
    ['a second format', '{"seq"', '{"format":"sigstead-transcript/v1","seq"'],
    ['a control character', '"alice"', '"al\\nice"'],
    ['a digest that is none', /"inputs":\{[^}]*\}/, '"inputs":{"a":"b"}'],
    ['no actor', '"actor":"alice",', ''],
    ['a time that is none', '2026-11-02T10', '2026-11-02 10'],
    ['a time too far back', '2026-11-02T10:02:41Z', '2026-11-02T09:00:00Z'],
    ['a carriage return', /$/, '\r'],
    ['more than a line may hold', '"alice"', `"${'a'.repeat(maxLineBytes)}"`],
  ])('refuses %s, also in the last line', (_, from, to) => {
    const last = lines[4] ?? '';
    const changed = last.replace(from, to);
    expect(changed).not.toBe(last);
    expect(() => parseTranscript(text([...lines.slice(0, -1), changed]))).toThrowToolkit('CER_TRANSCRIPT_EDITED', {
      line: 5,
    });
  });

  it.each(['\n', 'null\n', '[]\n', '{}\n'])('refuses %j', (other) => {
    expect(() => parseTranscript(utf8(other))).toThrowToolkit('CER_TRANSCRIPT_EDITED', { line: 1 });
  });

  it('refuses what is not UTF-8, and more than a transcript may hold', () => {
    const broken = concat(Uint8Array.of(0xff), bytes);
    expect(() => parseTranscript(broken)).toThrowToolkit('CER_TRANSCRIPT_EDITED', { line: 1 });
    expect(() => parseTranscript(new Uint8Array(16_000_001))).toThrowToolkit('CER_TRANSCRIPT_EDITED');
  });

  it('refuses a first line without its format', () => {
    const first = (lines[0] ?? '').replace('"format":"sigstead-transcript/v1",', '');
    expect(() => parseTranscript(text([first]))).toThrowToolkit('CER_TRANSCRIPT_EDITED', { line: 1 });
  });
});

describe('verifyTranscript', () => {
  it('accepts a transcript with its head, and the heads that were read out on the way', () => {
    expect(verifyTranscript({ bytes, head, passed: heads.slice(0, 2) }).entries).toHaveLength(5);
  });

  it('refuses any changed, missing or added byte to who knows the head', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
        const changed = bytes.slice();
        changed[index] = (changed[index] ?? 0) ^ flip;
        const without = concat(bytes.subarray(0, index), bytes.subarray(index + 1));
        const added = concat(bytes.subarray(0, index), Uint8Array.of(flip), bytes.subarray(index));
        for (const other of [changed, without, added]) expect(refusedAs(other)).toMatch(refusal);
      }),
      { numRuns: 300 },
    );
  });

  it('refuses a cut at the end of a line, and names what was expected', () => {
    fc.assert(
      fc.property(indices, (count) => {
        const cut = text(lines.slice(0, count));
        const got = heads[count - 1] ?? noPrevious;
        const data = { expected: head, head: got, entries: count };
        expect(() => verifyTranscript({ bytes: cut, head })).toThrowToolkit('CER_TRANSCRIPT_HEAD', data);
        expect(() => verifyTranscript({ bytes: cut, passed: [head] })).toThrowToolkit('CER_TRANSCRIPT_HEAD', data);
      }),
    );
  });

  it('refuses entries after the head, and says how many', () => {
    expect(() => verifyTranscript({ bytes, head: heads[2] ?? '' })).toThrow('got 2 more entries after it');
  });

  it('refuses a transcript that was written anew from somewhere on', () => {
    const forged = chained([0, 60, 1, 1, 1, 1]);
    const other = { bytes: text(forged), passed: [heads[3] ?? ''] };
    expect(parseTranscript(other.bytes).entries).toHaveLength(6);
    expect(() => verifyTranscript(other)).toThrowToolkit('CER_TRANSCRIPT_HEAD', { expected: heads[3] });
  });
});
