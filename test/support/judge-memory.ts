import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judgeRepository } from '../../src/tuf/judge.ts';
import { type MemoryStore, readerOf } from './root-of-trust.ts';

/** The memory of a tuf-js client that saw what is in a store, or nothing yet. */
export async function memoryThatSaw(
  store: MemoryStore | undefined,
  client: { readonly pinnedRoot: Uint8Array; readonly now: Date },
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'sigstead-memory-'));
  if (store) await judgeRepository({ ...client, read: readerOf(store), targets: [], memory: path });
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
