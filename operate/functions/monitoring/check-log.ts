import { equalBytes, toHex } from '../../../src/core/bytes.ts';
import { ToolkitError } from '../../../src/core/error.ts';
import type { Store } from '../../../src/core/store.ts';
import { checkpointPath, type VerifiedCheckpoint, verifyCheckpoint } from '../../../src/tlog/checkpoint.ts';
import { verifyConsistency } from '../../../src/tlog/merkle.ts';
import { TileHashes } from '../../../src/tlog/tile-hashes.ts';
import type { TileReader } from '../../../src/tlog/tiles.ts';
import type { KnownLog } from '../runtime/known-logs.ts';
import { keep, keepEvidence, readKept, type SeenCheckpoint, wentBack } from './kept-checkpoint.ts';

export interface CheckLogOptions {
  readonly log: KnownLog;
  readonly read: TileReader;
  /** Where checkpoints are kept; the log's servers cannot write there. */
  readonly memory: Store;
}

export interface LogStanding {
  readonly service: string;
  readonly size: number;
  /** Of the checkpoint that was kept before; absent at the first look, which trusts what it sees. */
  readonly previousSize?: number;
}

/**
 * Checks that a log's checkpoint is signed, that its tiles give its root, and that it extends the one that was kept
 * before; then keeps it. Where it does not extend it, both are kept as evidence, and what was kept before stays.
 * @throws TLOG_INCONSISTENT, OPS_LOG_WENT_BACK, TLOG_ROOT, TLOG_MISSING_TILE, TLOG_SIGNATURE, … – evidence
 * @throws OPS_NO_CHECKPOINT, CORE_HTTP_UNREACHABLE, STORE_…
 */
export async function checkLog({ log, read, memory }: CheckLogOptions): Promise<LogStanding> {
  const kept = await readKept(memory, log);
  const seen = await readCheckpoint(log, read);
  if (kept) {
    try {
      await assertExtends(log, kept.checkpoint, seen.checkpoint, read);
    } catch (error) {
      if (error instanceof ToolkitError && error.fault === 'evidence') await keepEvidence(memory, log, [kept, seen]);
      throw error;
    }
  } else {
    await assertRoot(seen.checkpoint, read);
  }
  if (!kept || seen.checkpoint.size > kept.checkpoint.size) await keep(memory, log, seen);
  const { size } = seen.checkpoint;
  return { service: log.service, size, ...(kept && { previousSize: kept.checkpoint.size }) };
}

async function readCheckpoint(log: KnownLog, read: TileReader): Promise<SeenCheckpoint> {
  const bytes = await read(checkpointPath);
  if (bytes) return { bytes, checkpoint: verifyCheckpoint(bytes, log) };
  throw new ToolkitError('OPS_NO_CHECKPOINT', {
    message: `${log.service}: expected a checkpoint at ${log.url}, found none`,
    fault: 'environment',
    data: { service: log.service, url: log.url },
    hint: 'the log has not published yet, or its bucket is empty: never start it over one that had a checkpoint',
  });
}

async function assertExtends(
  log: KnownLog,
  kept: VerifiedCheckpoint,
  now: VerifiedCheckpoint,
  read: TileReader,
): Promise<void> {
  if (now.size < kept.size) throw wentBack(log, kept, now);
  // A proof from the empty tree would prove nothing.
  if (kept.size === 0) return await assertRoot(now, read);
  const path = now.size === kept.size ? [] : await new TileHashes(now.size, read).consistencyPath(kept.size);
  verifyConsistency(kept, now, path);
}

async function assertRoot(checkpoint: VerifiedCheckpoint, read: TileReader): Promise<void> {
  const { size, rootHash, origin } = checkpoint;
  if (size === 0) return;
  const computed = await new TileHashes(size, read).range(0, size);
  if (equalBytes(computed, rootHash)) return;
  throw new ToolkitError('TLOG_ROOT', {
    message: `${origin}: its tiles give root ${toHex(computed)} at size ${size}, it signed ${toHex(rootHash)}`,
    fault: 'evidence',
    data: { size, computed: toHex(computed), signed: toHex(rootHash) },
  });
}
