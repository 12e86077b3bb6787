import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseBase64, toBase64, utf8 } from '../../../src/core/bytes.ts';
import { ToolkitError } from '../../../src/core/error.ts';
import { assertEntryLogged, auditLog } from '../../../src/tlog/audit.ts';
import { verifyCheckpoint } from '../../../src/tlog/checkpoint.ts';
import { ctLogId, ctNoteVerifier } from '../../../src/tlog/ct-key.ts';
import { parseLeafIndex } from '../../../src/tlog/ct-leaf.ts';
import type { TileReader } from '../../../src/tlog/tiles.ts';
import { ctEntry, issuerCertificate } from './ct-entries.ts';
import { ctLog, entryBodies, leaf, type MemoryLog, rekorLog } from './memory-log.ts';

const bodies = entryBodies(65_537);
const log = rekorLog(bodies);

/** Reads of `log` that remember what was asked for. */
function spying(readTile: TileReader): { readTile: TileReader; paths: string[] } {
  const paths: string[] = [];
  return {
    paths,
    readTile: async (path) => {
      paths.push(path);
      return await readTile(path);
    },
  };
}

/** Reads as the log answers, but for one file. */
function lying(honest: MemoryLog, path: string, answer: (bytes: Uint8Array) => Uint8Array | undefined): TileReader {
  return async (asked) => {
    const bytes = await honest.readTile(asked);
    return asked === path && bytes !== undefined ? answer(bytes) : bytes;
  };
}

const flipLastBit = (bytes: Uint8Array): Uint8Array => bytes.with(-1, (bytes.at(-1) ?? 0) ^ 1);

describe('auditLog of a Rekor log', () => {
  it.each([0, 1, 255, 256, 257, 65_535, 65_536, 65_537])('accepts %d entries', async (size) => {
    const checkpoint = log.publishVerified(size);
    const audit = await auditLog({ checkpoint, readTile: log.readTile, kind: 'rekor' });
    expect(audit.size).toBe(size);
    expect(audit.entries).toHaveLength(size);
    expect(audit.entries.at(-1)).toEqual(size === 0 ? undefined : bodies[size - 1]);
    expect(audit.leafHashes.at(-1)).toEqual(size === 0 ? undefined : leaf(bodies[size - 1] ?? utf8('')));
  });

  it('reads every file that the checkpoint implies, and no other', async () => {
    const { readTile, paths } = spying(log.readTile);
    await auditLog({ checkpoint: log.publishVerified(513), readTile, kind: 'rekor' });
    const numbers = ['000', '001', '002.p/1'];
    const entries = numbers.map((number) => `tile/entries/${number}`);
    expect(paths).toEqual([...entries, ...numbers.map((number) => `tile/0/${number}`), 'tile/1/000.p/2']);
  });

  it('accepts a full tile in the place of a partial one that the log has dropped', async () => {
    const grown = rekorLog(bodies.slice(0, 300));
    const checkpoint = grown.publishVerified(200);
    grown.publish(300);
    for (const path of ['tile/entries/000.p/200', 'tile/0/000.p/200']) grown.files.delete(path);
    const audit = await auditLog({ checkpoint, readTile: grown.readTile, kind: 'rekor' });
    expect(audit.entries).toHaveLength(200);
  });

  const checkpoint = log.publishVerified(513);
  const audited = (readTile: TileReader) => auditLog({ checkpoint, readTile, kind: 'rekor' });
  const files = ['tile/entries/001', 'tile/entries/002.p/1', 'tile/0/001', 'tile/0/002.p/1', 'tile/1/000.p/2'];

  it.each(files)('refuses a log without %s', async (path) => {
    // No later full tile may stand in for it either.
    const small = rekorLog(bodies.slice(0, 513));
    const options = { checkpoint: small.publishVerified(513), kind: 'rekor' } as const;
    small.files.delete(path);
    await expect(auditLog({ ...options, readTile: small.readTile })).rejects.toThrowToolkit('TLOG_MISSING_TILE', {
      path,
    });
  });

  it.each(files)('refuses a bit that was flipped in %s', async (path) => {
    await expect(audited(lying(log, path, flipLastBit))).rejects.toThrowToolkit('TLOG_TILE');
  });

  it.each(files)('refuses a byte too few or too many in %s', async (path) => {
    await expect(audited(lying(log, path, (bytes) => bytes.slice(0, -1)))).rejects.toThrowToolkit('TLOG_TILE', {
      path,
    });
    const long = (bytes: Uint8Array) => Uint8Array.of(...bytes, 0);
    await expect(audited(lying(log, path, long))).rejects.toThrowToolkit('TLOG_TILE', { path });
  });

  it('refuses a bundle that is shorter than its tile, and names both counts', async () => {
    const path = 'tile/entries/002.p/1';
    const error = await audited(lying(log, path, () => new Uint8Array())).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'TLOG_TILE', message: `${path}: expected 1 entries, got 0` });
  });

  it('refuses a partial bundle that is longer than its name says', async () => {
    const path = 'tile/entries/002.p/1';
    const longer = (bytes: Uint8Array) => Uint8Array.of(...bytes, ...bytes);
    await expect(audited(lying(log, path, longer))).rejects.toThrowToolkit('TLOG_TILE', { path });
  });

  it('refuses a history that was rewritten in every tile, since the root was signed before', async () => {
    const rewritten = rekorLog(bodies.slice(0, 513).with(7, utf8('rewritten')));
    rewritten.publish(513);
    await expect(audited(rewritten.readTile)).rejects.toThrowToolkit('TLOG_ROOT', { size: 513 });
  });

  it('passes on what the reader could not read', async () => {
    const down = new ToolkitError('CORE_HTTP_UNREACHABLE', { message: 'down', fault: 'environment' });
    await expect(audited(() => Promise.reject(down))).rejects.toBe(down);
  });
});

