import { describe, expect, it } from '@jest/globals';
import { publishedVersionsPath } from '../../../../operate/functions/resigning/published-versions.ts';
import { resignPublished } from '../../../../operate/functions/resigning/resign.ts';
import { utf8 } from '../../../../src/core/bytes.ts';
import { ToolkitError } from '../../../../src/core/error.ts';
import { inDays, MemoryStore, online, onRepository, publishedRepository } from '../../../support/root-of-trust.ts';
import { recordedLog } from '../recorded-log.ts';

async function stage() {
  const published = await publishedRepository();
  const memory = new MemoryStore();
  let closed = 0;
  const close = () => {
    closed += 1;
  };
  const openOnline = async () => ({ ...online, close });
  const run = async (day: number, recorded = recordedLog(), change = {}) => {
    const { policy, store, pinnedRoot } = onRepository(published);
    const options = { policy, store, pinnedRoot, memory, openOnline, now: inDays(day), ...change };
    return await resignPublished(options, recorded.log);
  };
  return { published, memory, run, closed: () => closed };
}

describe('resignPublished', () => {
  it('signs what is due, remembers it, and measures what is left', async () => {
    const { memory, run, closed } = await stage();
    const recorded = recordedLog();
    expect(await run(0.5, recorded)).toMatchObject({ changed: [], versions: { timestamp: 1 } });
    expect(recorded.metrics()).toEqual({
      TufTimestampExpiresInHours: [60],
      TufSnapshotExpiresInDays: [13.5],
      TufTargetsExpiresInDays: [89.5],
      RootExpiresInDays: [179.5],
    });
    expect(await run(1.5)).toMatchObject({ changed: ['timestamp.json'], versions: { timestamp: 2 } });
    const document = JSON.parse(Buffer.from(memory.files.get(publishedVersionsPath) ?? []).toString());
    expect(document).toMatchObject({ timestamp: { version: 2 }, root: { version: 1 } });
    expect(closed()).toBe(2);
  });

  it('writes its memory only when something changed', async () => {
    const { memory, run } = await stage();
    await run(0.1);
    await run(0.2);
    expect(memory.writes).toEqual([publishedVersionsPath]);
  });

  it('refuses to sign over what somebody put back, and still measures', async () => {
    const { published, run } = await stage();
    const old = published.store.files.get('timestamp.json') ?? new Uint8Array();
    await run(1.5);
    await published.store.replace('timestamp.json', old);
    const recorded = recordedLog();
    await expect(run(1.6, recorded)).rejects.toThrowToolkit('OPS_ROLLED_BACK', { role: 'timestamp', got: 1 });
    expect(recorded.metrics()['TufTimestampExpiresInHours']).toEqual([expect.closeTo(33.6)]);
    expect(published.store.files.get('timestamp.json')).toBe(old);
  });

  it('refuses a memory of another form', async () => {
    const { memory, run } = await stage();
    await memory.replace(publishedVersionsPath, utf8('{}'));
    await expect(run(0.5)).rejects.toThrowToolkit('OPS_FUNCTION_MEMORY');
  });

  it('measures also where the key cannot be had', async () => {
    const { run } = await stage();
    const recorded = recordedLog();
    const denied = new ToolkitError('KEY_KMS_DENIED', { message: 'denied', fault: 'environment' });
    await expect(run(2, recorded, { openOnline: () => Promise.reject(denied) })).rejects.toBe(denied);
    expect(recorded.metrics()['TufTimestampExpiresInHours']).toEqual([24]);
  });
});
