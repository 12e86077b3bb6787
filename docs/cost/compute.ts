/**
 * Writes the table of docs/cost.md from what `cdk synth` made of the configuration with `availability: dev` and `ha`:
 *
 *     node docs/cost/compute.ts --dev cdk.out/dev --ha cdk.out/ha [--check | --print]
 *
 * With --check it writes nothing, and fails if the page says something else. With --print the table goes to stdout.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { utf8 } from '../../src/core/bytes.ts';
import { replaceFile } from '../../src/core/files.ts';
import { readAssembly } from './assembly.ts';
import { costsOf, costTable, withTable } from './cost-table.ts';
import { parsePriceList } from './price-list.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const page = `${project}docs/cost.md`;

const { values } = parseArgs({
  options: { dev: { type: 'string' }, ha: { type: 'string' }, check: { type: 'boolean' }, print: { type: 'boolean' } },
});
const { dev, ha, check = false, print = false } = values;
if (dev === undefined || ha === undefined) throw new Error('expected --dev DIRECTORY and --ha DIRECTORY');
const prices = parsePriceList(await readFile(`${project}docs/cost/prices-2026-11.yaml`, 'utf8'));
const [devCosts, haCosts] = [costsOf(await readAssembly(dev), prices), costsOf(await readAssembly(ha), prices)];
const table = costTable(devCosts, haCosts, prices);
const existing = await readFile(page, 'utf8');
const computed = withTable(existing, table);
if (print) process.stdout.write(`${table}\n`);
else if (!check) await replaceFile(page, utf8(computed));
else if (computed !== existing)
  throw new Error('docs/cost.md is out of date: run docs/cost/compute.ts without --check');