describe('assertEntryLogged', () => {
  const audit = auditLog({ checkpoint: log.publishVerified(257), readTile: log.readTile, kind: 'rekor' });
  const acknowledged = (index: number) => ({ index, leafHash: leaf(bodies[index] ?? utf8('')) });

  it('accepts each acknowledged entry', async () => {
    for (const index of [0, 255, 256]) assertEntryLogged(await audit, acknowledged(index));
  });

  it('refuses an entry that is elsewhere, or behind the end', async () => {
    const found = await audit;
    expect(() => assertEntryLogged(found, { ...acknowledged(3), index: 4 })).toThrowToolkit('TLOG_ENTRY_MISSING', {
      index: 4,
    });
    expect(() => assertEntryLogged(found, acknowledged(257))).toThrowToolkit('TLOG_ENTRY_MISSING', { size: 257 });
  });
});

describe('auditLog of a CT log', () => {
  const ctEntries = Array.from({ length: 257 }, (_, index) => ctEntry(index));
  const ct = withIssuer(ctLog(ctEntries));
  const issuer = [...ct.files.keys()].find((path) => path.startsWith('issuer/')) ?? '';

  it.each([0, 1, 2, 256, 257])('accepts %d leaves', async (size) => {
    const audit = await auditLog({ checkpoint: ct.publishVerified(size), readTile: ct.readTile, kind: 'ct' });
    expect(audit.entries.map((entry) => entry.leafIndex)).toEqual(Array.from({ length: size }, (_, index) => index));
  });

  it('refuses a leaf at another index than its SCT promised', async () => {
    const swapped = withIssuer(ctLog([ctEntry(0), ctEntry(3), ctEntry(2)]));
    const audit = auditLog({ checkpoint: swapped.publishVerified(3), readTile: swapped.readTile, kind: 'ct' });
    await expect(audit).rejects.toThrowToolkit('TLOG_LEAF_INDEX', { index: 1, promised: 3 });
  });

  it('refuses a changed certificate', async () => {
    const changed = (bytes: Uint8Array) => bytes.with(20, (bytes[20] ?? 0) ^ 1);
    const readTile = lying(ct, 'tile/data/000.p/2', changed);
    const audit = auditLog({ checkpoint: ct.publishVerified(2), readTile, kind: 'ct' });
    await expect(audit).rejects.toThrowToolkit('TLOG_TILE', { path: 'tile/0/000.p/2' });
  });

  it('refuses an issuer that is missing or another', async () => {
    const checkpoint = ct.publishVerified(2);
    const missing = auditLog({ checkpoint, readTile: lying(ct, issuer, () => undefined), kind: 'ct' });
    await expect(missing).rejects.toThrowToolkit('TLOG_MISSING_TILE', { path: issuer });
    const other = auditLog({ checkpoint, readTile: lying(ct, issuer, flipLastBit), kind: 'ct' });
    await expect(other).rejects.toThrowToolkit('TLOG_ISSUER', { path: issuer });
  });
});

describe('auditLog of what TesseraCT 0.1.1 wrote', () => {
  const recorded = JSON.parse(readFileSync(join(import.meta.dirname, 'recorded/tesseract-0.1.1.json'), 'utf8'));
  const key: KeyObject = createPublicKey({
    key: Buffer.from(recorded.publicKey, 'base64'),
    format: 'der',
    type: 'spki',
  });
  const files = new Map<string, string>(Object.entries(recorded.files));
  const readTile: TileReader = async (path) => {
    const content = files.get(path);
    return content === undefined ? undefined : parseBase64(content);
  };

  it('accepts it, and finds each certificate where its SCT says', async () => {
    const expected = { origin: recorded.origin, verifier: ctNoteVerifier(recorded.origin, key) };
    const checkpoint = verifyCheckpoint(utf8(recorded.checkpoint), expected);
    const audit = await auditLog({ checkpoint, readTile, kind: 'ct' });
    expect(audit.entries).toHaveLength(2);
    for (const { certificate, sct } of recorded.submitted) {
      const entry = audit.entries[parseLeafIndex(parseBase64(sct.extensions), 'SCT')];
      expect(entry?.timestamp.getTime()).toBe(sct.timestamp);
      const submitted = entry?.type === 'x509_entry' ? entry.certificate : entry?.precertificate;
      expect(toBase64(submitted ?? utf8(''))).toBe(certificate);
      expect(toBase64(ctLogId(key))).toBe(sct.id);
    }
  });
});

function withIssuer(honest: MemoryLog): MemoryLog {
  honest.files.set(`issuer/${Buffer.from(ctEntry(0).tileLeaf.slice(-32)).toString('hex')}`, issuerCertificate);
  return honest;
}
