/** Writes the facts of docs/errors.md anew from the code: `node docs/generate-errors.ts`. A test compares them. */
import { fileURLToPath } from 'node:url';
import { parseUtf8 } from '../src/core/bytes.ts';
import { readFileIfPresent, replaceFile } from '../src/core/files.ts';
import { collectErrors } from './error-catalogue.ts';
import { errorsPage } from './errors-page.ts';
import { readProductSources } from './source-tree.ts';

const project = fileURLToPath(new URL('..', import.meta.url));
const page = `${project}docs/errors.md`;

const existing = parseUtf8((await readFileIfPresent(page, 1_048_576)) ?? new Uint8Array());
await replaceFile(page, errorsPage(collectErrors(await readProductSources(project)), existing));
