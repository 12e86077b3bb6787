import type { PriceList } from './price-list.ts';
import { quantityOf, type Resources } from './quantities.ts';

/** What all resources of one type cost in a month in which nobody signs. */
export interface Cost {
  readonly type: string;
  readonly count: number;
  readonly monthly: number;
}

/**
 * Adds up the resources of all stacks, by type.
 * @throws an error that names every type without a price: nothing is left out quietly
 */
export function costsOf(stacks: readonly Resources[], prices: PriceList): ReadonlyMap<string, Cost> {
  const costs = new Map<string, Cost>();
  const unpriced = new Set<string>();
  for (const resources of stacks) {
    for (const resource of Object.values(resources)) {
      const type = canonical(resource.Type);
      const price = prices.byType.get(type);
      if (price === undefined) {
        unpriced.add(type);
        continue;
      }
      const { count, monthly } = costs.get(type) ?? { count: 0, monthly: 0 };
      const own = price.parts.map(({ quantity, perMonth }) => quantityOf(quantity, resource, resources) * perMonth);
      costs.set(type, { type, count: count + 1, monthly: monthly + own.reduce((sum, one) => sum + one, 0) });
    }
  }
  if (unpriced.size === 0) return costs;
  throw new Error(
    `no price for ${[...unpriced].toSorted().join(', ')}: add them to the price list, free ones with the reason`,
  );
}

/** The name that a custom resource gives itself says nothing about its price. */
function canonical(type: string): string {
  return type.startsWith('Custom::') ? 'AWS::CloudFormation::CustomResource' : type;
}

type Costs = ReadonlyMap<string, Cost>;

/** Renders the table of docs/cost.md: what costs something by its share, then what is free by its name. */
export function costTable(dev: Costs, ha: Costs, prices: PriceList): string {
  const types = [...new Set([...dev.keys(), ...ha.keys()])].toSorted((a, b) => {
    return (ha.get(b)?.monthly ?? 0) - (ha.get(a)?.monthly ?? 0) || (a < b ? -1 : 1);
  });
  const rows = types.map((type) => {
    const { free = '', use = '' } = prices.byType.get(type) ?? {};
    return [`\`${type}\``, ...[dev, ha].flatMap((costs) => cells(costs.get(type))), free, use];
  });
  const header = ['resource', 'dev', '$ a month', 'ha', '$ a month', 'free, because', 'grows with use, $'];
  const sum = [
    '**all**',
    ...[dev, ha].flatMap((costs) => [String(totalCount(costs)), `**${totalOf(costs).toFixed(2)}**`]),
    '',
    '',
  ];
  return [header, ['---', '--:', '--:', '--:', '--:', '---', '---'], sum, ...rows]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');
}

export function totalOf(costs: Costs): number {
  return [...costs.values()].reduce((sum, { monthly }) => sum + monthly, 0);
}

function totalCount(costs: Costs): number {
  return [...costs.values()].reduce((sum, { count }) => sum + count, 0);
}

function cells(cost: Cost | undefined): readonly string[] {
  return cost === undefined ? ['–', '–'] : [String(cost.count), cost.monthly === 0 ? '0' : cost.monthly.toFixed(2)];
}

const begin = '<!-- costs: written by docs/cost/compute.ts -->';
const end = '<!-- end of costs -->';

/** Puts a table between the markers of the page. @throws an error where the page has no such place */
export function withTable(page: string, table: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`expected ${begin} and ${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${table}\n\n${page.slice(to)}`;
}
