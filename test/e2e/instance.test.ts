import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestInstance, type TestInstance, temporaryDirectory } from '../support/instance.ts';

describe('an instance that is up', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let instance: TestInstance;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    instance = await startTestInstance({ state: join(directory.path, 'state') });
  }, 180_000);

  afterAll(async () => {
    await instance?.[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  }, 60_000);

  it('accepts the honest and refuses the rest, with every client found', async () => {
    const smoke = await instance.run('smoke', '--json');
    expect(smoke).toMatchObject({ exitCode: 0 });
  }, 180_000);
});
