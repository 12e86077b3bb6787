import type { Act } from '../../../ceremony/transcript/entry.ts';
import { sha256Hex } from '../../../src/core/digest.ts';

export const start = new Date('2026-11-02T10:00:00Z');

/** An act `seconds` after the start. */
export function act(seconds: number, change: Partial<Act> = {}): Act {
  return {
    at: new Date(start.getTime() + seconds * 1_000),
    actor: 'alice',
    tool: 'sigstead 0.1.0',
    verb: 'sign',
    step: 'sign-alice',
    inputs: { 'payloads/root.v16.canonical': sha256Hex('root') },
    outputs: { 'signatures/root.v16.5f0c.json': sha256Hex(`signature ${seconds}`) },
    ...change,
  };
}
