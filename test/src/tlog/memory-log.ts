import { createECDH, createPrivateKey, createPublicKey, hash, type KeyObject, sign } from 'node:crypto';
import { concat, utf8 } from '../../../src/core/bytes.ts';
import { sha256 } from '../../../src/core/digest.ts';
import { formatCheckpoint, type VerifiedCheckpoint, verifyCheckpoint } from '../../../src/tlog/checkpoint.ts';
import { ctNoteVerifier } from '../../../src/tlog/ct-key.ts';
import { formatNote, type NoteVerifier } from '../../../src/tlog/note.ts';
import { rekorNoteVerifier } from '../../../src/tlog/rekor-key.ts';
import type { TileReader } from '../../../src/tlog/tiles.ts';

/** An Ed25519 key that is the same in every run. */
export function ed25519Key(seed: string): KeyObject {
  const pkcs8 = concat(Buffer.from('302e020100300506032b657004220420', 'hex'), sha256(seed));
  return createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
}

/** A P-256 key that is the same in every run. */
export function p256Key(seed: string): KeyObject {
  const curve = createECDH('prime256v1');
  const scalar = Buffer.from(sha256(seed));
  curve.setPrivateKey(scalar);
  const point = curve.getPublicKey();
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url'));
  const jwk = { kty: 'EC', crv: 'P-256', d: scalar.toString('base64url'), x, y };
  return createPrivateKey({ key: jwk as never, format: 'jwk' });
}

/** The root by the words of RFC 6962 §2.1: slow, and nothing like the code under test. */
export function merkleTreeHash(hashes: readonly Uint8Array[]): Uint8Array {
  const [first] = hashes;
  if (first === undefined) return digest(new Uint8Array());
  if (hashes.length === 1) return first;
  const split = largestPowerBelow(hashes.length);
  return node(merkleTreeHash(hashes.slice(0, split)), merkleTreeHash(hashes.slice(split)));
}

/** PATH(m, D[n]) of RFC 6962 §2.1.1. */
export function inclusionPath(index: number, hashes: readonly Uint8Array[]): readonly Uint8Array[] {
  if (hashes.length === 1) return [];
  const split = largestPowerBelow(hashes.length);
  const [left, right] = [hashes.slice(0, split), hashes.slice(split)];
  return index < split
    ? [...inclusionPath(index, left), merkleTreeHash(right)]
    : [...inclusionPath(index - split, right), merkleTreeHash(left)];
}

/** PROOF(m, D[n]) of RFC 6962 §2.1.2. */
export function consistencyPath(older: number, hashes: readonly Uint8Array[], isWhole = true): readonly Uint8Array[] {
  if (older === hashes.length) return isWhole ? [] : [merkleTreeHash(hashes)];
  const split = largestPowerBelow(hashes.length);
  const [left, right] = [hashes.slice(0, split), hashes.slice(split)];
  return older <= split
    ? [...consistencyPath(older, left, isWhole), merkleTreeHash(right)]
    : [...consistencyPath(older - split, right, false), merkleTreeHash(left)];
}

function largestPowerBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

function node(left: Uint8Array, right: Uint8Array): Uint8Array {
  return digest(concat(Uint8Array.of(1), left, right));
}

export function leaf(data: Uint8Array): Uint8Array {
  return digest(concat(Uint8Array.of(0), data));
}

function digest(data: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', data, 'buffer'));
}

/** A log in memory that really signs and really builds its tiles. It may be told to lie about any file. */
export interface MemoryLog {
  readonly files: Map<string, Uint8Array>;
  readonly readTile: TileReader;
  readonly verifier: NoteVerifier;
  /** Signs a checkpoint of the first `size` entries, and writes the files that it implies. */
  publish(size: number): Uint8Array;
  publishVerified(size: number): VerifiedCheckpoint;
}

interface Material {
  readonly origin: string;
  readonly bundleFolder: 'entries' | 'data';
  /** Entries as they stand in a bundle, and their leaf hashes. */
  readonly encoded: readonly Uint8Array[];
  readonly leafHashes: readonly Uint8Array[];
  readonly verifier: NoteVerifier;
  sign(text: string, size: number, rootHash: Uint8Array): Uint8Array;
}

