import { describe, expect, it } from '@jest/globals';
import { renderReview } from '../../../ceremony/review/render.ts';
import { screenOf } from '../../../ceremony/review/screen.ts';
import { CeremonyBench } from '../../support/ceremony-bench.ts';

const replaced = 'ab'.repeat(32);
const intent = `kind: regenesis\nreason: three keys burned\nreplaces: ${replaced}\n`;

describe('an event of kind regenesis', () => {
  it('accepts a first root in an empty directory, and tells holders what it takes the place of', async () => {
    await using bench = await CeremonyBench.begin();
    await bench.plan('again', intent);
    const screen = screenOf(await bench.review('again'));
    expect(screen).toMatchObject({ replaces: replaced, baseRoot: null, pinnedRoot: null });
    expect(renderReview(screen)).toContain('no client follows by itself');
    await bench.freeze('again');
    await bench.sign('again');
    expect((await bench.publish('again')).repository.versions.root).toBe(1);
  });

  it('refuses a directory that has a root of trust', async () => {
    await using bench = await CeremonyBench.published();
    await expect(bench.plan('again', intent)).rejects.toThrowToolkit('CER_ALREADY_BEGUN');
  });
});
