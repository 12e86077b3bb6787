import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sha256 } from '../../../src/core/digest.ts';
import { type Checkpoint, formatCheckpoint, parseCheckpoint, verifyCheckpoint } from '../../../src/tlog/checkpoint.ts';
import { formatNote, parseNote } from '../../../src/tlog/note.ts';
import { entryBodies, rekorLog } from './memory-log.ts';

const root = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=';
const valid = `example.com/behind-the-sofa\n20852163\n${root}\n`;

describe('parseCheckpoint', () => {
  it('accepts the example of the specification', () => {
    const checkpoint = parseCheckpoint(valid);
    expect(checkpoint).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20_852_163, extensions: [] });
    expect(checkpoint.rootHash).toHaveLength(32);
  });

  it('accepts extension lines, and the size 0', () => {
    const text = `o\n0\n${root}\nLog frozen — 2026-11-22\nmore\n`;
    expect(parseCheckpoint(text)).toMatchObject({ size: 0, extensions: ['Log frozen — 2026-11-22', 'more'] });
  });

  it('accepts the largest size that a number holds', () => {
    expect(parseCheckpoint(valid.replace('20852163', '9007199254740991')).size).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each([
    ['nothing', ''],
    ['two lines', 'o\n1\n'],
    ['no newline at the end', valid.trimEnd()],
    ['an empty origin', `\n1\n${root}\n`],
    ['an empty extension line', `${valid}\n`],
    ['no newline after an extension', `${valid}more`],
    ...['', '01', '00', '+1', '-1', '-0', '1.0', '1e3', '0x1', ' 1', '1 ', '१', '9007199254740992'].map((size) => {
      return [`the size ${JSON.stringify(size)}`, `o\n${size}\n${root}\n`] as [string, string];
    }),
    ['a root hash of 31 bytes', `o\n1\n${'A'.repeat(40)}AA==\n`],
    ['a root hash without padding', valid.replace('=', '')],
    ['a root hash with stray bits', valid.replace('q2I=', 'q2J=')],
    ['a root hash with a space', valid.replace('CsU', 'Cs U')],
    ['a root hash in hexadecimal', `o\n1\n${'00'.repeat(32)}\n`],
  ])('refuses %s', (_, text) => {
    expect(() => parseCheckpoint(text)).toThrowToolkit('TLOG_CHECKPOINT');
  });

  it('says which size it read', () => {
    expect(() => parseCheckpoint(`o\n9007199254740993\n${root}\n`)).toThrow('below 2^53, got "9007199254740993"');
  });

  it('accepts what formatCheckpoint writes', () => {
    fc.assert(
      fc.property(checkpoints(), (checkpoint) => {
        expect(parseCheckpoint(formatCheckpoint(checkpoint))).toEqual(checkpoint);
      }),
    );
  });
});

describe('formatCheckpoint', () => {
  const checkpoint = parseCheckpoint(valid);

  it.each<[string, Partial<Checkpoint>]>([
    ['an origin of two lines', { origin: 'a\nb' }],
    ['an empty extension line', { extensions: [''] }],
    ['a negative size', { size: -1 }],
    ['a size beyond 2^53', { size: 2 ** 53 }],
    ['a root hash of 20 bytes', { rootHash: new Uint8Array(20) }],
  ])('refuses %s', (_, change) => {
    expect(() => formatCheckpoint({ ...checkpoint, ...change })).toThrowToolkit('TLOG_CHECKPOINT');
  });
});

describe('verifyCheckpoint', () => {
  const origin = 'log2026-1.acme.example';
  const log = rekorLog(entryBodies(3), origin);
  const bytes = log.publish(3);
  const { verifier } = log;

  it('accepts a checkpoint of the log, with its note as evidence', () => {
    const checkpoint = verifyCheckpoint(bytes, { origin, verifier });
    expect(checkpoint).toMatchObject({ origin, size: 3, extensions: [] });
    expect(formatNote(checkpoint.note)).toEqual(bytes);
    expect(checkpoint.signature).toEqual(parseNote(bytes).signatures[0]?.signature);
  });

  it('refuses a checkpoint of another log, even one that starts alike', () => {
    const expected = { expected: 'log2026-1.acme', got: origin };
    expect(() => verifyCheckpoint(bytes, { origin: 'log2026-1.acme', verifier })).toThrowToolkit(
      'TLOG_ORIGIN',
      expected,
    );
    expect(() => verifyCheckpoint(bytes, { origin: origin.toUpperCase(), verifier })).toThrowToolkit('TLOG_ORIGIN');
  });

  it('refuses a changed size or root, and a key that did not sign', () => {
    const { text, signatures } = parseNote(bytes);
    const grown = formatNote({ text: text.replace('\n3\n', '\n4\n'), signatures });
    expect(() => verifyCheckpoint(grown, { origin, verifier })).toThrowToolkit('TLOG_SIGNATURE');
    const other = { ...verifier, keyHash: sha256('other').slice(0, 4) };
    expect(() => verifyCheckpoint(bytes, { origin, verifier: other })).toThrowToolkit('TLOG_SIGNATURE');
  });

  it('refuses a signed note that is no checkpoint', () => {
    const note = formatNote({ text: 'hello\n', signatures: parseNote(bytes).signatures });
    expect(() => verifyCheckpoint(note, { origin, verifier })).toThrowToolkit('TLOG_CHECKPOINT');
  });

  it('refuses a web page where a checkpoint should be', () => {
    const page = new TextEncoder().encode('<!doctype html><title>404</title>');
    expect(() => verifyCheckpoint(page, { origin, verifier })).toThrowToolkit('TLOG_NOTE');
  });
});

function checkpoints(): fc.Arbitrary<Checkpoint> {
  const text = fc.string({ unit: fc.constantFrom('a', ' ', '—', '😀', '1'), minLength: 1, maxLength: 10 });
  return fc.record({
    origin: text,
    size: fc.maxSafeNat(),
    rootHash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    extensions: fc.array(text, { maxLength: 3 }),
  });
}
