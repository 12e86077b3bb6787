import { expect } from '@jest/globals';
import type { sigsteadJson } from './instance.ts';

/** Passes if a command was refused with this exit code and error code, in a message that holds all these words. */
export function expectRefusal(
  refused: Awaited<ReturnType<typeof sigsteadJson>>,
  expected: { readonly exitCode: number; readonly code: string; readonly names?: readonly string[] },
): void {
  const { exitCode, document } = refused;
  const { code, message } = (document['error'] ?? {}) as { code?: string; message?: string };
  // The message stands on both sides, so that a difference in the others shows it.
  expect({ exitCode, code, message }).toEqual({ exitCode: expected.exitCode, code: expected.code, message });
  for (const name of expected.names ?? []) expect(message).toContain(name);
}
