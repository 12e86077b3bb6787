import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { costsOf, costTable, withTable } from '../../docs/cost/cost-table.ts';
import { parsePriceList } from '../../docs/cost/price-list.ts';
import type { Resources } from '../../docs/cost/quantities.ts';
import { assembly, type Profile } from '../stacks/assembly/synthesise.ts';
import { projectDirectory } from '../support/instance.ts';

export const costPage = join(projectDirectory, 'docs', 'cost.md');

/** Returns docs/cost.md with the costs of `examples/production.yaml`, everything in it deployed. */
export async function computedCostPage(): Promise<string> {
  const prices = parsePriceList(await readFile(join(projectDirectory, 'docs', 'cost', 'prices-2026-11.yaml'), 'utf8'));
  const costs = async (profile: Profile) => {
    const { assembly: stacks } = await assembly(profile);
    return costsOf(
      stacks.map(({ resources }) => resources as Resources),
      prices,
    );
  };
  return withTable(await readFile(costPage, 'utf8'), costTable(await costs('dev'), await costs('ha-public'), prices));
}
