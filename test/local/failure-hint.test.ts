import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { failureHint } from '../../local/failure-hint.ts';
import { StateDirectory } from '../../local/state.ts';

// A full disk is a real one: see test/faults/full-disk.test.ts.
describe('failureHint', () => {
  it('points at the log where the disk has room, and where there is no disk to look at', async () => {
    const state = new StateDirectory(await mkdtemp(join(tmpdir(), "sigstead's test-")));
    const quoted = state.path.replace("'", String.raw`'\''`);
    const hint = `see the whole log: sigstead logs fulcio --state '${quoted}'`;
    expect(await failureHint('fulcio', state)).toBe(hint);
    await rm(state.path, { recursive: true });
    expect(await failureHint('fulcio', state)).toBe(hint);
  });
});