export function rekorLog(entries: readonly Uint8Array[], origin = 'log2026-1.acme.example'): MemoryLog {
  const key = ed25519Key(origin);
  return memoryLog({
    origin,
    bundleFolder: 'entries',
    encoded: entries.map((entry) => concat(Uint8Array.of(entry.length >> 8, entry.length & 255), entry)),
    leafHashes: entries.map(leaf),
    verifier: rekorNoteVerifier(origin, createPublicKey(key)),
    sign: (text) => new Uint8Array(sign(null, utf8(text), key)),
  });
}

export interface CtLogEntry {
  readonly tileLeaf: Uint8Array;
  readonly merkleTreeLeaf: Uint8Array;
}

export function ctLog(entries: readonly CtLogEntry[], origin = 'ct2026-1.acme.example'): MemoryLog {
  const key = p256Key(origin);
  return memoryLog({
    origin,
    bundleFolder: 'data',
    encoded: entries.map((entry) => entry.tileLeaf),
    leafHashes: entries.map((entry) => leaf(entry.merkleTreeLeaf)),
    verifier: ctNoteVerifier(origin, createPublicKey(key)),
    sign: (_text, size, rootHash) => treeHeadSignature(key, size, rootHash, new Date('2026-11-22T10:00:00.123Z')),
  });
}

/** `RFC6962NoteSignature` of static-ct-api. */
export function treeHeadSignature(key: KeyObject, size: number, rootHash: Uint8Array, time: Date): Uint8Array {
  const numbers = Buffer.alloc(16);
  numbers.writeBigUInt64BE(BigInt(time.getTime()), 0);
  numbers.writeBigUInt64BE(BigInt(size), 8);
  const der = sign('sha256', concat(Uint8Array.of(0, 1), numbers, rootHash), key);
  return concat(numbers.subarray(0, 8), Uint8Array.of(4, 3, der.length >> 8, der.length & 255), der);
}

function memoryLog(material: Material): MemoryLog {
  const files = new Map<string, Uint8Array>();
  const levels = tileLevels(material.leafHashes);
  const publish = (size: number): Uint8Array => {
    writeTiles(files, `tile/${material.bundleFolder}`, material.encoded.slice(0, size));
    levels.forEach((hashes, level) => {
      writeTiles(files, `tile/${level}`, hashes.slice(0, Math.floor(size / 256 ** level)));
    });
    return signCheckpoint(material, levels, size);
  };
  const expected = { origin: material.origin, verifier: material.verifier };
  return {
    files,
    readTile: async (path) => files.get(path),
    verifier: material.verifier,
    publish,
    publishVerified: (size) => verifyCheckpoint(publish(size), expected),
  };
}

function signCheckpoint(material: Material, levels: readonly (readonly Uint8Array[])[], size: number): Uint8Array {
  const rootHash = rootOfTiles(levels, size);
  const text = formatCheckpoint({ origin: material.origin, size, rootHash, extensions: [] });
  const { name, keyHash } = material.verifier;
  return formatNote({ text, signatures: [{ name, keyHash, signature: material.sign(text, size, rootHash) }] });
}

/** Tile hashes of each level: MTH(D[i * 256^l : (i + 1) * 256^l]). */
function tileLevels(leafHashes: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
  const levels = [leafHashes];
  for (let hashes = leafHashes; hashes.length >= 256; ) {
    const full = Math.floor(hashes.length / 256);
    const below = hashes;
    hashes = Array.from({ length: full }, (_, index) => merkleTreeHash(below.slice(index * 256, (index + 1) * 256)));
    levels.push(hashes);
  }
  return levels;
}

/** The full tiles are complete subtrees, so the tree over their hashes has the same root as the tree over the leaves. */
function rootOfTiles(levels: readonly (readonly Uint8Array[])[], size: number): Uint8Array {
  const full = Math.floor(size / 256);
  const edge = (levels[0] ?? []).slice(full * 256, size);
  const fullHashes = (levels[1] ?? []).slice(0, full);
  if (edge.length === 0) return merkleTreeHash(fullHashes);
  return merkleTreeHash([...fullHashes, merkleTreeHash(edge)]);
}

function writeTiles(files: Map<string, Uint8Array>, folder: string, parts: readonly Uint8Array[]): void {
  for (let start = 0; start < parts.length; start += 256) {
    const some = parts.slice(start, start + 256);
    const index = String(start / 256).padStart(3, '0');
    const suffix = some.length === 256 ? '' : `.p/${some.length}`;
    files.set(`${folder}/${index}${suffix}`, concat(...some));
  }
}

/** A JSON text's bytes, for entries of a log. */
export function entryBodies(count: number): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, index) => utf8(`{"entry":${index}}`));
}
