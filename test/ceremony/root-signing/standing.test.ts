import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RoleName } from '../../../src/tuf/layout.ts';
import { CeremonyBench } from '../../support/ceremony-bench.ts';

const roles = ['root', 'targets', 'snapshot', 'timestamp'] as const;
const bench = await CeremonyBench.published();
const pathOf = (role: RoleName) => join(bench.layout.metadata, `${role}.json`);
const record = async () => await Promise.all(roles.map(async (role) => [role, await readFile(pathOf(role))] as const));

const before = new Map(await record());
await bench.rotateOnline('second');
await bench.run('rotate', 'kind: rotate-online\nreason: yearly\n');
const complete = await record();
beforeEach(async () => {
  for (const [role, bytes] of complete) await writeFile(pathOf(role), bytes);
});
afterAll(() => bench[Symbol.asyncDispose]());

/** As a crash leaves them that came before they were written. */
async function putBack(...names: readonly RoleName[]): Promise<void> {
  for (const role of names) await writeFile(pathOf(role), before.get(role) ?? '');
}

describe('readRecorded', () => {
  it('accepts what a crash left of the first event as nothing', async () => {
    for (const role of ['timestamp', 'root'] as const) await rm(pathOf(role));
    expect((await bench.open()).recorded).toBeUndefined();
  });

  it.each([[['root']], [['root', 'timestamp']], [['root', 'timestamp', 'snapshot', 'targets']]] as const)(
    'accepts what a crash left where a root replaces the online key, so that it is published again: %j are old',
    async (old) => {
      await putBack(...old);
      expect((await bench.open()).recorded?.versions.root).toBe(2);
      await bench.publishAssembled('rotate');
      expect((await bench.open()).recorded?.root.version).toBe(2);
    },
  );

  it.each(['snapshot', 'timestamp'] as const)('refuses an old %s once the record is complete', async (role) => {
    await putBack(role);
    await expect(bench.open()).rejects.toThrowToolkit('TUF_THRESHOLD', { role });
  });

  it('refuses a role that the keys of neither root signed', async () => {
    await putBack('root');
    const timestamp = JSON.parse(await readFile(pathOf('timestamp'), 'utf8')) as object;
    await writeFile(pathOf('timestamp'), JSON.stringify({ ...timestamp, signatures: [] }));
    await expect(bench.open()).rejects.toThrowToolkit('TUF_THRESHOLD', { role: 'timestamp' });
  });
});
