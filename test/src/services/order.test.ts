import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { startGroups } from '../../../src/services/order.ts';

const item = (id: string, ...dependsOn: readonly string[]) => ({ id, dependsOn });
const ids = (groups: readonly (readonly { readonly id: string }[])[]) =>
  groups.map((group) => group.map(({ id }) => id));

describe('startGroups', () => {
  it.each([
    [[], []],
    [[item('a'), item('b')], [['a', 'b']]],
    [
      [item('c', 'b'), item('b', 'a'), item('a')],
      [['a'], ['b'], ['c']],
    ],
    [
      [item('d', 'a', 'c'), item('c', 'a'), item('b', 'a'), item('a')],
      [['a'], ['c', 'b'], ['d']],
    ],
  ])('accepts %j', (items, groups) => {
    expect(ids(startGroups(items))).toEqual(groups);
  });

  it('starts nothing before what it needs, and everything once', () => {
    // Each may need any of those before it: never a circle.
    const graphs = fc
      .array(fc.array(fc.nat(30), { maxLength: 4 }), { maxLength: 12 })
      .map((needs) =>
        needs.map((of, index) => item(`s${index}`, ...new Set(of.filter((n) => n < index).map((n) => `s${n}`)))),
      );
    fc.assert(
      fc.property(graphs, (items) => {
        const started = new Set<string>();
        for (const group of startGroups(items.toReversed())) {
          for (const { dependsOn } of group) expect([...started]).toEqual(expect.arrayContaining([...dependsOn]));
          for (const { id } of group) started.add(id);
        }
        expect(started.size).toBe(items.length);
      }),
    );
  });

  it.each([
    ['a circle', [item('a', 'b'), item('b', 'a'), item('c')]],
    ['one that needs itself', [item('a', 'a')]],
    ['one that needs what is not there', [item('a', 'z')]],
  ])('refuses %s, and says who waits for whom', (_, items) => {
    expect(() => startGroups(items)).toThrowToolkit('SVC_ORDER');
    expect(() => startGroups(items)).toThrow(/a needs [abz]/);
  });
});
