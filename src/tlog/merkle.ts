import { equalBytes, toHex } from '../core/bytes.ts';
import { sha256 } from '../core/digest.ts';
import { ToolkitError } from '../core/error.ts';

/** Every hash of these trees is SHA-256. */
export const hashBytes = 32;

/** A tree by its size and root. */
export interface TreeHead {
  readonly size: number;
  readonly rootHash: Uint8Array;
}

/** Why a leaf is in a tree: the hashes beside its way up to the root. */
export interface InclusionProof {
  readonly index: number;
  readonly leafHash: Uint8Array;
  readonly path: readonly Uint8Array[];
}

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

/** Returns the hash of a leaf. Its prefix differs from a node's, so that no node can be passed off as a leaf. */
export function leafHash(entry: Uint8Array): Uint8Array {
  return sha256(leafPrefix, entry);
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(nodePrefix, left, right);
}

/** Returns the root of the tree over these leaves (RFC 9162 §2.1.1). */
export function treeRoot(leafHashes: readonly Uint8Array[]): Uint8Array {
  return rootOf(treeLevels(leafHashes));
}

/**
 * Yields the complete subtrees' hashes from the leaves up: element `i` of level `h` covers leaves
 * `i * 2^h` to `(i + 1) * 2^h - 1`. What is left over at the right edge of a level has no hash there.
 */
export function* treeLevels(leafHashes: readonly Uint8Array[]): Generator<readonly Uint8Array[]> {
  for (let level = leafHashes; level.length > 0; level = parents(level)) yield level;
}

/** Returns the root above the levels that `treeLevels` yields. */
export function rootOf(levels: Iterable<readonly Uint8Array[]>): Uint8Array {
  let root: Uint8Array | undefined;
  for (const level of levels) {
    const edge = level.at(-1);
    if (edge !== undefined && level.length % 2 === 1) root = root === undefined ? edge : nodeHash(edge, root);
  }
  return root ?? sha256();
}

/**
 * Checks that a leaf is in a tree (RFC 9162 §2.1.3.2). The root must come from a checkpoint whose signature
 * was already verified.
 *
 * @throws TLOG_PROOF_RANGE if index or size is not a count
 * @throws TLOG_PROOF_HASH if a hash has not 32 bytes
 * @throws TLOG_PROOF_LENGTH if the path is not as long as index and size dictate
 * @throws TLOG_INCLUSION if the path does not end at the root, or the index lies outside the tree
 */
export function verifyInclusion(proof: InclusionProof, tree: TreeHead): void {
  const { index, path } = proof;
  assertCount(index, 'index');
  assertCount(tree.size, 'size');
  if (index >= tree.size) throw notIncluded(index, tree, 'it lies outside the tree');
  assertHash(proof.leafHash, 'leaf');
  let root = proof.leafHash;
  for (const step of stepsUp(index, tree.size - 1, path)) {
    root = step.side === 'left' ? nodeHash(step.hash, root) : nodeHash(root, step.hash);
  }
  if (!equalBytes(root, tree.rootHash)) throw notIncluded(index, tree, `its path ends at ${toHex(root)}`);
}

/**
 * Checks that `newer` extends `older` without rewriting any leaf (RFC 9162 §2.1.4.2).
 *
 * Both roots must come from checkpoints whose signatures were already verified. Equal sizes need equal roots and an
 * empty path. Any tree extends the empty one, so a proof from size 0 would prove nothing and is refused.
 *
 * @throws TLOG_PROOF_RANGE unless 0 < older.size ≤ newer.size
 * @throws TLOG_PROOF_HASH if a hash has not 32 bytes
 * @throws TLOG_PROOF_LENGTH if the path is not as long as the sizes dictate
 * @throws TLOG_INCONSISTENT if the path does not connect the roots – evidence of a fork
 */
export function verifyConsistency(older: TreeHead, newer: TreeHead, path: readonly Uint8Array[]): void {
  assertCount(older.size, 'older size');
  assertCount(newer.size, 'newer size');
  if (older.size === 0 || older.size > newer.size) throw notOrdered(older.size, newer.size);
  const roots = older.size === newer.size ? sameTree(older, path) : rootsAbove(older, newer, path);
  if (!equalBytes(roots.older, older.rootHash) || !equalBytes(roots.newer, newer.rootHash)) {
    throw inconsistent(older, newer);
  }
}

function sameTree(tree: TreeHead, path: readonly Uint8Array[]): { older: Uint8Array; newer: Uint8Array } {
  if (path.length > 0) throw wrongLength(`expected an empty path, got ${path.length} hashes`);
  return { older: tree.rootHash, newer: tree.rootHash };
}

