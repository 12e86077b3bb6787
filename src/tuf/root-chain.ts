import { ToolkitError } from '../core/error.ts';
import { maxMetadataBytes, maxRootRotations, metadataPath } from './layout.ts';
import { parseMetadata, type RootMetadata } from './metadata.ts';
import type { ReadFile } from './reader.ts';
import { quorumOf, verifyThreshold } from './threshold.ts';

/**
 * Walks from a pinned root to the one in force and returns them all, the pinned one first (TUF §5.2–5.3).
 *
 * Expiry is not looked at: only that of the last root matters, and `verifyRepository` checks it.
 * @throws TUF_THRESHOLD, TUF_VERSION, TUF_METADATA
 */
export async function walkRootChain(read: ReadFile, pinnedRoot: Uint8Array): Promise<readonly RootMetadata[]> {
  let current = parseMetadata(pinnedRoot, 'root');
  verifyThreshold(current, 'root', quorumOf(current, 'root'));
  const roots = [current];
  for (let rotations = 0; rotations < maxRootRotations; rotations += 1) {
    const bytes = await read(metadataPath('root', current.version + 1), maxMetadataBytes.root);
    if (bytes === undefined) return roots;
    const next = parseMetadata(bytes, 'root');
    verifyRootUpdate(current, next);
    roots.push(next);
    current = next;
  }
  throw new ToolkitError('TUF_VERSION', {
    message: `root: expected at most ${maxRootRotations} versions after the pinned one, got more`,
    fault: 'evidence',
    hint: 'pin a newer root: clients give up here as well',
  });
}

/**
 * Passes if `next` may follow `current`: signed by the threshold of both, and exactly one version later.
 * @throws TUF_THRESHOLD, TUF_VERSION
 */
export function verifyRootUpdate(current: RootMetadata, next: RootMetadata): void {
  verifyThreshold(next, 'root', quorumOf(current, 'root'));
  verifyThreshold(next, 'root', quorumOf(next, 'root'));
  if (next.version === current.version + 1) return;
  throw new ToolkitError('TUF_VERSION', {
    message: `root: expected version ${current.version + 1} after ${current.version}, got ${next.version}`,
    fault: 'evidence',
    data: { role: 'root', expected: current.version + 1, got: next.version },
  });
}
