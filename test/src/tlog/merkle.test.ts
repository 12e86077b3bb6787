import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { concat, toHex, utf8 } from '../../../src/core/bytes.ts';
import { ToolkitError } from '../../../src/core/error.ts';
import {
  leafHash,
  nodeHash,
  treeLevels,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from '../../../src/tlog/merkle.ts';
import { consistencyPath, inclusionPath, leaf, merkleTreeHash } from './memory-log.ts';

const vectors = join(import.meta.dirname, '../../../../shared/fixtures/merkle/testdata');
const describeVectors = existsSync(vectors) ? describe : describe.skip;
const skipped = existsSync(vectors) ? '' : ` (SKIPPED: ${vectors} is absent)`;

function hashes(count: number): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, index) => leaf(utf8(`leaf ${index}`)));
}

const tree = (size: number) => ({ size, rootHash: merkleTreeHash(hashes(size)) });

describe('leafHash', () => {
  it('differs from the hash of a node over the same bytes', () => {
    const [a, b] = [leafHash(utf8('a')), leafHash(utf8('b'))];
    expect(leafHash(concat(a, b))).not.toEqual(nodeHash(a, b));
  });

  it('is that of RFC 6962 for the empty leaf', () => {
    expect(toHex(leafHash(new Uint8Array()))).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
  });
});

describe('treeRoot', () => {
  it.each([0, 1, 2, 3, 4, 5, 7, 8, 9, 255, 256, 257])('is that of RFC 6962 for %d leaves', (size) => {
    expect(treeRoot(hashes(size))).toEqual(merkleTreeHash(hashes(size)));
  });

  it('of no leaves is the hash of nothing', () => {
    expect(toHex(treeRoot([]))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });
});

describe('treeLevels', () => {
  it('yields only complete subtrees', () => {
    expect([...treeLevels(hashes(7))].map((level) => level.length)).toEqual([7, 3, 1]);
  });
});

describe('verifyInclusion', () => {
  it('accepts each leaf of each tree of up to 33 leaves', () => {
    for (let size = 1; size <= 33; size += 1) {
      const leaves = hashes(size);
      leaves.forEach((hash, index) => {
        verifyInclusion({ index, leafHash: hash, path: inclusionPath(index, leaves) }, tree(size));
      });
    }
  });

  it('accepts random trees and refuses any other leaf, position or root', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), fc.nat(), (size, at, elsewhere) => {
        const [leaves, index] = [hashes(size), at % size];
        const proof = { index, leafHash: leaves[index] ?? new Uint8Array(), path: inclusionPath(index, leaves) };
        verifyInclusion(proof, tree(size));
        const other = elsewhere % size;
        if (other !== index)
          expect(() => verifyInclusion({ ...proof, index: other }, tree(size))).toThrow(ToolkitError);
        expect(() => verifyInclusion({ ...proof, leafHash: leaf(utf8('other')) }, tree(size))).toThrowToolkit(
          'TLOG_INCLUSION',
        );
        expect(() => verifyInclusion(proof, { size, rootHash: leaf(utf8('root')) })).toThrowToolkit('TLOG_INCLUSION');
      }),
      { numRuns: 40 },
    );
  });

  it('accepts a leaf beyond 2^32, where 32-bit arithmetic would go wrong', () => {
    const index = 2 ** 40;
    const path = Array.from({ length: 41 }, (_, at) => leaf(utf8(`sibling ${at}`)));
    const start = leaf(utf8('leaf'));
    // Leaf 2^40 of a tree of 2^41 leaves: 40 right siblings, then the left half.
    const below = path.slice(0, 40).reduce((root, sibling) => nodeHash(root, sibling), start);
    const rootHash = nodeHash(path[40] ?? start, below);
    expect(() => verifyInclusion({ index, leafHash: start, path }, { size: 2 ** 41, rootHash })).not.toThrow();
  });

  const leaves = hashes(7);
  const proof = { index: 3, leafHash: leaves[3] ?? new Uint8Array(), path: inclusionPath(3, leaves) };

  it('refuses an index outside the tree', () => {
    expect(() => verifyInclusion({ ...proof, index: 7 }, tree(7))).toThrowToolkit('TLOG_INCLUSION', { index: 7 });
  });

  it.each([-1, 0.5, 2 ** 53, Number.NaN])('refuses index %d', (index) => {
    expect(() => verifyInclusion({ ...proof, index }, tree(7))).toThrowToolkit('TLOG_PROOF_RANGE');
  });

  it('refuses a path that is too short or too long', () => {
    expect(() => verifyInclusion({ ...proof, path: proof.path.slice(1) }, tree(7))).toThrowToolkit('TLOG_PROOF_LENGTH');
    const long = [...proof.path, proof.leafHash];
    expect(() => verifyInclusion({ ...proof, path: long }, tree(7))).toThrowToolkit('TLOG_PROOF_LENGTH');
  });

  it('refuses a hash that is none', () => {
    const short = [new Uint8Array(31), ...proof.path.slice(1)];
    expect(() => verifyInclusion({ ...proof, path: short }, tree(7))).toThrowToolkit('TLOG_PROOF_HASH', { bytes: 31 });
    const empty = { index: 0, leafHash: new Uint8Array(), path: [] };
    expect(() => verifyInclusion(empty, { size: 1, rootHash: new Uint8Array() })).toThrowToolkit('TLOG_PROOF_HASH');
  });
});

