import { parseJsonObject } from '../core/json.ts';
import { assertRead, type Read, type Reading, readShape } from '../core/shape.ts';

const maxBytes = 1 << 20;

/** Reads a file that clients read, and returns its problems instead of throwing them. */
export function readClientFile<T>(shape: Read<T>, file: Uint8Array, what: string): Reading<T> {
  return readShape(shape, parseJsonObject(file, { what, maxBytes }));
}

/** Returns what was read of a file that clients read, or throws TRUST_FORMAT with every problem. */
export function assertClientFile<T>(reading: Reading<T>, what: string): T {
  const hint = 'clients refuse this file as a whole; compile it anew';
  return assertRead(reading, { code: 'TRUST_FORMAT', what, hint });
}
