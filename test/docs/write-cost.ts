import { writeFile } from 'node:fs/promises';
import { computedCostPage, costPage } from './cost-page.ts';

/* node test/docs/write-cost.ts: writes the table of docs/cost.md anew. */
await writeFile(costPage, await computedCostPage());
