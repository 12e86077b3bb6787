import { toBase64, toHex, utf8 } from '../../../src/core/bytes.ts';
import { sha256 } from '../../../src/core/digest.ts';
import { ToolkitError } from '../../../src/core/error.ts';
import { parseJsonObject } from '../../../src/core/json.ts';
import { assertRead, base64, object, oneOf, readShape } from '../../../src/core/shape.ts';
import type { Store } from '../../../src/core/store.ts';
import { type VerifiedCheckpoint, verifyCheckpoint } from '../../../src/tlog/checkpoint.ts';
import { maxNoteBytes } from '../../../src/tlog/note.ts';
import type { KnownLog } from '../runtime/known-logs.ts';

const format = 'sigstead monitor v1';
const maxBytes = 2 * maxNoteBytes;
const shape = object({ format: oneOf(format), checkpoint: base64 });

/** A checkpoint with the bytes that it was read as: the log's signature is over these. */
export interface SeenCheckpoint {
  readonly bytes: Uint8Array;
  readonly checkpoint: VerifiedCheckpoint;
}

/**
 * Returns the last checkpoint that was kept of a log, its signature verified again; `undefined` where none ever was.
 * @throws OPS_FUNCTION_MEMORY; TLOG_SIGNATURE, TLOG_ORIGIN if somebody changed it
 */
export async function readKept(memory: Store, log: KnownLog): Promise<SeenCheckpoint | undefined> {
  const file = await memory.read(pathOf(log), maxBytes);
  if (file === undefined) return undefined;
  const what = `${memory.uri}/${pathOf(log)}`;
  const { checkpoint: bytes } = assertRead(readShape(shape, parseJsonObject(file, { what, maxBytes })), {
    code: 'OPS_FUNCTION_MEMORY',
    what,
    hint: 'only this function writes it: put the last version of the object back that it wrote',
  });
  return { bytes, checkpoint: verifyCheckpoint(bytes, log) };
}

/** Keeps a checkpoint in the place of the one that was read before; fails if somebody else kept another meanwhile. */
export async function keep(memory: Store, log: KnownLog, { bytes }: SeenCheckpoint): Promise<void> {
  await memory.replace(pathOf(log), utf8(`${JSON.stringify({ format, checkpoint: toBase64(bytes) })}\n`));
}

/** Keeps two checkpoints that do not agree, for ever and as they were signed: together they are the proof. */
export async function keepEvidence(memory: Store, log: KnownLog, seen: readonly SeenCheckpoint[]): Promise<void> {
  for (const { bytes } of seen) {
    await memory.create(`${log.service}/${toHex(sha256(bytes))}.checkpoint`, bytes);
  }
}

/** @throws always: a log that was larger before */
export function wentBack(log: KnownLog, kept: VerifiedCheckpoint, now: VerifiedCheckpoint): ToolkitError {
  return new ToolkitError('OPS_LOG_WENT_BACK', {
    message: `${log.service}: expected a checkpoint of size ${kept.size} or more, as it was seen before, got ${now.size}`,
    fault: 'evidence',
    data: { service: log.service, origin: log.origin, kept: kept.size, got: now.size },
    hint: 'a log never gets smaller: either an old copy is served, or its storage was put back; both checkpoints were kept as evidence',
  });
}

function pathOf({ service }: KnownLog): string {
  return `${service}.json`;
}
