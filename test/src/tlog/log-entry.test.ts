import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { toBase64, utf8 } from '../../../src/core/bytes.ts';
import { sha256 } from '../../../src/core/digest.ts';
import { logEntryOf, maxLogEntryBytes, parseLogEntry, verifyLogEntry } from '../../../src/tlog/log-entry.ts';
import { rekorNoteVerifier } from '../../../src/tlog/rekor-key.ts';

// What Rekor 2.3.0 answered to `POST /api/v2/log/entries`, with a key of each kind.
const recorded = JSON.parse(readFileSync(join(import.meta.dirname, 'recorded/rekor-2.3.0.json'), 'utf8'));
const { origin } = recorded.ed25519;

function keyOf(kind: string): KeyObject {
  return createPublicKey({ key: Buffer.from(recorded[kind].publicKey, 'base64'), format: 'der', type: 'spki' });
}

type Answer = Record<string, unknown> & { inclusionProof: Record<string, unknown> };

/** The third answer of a log, changed. */
function answer(change: (answer: Answer) => void = () => undefined): Uint8Array {
  const copy = structuredClone(recorded.ed25519.answer);
  change(copy);
  return utf8(JSON.stringify(copy));
}

describe('parseLogEntry', () => {
  it('accepts what Rekor answers', () => {
    const entry = parseLogEntry(answer());
    expect(entry).toMatchObject({ index: 2, kind: 'hashedrekord', version: '0.0.2' });
    expect(entry.proof).toMatchObject({ index: 2, size: 3 });
    expect(entry.proof.path).toHaveLength(1);
    expect(entry.logId).toHaveLength(32);
    expect(JSON.parse(Buffer.from(entry.body).toString())).toMatchObject({ kind: 'hashedrekord' });
  });

  it('accepts zero values that were left out, as clients write them into bundles', () => {
    const { answer: first } = recorded['ecdsa-p384'];
    const { logIndex, integratedTime, inclusionPromise, ...rest } = first;
    const { logIndex: proofIndex, hashes, ...proof } = first.inclusionProof;
    expect([logIndex, proofIndex, hashes]).toEqual(['0', '0', []]);
    expect(logEntryOf({ ...rest, inclusionProof: proof })).toEqual(parseLogEntry(utf8(JSON.stringify(first))));
  });

  it.each<[string, (answer: Answer) => void]>([
    ['no inclusion proof', (entry) => Reflect.deleteProperty(entry, 'inclusionProof')],
    ['no checkpoint', (entry) => Reflect.deleteProperty(entry.inclusionProof, 'checkpoint')],
    ['an empty checkpoint', (entry) => Object.assign(entry.inclusionProof, { checkpoint: { envelope: '' } })],
    ['no body', (entry) => Reflect.deleteProperty(entry, 'canonicalizedBody')],
    ['no log ID', (entry) => Object.assign(entry, { logId: null })],
    ['no kind', (entry) => Object.assign(entry, { kindVersion: { kind: '', version: '1' } })],
    ['a number for an index', (entry) => Object.assign(entry, { logIndex: 2 })],
    ['a negative index', (entry) => Object.assign(entry, { logIndex: '-1' })],
    ['an index with a leading zero', (entry) => Object.assign(entry, { logIndex: '02' })],
    ['an index beyond 2^53', (entry) => Object.assign(entry, { logIndex: '9007199254740992' })],
    ['a size in hexadecimal', (entry) => Object.assign(entry.inclusionProof, { treeSize: '0x3' })],
    ['base64 without padding', (entry) => Object.assign(entry, { canonicalizedBody: 'e30' })],
    ['hashes that are no list', (entry) => Object.assign(entry.inclusionProof, { hashes: {} })],
    ['a hash that is no string', (entry) => Object.assign(entry.inclusionProof, { hashes: [1] })],
  ])('refuses %s', (_, change) => {
    expect(() => parseLogEntry(answer(change))).toThrowToolkit('TLOG_ENTRY');
  });

  it.each(['', '[]', 'null', '{}', '{"logIndex":"0"', '<html>'])('refuses %j', (text) => {
    expect(() => parseLogEntry(utf8(text))).toThrowToolkit('TLOG_ENTRY');
  });

  it('refuses an answer of more than 1 MiB', () => {
    const long = utf8(`${Buffer.from(answer()).toString()}${' '.repeat(maxLogEntryBytes)}`);
    expect(() => parseLogEntry(long)).toThrowToolkit('TLOG_ENTRY');
  });
});

