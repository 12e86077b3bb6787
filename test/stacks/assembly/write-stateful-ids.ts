import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { statefulIds } from './stateful-ids.ts';

/* node test/stacks/assembly/write-stateful-ids.ts: freezes the ids that are new. Read the difference before committing. */
await writeFile(join(import.meta.dirname, 'stateful-ids.txt'), `${(await statefulIds()).join('\n')}\n`);
