import { describe, expect, it } from '@jest/globals';
import { readProductSources } from '../../../docs/source-tree.ts';
import { moments } from '../../../src/core/moment.ts';
import { projectDirectory } from '../../support/instance.ts';

describe('moments', () => {
  it('are named once each, and none that nothing gets to', async () => {
    const sources = [...(await readProductSources(projectDirectory)).values()].join('\n');
    const reached = [...sources.matchAll(/\breached\(\s*'([a-z-]+)'/g)].map(([, name]) => name);
    expect([...new Set(reached)].sort()).toEqual(moments.toSorted());
  });
});