/** Returns the roots that the path gives for both trees, from the largest complete subtree at the older one's edge. */
function rootsAbove(
  older: TreeHead,
  newer: TreeHead,
  path: readonly Uint8Array[],
): { older: Uint8Array; newer: Uint8Array } {
  let position = older.size - 1;
  let last = newer.size - 1;
  while (isOdd(position)) {
    position = half(position);
    last = half(last);
  }
  // Position 0 means that the older tree is one complete subtree: its root is the start, and is not in the path.
  const [start, ...rest] = position === 0 ? [older.rootHash, ...path] : path;
  if (start === undefined) throw wrongLength('expected a path that is not empty');
  assertHash(start, 'path');
  const roots = { older: start, newer: start };
  for (const { side, hash } of stepsUp(position, last, rest)) {
    if (side === 'left') roots.older = nodeHash(hash, roots.older);
    roots.newer = side === 'left' ? nodeHash(hash, roots.newer) : nodeHash(roots.newer, hash);
  }
  return roots;
}

/** Yields each hash of the path with the side it stands on, on the way from `position` to the root. */
function* stepsUp(
  position: number,
  last: number,
  path: readonly Uint8Array[],
): Generator<{ side: 'left' | 'right'; hash: Uint8Array }> {
  let [at, edge] = [position, last];
  for (const hash of path) {
    if (edge === 0) throw wrongLength(`expected a shorter path, got ${path.length} hashes`);
    assertHash(hash, 'path');
    const side = isOdd(at) || at === edge ? 'left' : 'right';
    yield { side, hash };
    // At the right edge a node without a sibling rises as it is: those levels have no hash in the path.
    while (side === 'left' && !isOdd(at) && at !== 0) {
      at = half(at);
      edge = half(edge);
    }
    at = half(at);
    edge = half(edge);
  }
  if (edge !== 0) throw wrongLength(`expected a longer path, got ${path.length} hashes`);
}

function parents(level: readonly Uint8Array[]): readonly Uint8Array[] {
  const above: Uint8Array[] = [];
  let left: Uint8Array | undefined;
  for (const hash of level) {
    if (left === undefined) left = hash;
    else {
      above.push(nodeHash(left, hash));
      left = undefined;
    }
  }
  return above;
}

// Sizes go up to 2^53; the bitwise operators of JavaScript end at 2^32.
function half(count: number): number {
  return Math.floor(count / 2);
}

function isOdd(count: number): boolean {
  return count % 2 === 1;
}

function assertCount(value: number, what: string): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw new ToolkitError('TLOG_PROOF_RANGE', {
    message: `proof: ${what}: expected a count below 2^53, got ${value}`,
    fault: 'input',
    data: { value },
    hint: 'the proof is damaged; get it again from the log',
  });
}

function assertHash(hash: Uint8Array, what: string): void {
  if (hash.length === hashBytes) return;
  throw new ToolkitError('TLOG_PROOF_HASH', {
    message: `proof: ${what}: expected a hash of ${hashBytes} bytes, got ${hash.length}`,
    fault: 'evidence',
    data: { bytes: hash.length },
  });
}

function notOrdered(older: number, newer: number): ToolkitError {
  return new ToolkitError('TLOG_PROOF_RANGE', {
    message: `consistency proof: expected sizes 0 < older ≤ newer, got older ${older} and newer ${newer}`,
    fault: 'caller',
    data: { older, newer },
  });
}

function wrongLength(message: string): ToolkitError {
  return new ToolkitError('TLOG_PROOF_LENGTH', { message: `proof: ${message}`, fault: 'evidence' });
}

function notIncluded(index: number, tree: TreeHead, why: string): ToolkitError {
  return new ToolkitError('TLOG_INCLUSION', {
    message: `entry ${index} is not in the tree of size ${tree.size} and root ${toHex(tree.rootHash)}: ${why}`,
    fault: 'evidence',
    data: { index, size: tree.size, rootHash: toHex(tree.rootHash) },
  });
}

function inconsistent(older: TreeHead, newer: TreeHead): ToolkitError {
  const data = {
    older: { size: older.size, rootHash: toHex(older.rootHash) },
    newer: { size: newer.size, rootHash: toHex(newer.rootHash) },
  };
  return new ToolkitError('TLOG_INCONSISTENT', {
    message: `the tree of size ${newer.size} does not extend the tree of size ${older.size}: the log has forked`,
    fault: 'evidence',
    data,
  });
}