describe('verifyConsistency', () => {
  it('accepts each pair of trees of up to 20 leaves', () => {
    for (let newer = 1; newer <= 20; newer += 1) {
      for (let older = 1; older <= newer; older += 1) {
        verifyConsistency(tree(older), tree(newer), consistencyPath(older, hashes(newer)));
      }
    }
  });

  it('accepts random trees that grew, and refuses them once a leaf was rewritten', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 200 }), fc.nat(), fc.nat(), (size, at, rewritten) => {
        const older = 1 + (at % (size - 1));
        verifyConsistency(tree(older), tree(size), consistencyPath(older, hashes(size)));
        const forked = hashes(size).with(rewritten % older, leaf(utf8('rewritten')));
        const fork = { size, rootHash: merkleTreeHash(forked) };
        expect(() => verifyConsistency(tree(older), fork, consistencyPath(older, forked))).toThrowToolkit(
          'TLOG_INCONSISTENT',
        );
      }),
      { numRuns: 40 },
    );
  });

  it('refuses two roots of one size', () => {
    const other = { size: 5, rootHash: tree(4).rootHash };
    expect(() => verifyConsistency(tree(5), other, [])).toThrowToolkit('TLOG_INCONSISTENT');
  });

  it('refuses a path that is too short, too long, empty or not needed', () => {
    const path = consistencyPath(3, hashes(7));
    const [first = new Uint8Array()] = path;
    for (const wrong of [path.slice(1), [...path, first], []]) {
      expect(() => verifyConsistency(tree(3), tree(7), wrong)).toThrowToolkit('TLOG_PROOF_LENGTH');
    }
    expect(() => verifyConsistency(tree(4), tree(7), [])).toThrowToolkit('TLOG_PROOF_LENGTH');
    expect(() => verifyConsistency(tree(7), tree(7), [first])).toThrowToolkit('TLOG_PROOF_LENGTH');
  });

  it('refuses a hash that is none', () => {
    const [, ...rest] = consistencyPath(3, hashes(7));
    expect(() => verifyConsistency(tree(3), tree(7), [new Uint8Array(33), ...rest])).toThrowToolkit('TLOG_PROOF_HASH');
  });

  it('refuses to prove anything from the empty tree, or backwards', () => {
    expect(() => verifyConsistency(tree(0), tree(7), [])).toThrowToolkit('TLOG_PROOF_RANGE', { older: 0 });
    expect(() => verifyConsistency(tree(7), tree(3), [])).toThrowToolkit('TLOG_PROOF_RANGE', { older: 7, newer: 3 });
  });
});

interface Vector {
  readonly wantErr: boolean;
  readonly proof: readonly string[] | null;
  readonly [key: string]: unknown;
}

function readVectors(folder: string): readonly (readonly [string, Vector])[] {
  const root = join(vectors, folder);
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((file) => file.name.endsWith('.json'))
    .map((file) => join(file.parentPath, file.name))
    .sort()
    .map((file) => [relative(root, file), JSON.parse(readFileSync(file, 'utf8'))] as const);
}

const decode = (value: unknown): Uint8Array => new Uint8Array(Buffer.from(String(value), 'base64'));

function checkVectors(folder: string, check: (vector: Vector, path: readonly Uint8Array[]) => void): [number, number] {
  let [accepted, refused] = [0, 0];
  for (const [name, vector] of readVectors(folder)) {
    const run = () => check(vector, (vector.proof ?? []).map(decode));
    if (!vector.wantErr) {
      run();
      accepted += 1;
      continue;
    }
    try {
      run();
    } catch (error) {
      if (!(error instanceof ToolkitError)) throw error;
      refused += 1;
      continue;
    }
    throw new Error(`${folder}/${name} was accepted`);
  }
  return [accepted, refused];
}

describeVectors(`RFC 6962 vectors${skipped}`, () => {
  it('for inclusion are judged as they say', () => {
    const counts = checkVectors('inclusion', (vector, path) => {
      const proof = { index: Number(vector['leafIdx']), leafHash: decode(vector['leafHash']), path };
      verifyInclusion(proof, { size: Number(vector['treeSize']), rootHash: decode(vector['root']) });
    });
    expect(counts).toEqual([6, 92]);
  });

  it('for consistency are judged as they say', () => {
    const counts = checkVectors('consistency', (vector, path) => {
      const older = { size: Number(vector['size1']), rootHash: decode(vector['root1']) };
      const newer = { size: Number(vector['size2']), rootHash: decode(vector['root2']) };
      verifyConsistency(older, newer, path);
    });
    expect(counts).toEqual([6, 92]);
  });
});
