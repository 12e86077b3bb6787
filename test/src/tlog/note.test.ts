import { createPublicKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { concat, toBase64, utf8 } from '../../../src/core/bytes.ts';
import { formatNote, maxNoteBytes, type Note, parseNote, verifyNote } from '../../../src/tlog/note.ts';
import { rekorNoteVerifier } from '../../../src/tlog/rekor-key.ts';
import { ed25519Key } from './memory-log.ts';

// From the documentation of golang.org/x/mod/sumdb/note.
const neumannText =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const neumannNote = `${neumannText}
— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`;
const neumannKey = createPublicKey({
  key: { kty: 'OKP', crv: 'Ed25519', x: 'GlzZBxQ8OExB6DDFvOEqqIF-xWSaqr8sMTiLNbLXRNY' },
  format: 'jwk',
});

const line = `— a.example ${toBase64(Uint8Array.of(1, 2, 3, 4, 5))}\n`;

describe('parseNote', () => {
  it('accepts a note that Go wrote', () => {
    const note = parseNote(utf8(neumannNote));
    expect(note.text).toBe(neumannText);
    expect(note.signatures.map((signature) => signature.name)).toEqual(['PeterNeumann']);
    expect([...(note.signatures[0]?.keyHash ?? [])]).toEqual([0xc7, 0x4f, 0x20, 0xa3]);
  });

  it('splits at the last empty line', () => {
    expect(parseNote(utf8(`a\n\nb\n\n${line}`)).text).toBe('a\n\nb\n');
    expect(parseNote(utf8(`a\n\n\n${line}`)).text).toBe('a\n\n');
  });

  it('accepts 100 signatures', () => {
    expect(parseNote(utf8(`a\n\n${line.repeat(100)}`)).signatures).toHaveLength(100);
  });

  it.each([
    ['nothing', ''],
    ['no signature', 'a\n\n'],
    ['no empty line', `a\n${line}`],
    ['no text', `\n${line}`],
    ['no newline at the end', `a\n\n${line.trimEnd()}`],
    ['an empty line at the end', `a\n\n${line}\n`],
    ['something between the signatures', `a\n\n${line}b\n${line}`],
    ['a hyphen for the dash', `a\n\n${line.replace('—', '-')}`],
    ['two spaces', `a\n\n${line.replace(' a', '  a')}`],
    ['a trailing space', `a\n\n${line.trimEnd()} \n`],
    ['a carriage return', `a\r\n\n${line}`],
    ['a tab in the text', `a\tb\n\n${line}`],
    ['a NUL in the text', `a\0b\n\n${line}`],
    ['no name', `a\n\n${line.replace(' a.example', ' ')}`],
    ['a plus in the name', `a\n\n${line.replace('a.example', 'a+example')}`],
    ['a no-break space in the name', `a\n\n${line.replace('a.example', 'a\u00a0example')}`],
    ['an ideographic space in the name', `a\n\n${line.replace('a.example', 'a\u3000example')}`],
    ['base64 without padding', `a\n\n${line.replace('=', '')}`],
    ['base64 with stray bits', `a\n\n${line.replace('BQ==', 'BR==').replace('U=', 'V=')}`],
    ['base64 of the URL alphabet', `a\n\n— a.example AQID_wU=\n`],
    ['a key ID without a signature', `a\n\n— a.example AQIDBA==\n`],
    ['a key ID that is cut off', `a\n\n— a.example AQID\n`],
    ['101 signatures', `a\n\n${line.repeat(101)}`],
    ['a byte order mark before a control character', `\u{feff}\u0001\n\n${line}`],
  ])('refuses %s', (_, text) => {
    expect(() => parseNote(utf8(text))).toThrowToolkit('TLOG_NOTE');
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(() => parseNote(concat(Uint8Array.of(0xff), utf8(`a\n\n${line}`)))).toThrowToolkit('TLOG_NOTE');
  });

  it('refuses a byte more than 64 KiB, and accepts 64 KiB', () => {
    const largest = `${'a'.repeat(maxNoteBytes - line.length - 4)}\n\n${line}`;
    const bytes = utf8(largest);
    expect(bytes).toHaveLength(maxNoteBytes);
    expect(parseNote(bytes).signatures).toHaveLength(1);
    expect(() => parseNote(utf8(`a${largest}`))).toThrowToolkit('TLOG_NOTE');
  });

  it('accepts what formatNote writes, and formatNote writes what it accepted', () => {
    fc.assert(
      fc.property(notes(), (note) => {
        const bytes = formatNote(note);
        expect(parseNote(bytes)).toEqual(note);
        expect(formatNote(parseNote(bytes))).toEqual(bytes);
      }),
    );
  });

  it('accepts no second spelling of a note that a byte was changed in', () => {
    fc.assert(
      fc.property(notes(), fc.nat(), fc.integer({ min: 1, max: 255 }), (note, at, change) => {
        const bytes = formatNote(note);
        const changed = bytes.with(at % bytes.length, (bytes[at % bytes.length] ?? 0) ^ change);
        const parsed = attempt(() => parseNote(changed));
        if (parsed !== undefined) expect(formatNote(parsed)).toEqual(changed);
      }),
    );
  });
});

describe('formatNote', () => {
  const signature = { name: 'a.example', keyHash: new Uint8Array(4), signature: new Uint8Array(1) };

  it.each<[string, Note]>([
    ['a text without a newline at its end', { text: 'a', signatures: [signature] }],
    ['a lone surrogate', { text: 'a\ud800\n', signatures: [signature] }],
    ['no signature', { text: 'a\n', signatures: [] }],
    ['a key ID of 5 bytes', { text: 'a\n', signatures: [{ ...signature, keyHash: new Uint8Array(5) }] }],
    ['an empty signature', { text: 'a\n', signatures: [{ ...signature, signature: new Uint8Array() }] }],
    ['a name with a newline', { text: 'a\n', signatures: [{ ...signature, name: 'a\nb' }] }],
    ['more than 64 KiB', { text: `${'a'.repeat(maxNoteBytes)}\n`, signatures: [signature] }],
  ])('refuses %s', (_, note) => {
    expect(() => formatNote(note)).toThrowToolkit('TLOG_NOTE');
  });
});

describe('verifyNote', () => {
  const verifier = rekorNoteVerifier('PeterNeumann', neumannKey);
  const note = parseNote(utf8(neumannNote));
  const [own = { name: '', keyHash: new Uint8Array(), signature: new Uint8Array() }] = note.signatures;
  const forged = { ...own, signature: own.signature.with(0, (own.signature[0] ?? 0) ^ 1) };

  it('accepts the signature that Go made', () => {
    expect(verifyNote(note, verifier)).toEqual(own);
  });

  it('ignores unknown keys, even of the same name', () => {
    const others = [
      { ...forged, name: 'witness.example' },
      { ...forged, keyHash: Uint8Array.of(1, 2, 3, 4) },
    ];
    expect(verifyNote({ ...note, signatures: [...others, own] }, verifier)).toEqual(own);
  });

  it('refuses a note of other signers, and names them', () => {
    const other = rekorNoteVerifier('PeterNeumann', createPublicKey(ed25519Key('other')));
    expect(() => verifyNote(note, other)).toThrowToolkit('TLOG_SIGNATURE', { signers: ['PeterNeumann+c74f20a3'] });
  });

  it('refuses a changed text', () => {
    expect(() => verifyNote({ ...note, text: `${note.text}\n` }, verifier)).toThrowToolkit('TLOG_SIGNATURE', {
      key: 'PeterNeumann+c74f20a3',
    });
  });

  it.each([0, 1, 63, 65])('refuses a signature of %d bytes', (length) => {
    const signatures = [{ ...own, signature: new Uint8Array(length) }];
    expect(() => verifyNote({ ...note, signatures }, verifier)).toThrowToolkit('TLOG_SIGNATURE');
  });

  it('refuses a key that signed twice, once wrongly', () => {
    expect(() => verifyNote({ ...note, signatures: [own, forged] }, verifier)).toThrowToolkit('TLOG_SIGNATURE');
  });
});

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function notes(): fc.Arbitrary<Note> {
  const unit = fc.constantFrom('a', 'é', '—', ' ', '+', '\n', '\n\n', '— a AAAA', '\u2028', '😀');
  const name = fc.string({ unit: fc.constantFrom('a', '.', '/', '—', 'é', '😀'), minLength: 1, maxLength: 8 });
  const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });
  return fc.record({
    text: fc.string({ unit, maxLength: 20 }).map((text) => `${text}\n`),
    signatures: fc.array(fc.record({ name, keyHash: bytes(4, 4), signature: bytes(1, 80) }), {
      minLength: 1,
      maxLength: 4,
    }),
  });
}