describe('verifyLogEntry', () => {
  const verifier = rekorNoteVerifier(origin, keyOf('ed25519'));
  const verified = (bytes: Uint8Array) => verifyLogEntry(parseLogEntry(bytes), { origin, verifier });

  it.each(['ed25519', 'ecdsa-p256', 'ecdsa-p384'])('accepts what Rekor with an %s key answered', (kind) => {
    const entry = parseLogEntry(utf8(JSON.stringify(recorded[kind].answer)));
    const expected = { origin, verifier: rekorNoteVerifier(origin, keyOf(kind)) };
    const { index, leafHash, checkpoint } = verifyLogEntry(entry, expected);
    expect({ index, size: checkpoint.size }).toEqual({ index: entry.index, size: entry.index + 1 });
    expect(leafHash).toEqual(sha256(Uint8Array.of(0), entry.body));
  });

  it('refuses another body', () => {
    const body = toBase64(utf8('{}'));
    const changed = answer((entry) => Object.assign(entry, { canonicalizedBody: body }));
    expect(() => verified(changed)).toThrowToolkit('TLOG_INCLUSION', { index: 2, size: 3 });
  });

  it('refuses another index, in one place or in both', () => {
    const one = answer((entry) => Object.assign(entry, { logIndex: '1' }));
    expect(() => verified(one)).toThrowToolkit('TLOG_ENTRY_MISMATCH', { field: 'inclusionProof.logIndex' });
    const both = (logIndex: string) =>
      answer((entry) => {
        Object.assign(entry, { logIndex });
        Object.assign(entry.inclusionProof, { logIndex });
      });
    expect(() => verified(both('1'))).toThrowToolkit('TLOG_PROOF_LENGTH');
    expect(() => verified(both('3'))).toThrowToolkit('TLOG_INCLUSION', { index: 3 });
  });

  it.each([
    ['treeSize', '4', 'inclusionProof.treeSize'],
    ['rootHash', toBase64(sha256('other')), 'inclusionProof.rootHash'],
  ])('refuses a %s that is not the signed one', (key, value, field) => {
    const changed = answer((entry) => Object.assign(entry.inclusionProof, { [key]: value }));
    expect(() => verified(changed)).toThrowToolkit('TLOG_ENTRY_MISMATCH', { field });
  });

  it('refuses the ID of another log', () => {
    const changed = answer((entry) => Object.assign(entry, { logId: { keyId: toBase64(sha256('other')) } }));
    expect(() => verified(changed)).toThrowToolkit('TLOG_ENTRY_MISMATCH', { field: 'logId' });
  });

  it.each([
    ['cut off', [], 'TLOG_PROOF_LENGTH'],
    ['of another length', [toBase64(new Uint8Array(31))], 'TLOG_PROOF_HASH'],
    ['of another tree', [toBase64(sha256('other'))], 'TLOG_INCLUSION'],
  ])('refuses a path that is %s', (_, hashes, code) => {
    expect(() => verified(answer((entry) => Object.assign(entry.inclusionProof, { hashes })))).toThrowToolkit(code);
  });

  it('refuses another origin or key', () => {
    const entry = parseLogEntry(answer());
    expect(() => verifyLogEntry(entry, { origin: 'other.example', verifier })).toThrowToolkit('TLOG_ORIGIN');
    const other = rekorNoteVerifier(origin, keyOf('ecdsa-p256'));
    expect(() => verifyLogEntry(entry, { origin, verifier: other })).toThrowToolkit('TLOG_SIGNATURE');
  });
});
