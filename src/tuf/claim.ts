import { createHash } from 'node:crypto';
import { ToolkitError } from '../core/error.ts';
import type { FileClaim } from './document.ts';
import type { ReadFile } from './reader.ts';

/** Hash algorithms that metadata may name; one we do not know is ignored, as clients do. */
const algorithms = new Set(['sha256', 'sha512']);

/**
 * Reads a file that metadata names and checks its length and hashes before anyone parses it.
 * @throws TUF_MISSING if it is not there
 * @throws TUF_HASH if it is longer, shorter or another file
 */
export async function readClaimed(read: ReadFile, path: string, claim: FileClaim, cap: number): Promise<Uint8Array> {
  const maxBytes = Math.min(claim.length ?? cap, cap);
  let bytes: Uint8Array | undefined;
  try {
    bytes = await read(path, maxBytes);
  } catch (cause) {
    const endless = cause instanceof ToolkitError && cause.code === 'CORE_TOO_LARGE';
    throw endless ? mismatch(path, `at most ${maxBytes} bytes`, 'more', cause) : cause;
  }
  if (bytes === undefined) throw missing(path);
  assertClaim(bytes, claim, path);
  return bytes;
}

/** Returns the digest of `bytes` by the algorithm of `digest`, see `TargetClaim`. */
export function digestLike(digest: string, bytes: Uint8Array): string {
  return createHash(digest.length === 128 ? 'sha512' : 'sha256')
    .update(bytes)
    .digest('hex');
}

/** The error of a file that other metadata names and nobody serves. */
export function missing(path: string): ToolkitError {
  return new ToolkitError('TUF_MISSING', {
    message: `${path}: expected a file of the repository, got none`,
    fault: 'environment',
    data: { path },
    hint: 'the repository is incomplete: publish it again, or wait until every copy of it is up to date',
  });
}

function assertClaim(bytes: Uint8Array, claim: FileClaim, path: string): void {
  if (claim.length !== undefined && bytes.length !== claim.length) {
    throw mismatch(path, `${claim.length} bytes`, `${bytes.length}`);
  }
  for (const [algorithm, expected] of claim.hashes) {
    if (!algorithms.has(algorithm)) continue;
    const got = createHash(algorithm).update(bytes).digest('hex');
    if (got !== expected) throw mismatch(path, `${algorithm} ${expected}`, got);
  }
}

function mismatch(path: string, expected: string, got: string, cause?: unknown): ToolkitError {
  return new ToolkitError('TUF_HASH', {
    message: `${path}: expected ${expected}, got ${got}`,
    fault: 'evidence',
    data: { path, expected, got },
    cause,
  });
}
