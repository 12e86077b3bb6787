import { describe, expect, it } from '@jest/globals';
import { concat, utf8 } from '../../../src/core/bytes.ts';
import { sha256 } from '../../../src/core/digest.ts';
import { parseDataTile, parseLeafIndex } from '../../../src/tlog/ct-leaf.ts';
import { ctEntry, issuerCertificate, leafIndexExtension, uint, vector } from './ct-entries.ts';
import { leaf } from './memory-log.ts';

const path = 'tile/data/000';
const [certificate, precertificate] = [ctEntry(0), ctEntry(1)];
const parse = (...parts: readonly Uint8Array[]) => parseDataTile(concat(...parts), path);

describe('parseDataTile', () => {
  it('accepts certificates and precertificates, each with its leaf hash', () => {
    expect(parse(certificate.tileLeaf, precertificate.tileLeaf)).toEqual([
      {
        type: 'x509_entry',
        timestamp: new Date(1_795_000_000_000),
        leafIndex: 0,
        certificate: utf8('certificate 0'),
        chainFingerprints: [sha256(issuerCertificate)],
        leafHash: leaf(certificate.merkleTreeLeaf),
      },
      {
        type: 'precert_entry',
        timestamp: new Date(1_795_000_000_001),
        leafIndex: 1,
        issuerKeyHash: sha256(issuerCertificate),
        tbsCertificate: utf8('certificate 1'),
        precertificate: utf8('precertificate 1'),
        chainFingerprints: [sha256(issuerCertificate)],
        leafHash: leaf(precertificate.merkleTreeLeaf),
      },
    ]);
  });

  it('accepts a tile without leaves and a leaf without a chain', () => {
    expect(parse()).toEqual([]);
    expect(parse(ctEntry(0, { fingerprints: new Uint8Array() }).tileLeaf)[0]?.chainFingerprints).toEqual([]);
  });

  it('refuses a tile that is cut off anywhere', () => {
    for (const { tileLeaf } of [certificate, precertificate]) {
      for (let length = 1; length < tileLeaf.length; length += 1) {
        expect(() => parse(tileLeaf.slice(0, length))).toThrowToolkit('TLOG_TILE', {});
      }
    }
  });

  it('refuses an unknown entry type', () => {
    const unknown = certificate.tileLeaf.with(9, 2);
    expect(() => parse(unknown)).toThrowToolkit('TLOG_TILE', { path });
  });

  it.each([8_640_000_000_000_001, 2 ** 63])('refuses the timestamp %d', (timestamp) => {
    expect(() => parse(ctEntry(0, { timestamp }).tileLeaf)).toThrowToolkit('TLOG_TILE');
  });

  it('refuses a fingerprint that is cut off', () => {
    expect(() => parse(ctEntry(0, { fingerprints: new Uint8Array(33) }).tileLeaf)).toThrowToolkit('TLOG_TILE');
  });

  it('accepts 256 leaves and refuses 257', () => {
    const leaves = Array.from({ length: 257 }, (_, index) => ctEntry(index).tileLeaf);
    expect(parse(...leaves.slice(1))).toHaveLength(256);
    expect(() => parse(...leaves)).toThrowToolkit('TLOG_TILE');
  });
});

describe('parseLeafIndex', () => {
  it('accepts the largest index, and ignores other extensions around it', () => {
    const other = concat(Uint8Array.of(9), vector(utf8('other'), 2));
    const extensions = concat(other, leafIndexExtension(2 ** 40 - 1), other);
    expect(parseLeafIndex(extensions, 'SCT')).toBe(2 ** 40 - 1);
  });

  it.each([
    ['no extension', new Uint8Array()],
    ['no leaf index', concat(Uint8Array.of(9), vector(utf8('other'), 2))],
    ['two leaf indexes', concat(leafIndexExtension(1), leafIndexExtension(1))],
    ['a leaf index of 4 bytes', concat(Uint8Array.of(0), vector(uint(1, 4), 2))],
    ['a leaf index of 6 bytes', concat(Uint8Array.of(0), vector(uint(1, 6), 2))],
    ['an extension that is cut off', leafIndexExtension(1).slice(0, 7)],
    ['a trailing byte', concat(leafIndexExtension(1), Uint8Array.of(0))],
  ])('refuses %s', (_, extensions) => {
    expect(() => parseLeafIndex(extensions, 'SCT')).toThrowToolkit('TLOG_TILE');
  });
});
