/** Writes the JSON Schemas beside this file: `node docs/generate-schemas.ts`, then `npm run format`. A test compares them with the code. */

import { caIntentJsonSchema } from '../src/config/ca-intent.ts';
import { configJsonSchema } from '../src/config/config.ts';
import { intentJsonSchema } from '../src/config/intent.ts';
import { rootPolicyJsonSchema } from '../src/config/root-policy.ts';
import { replaceFile } from '../src/core/files.ts';

const schemas = {
  'sigstead.schema.json': configJsonSchema(),
  'root-policy.schema.json': rootPolicyJsonSchema(),
  'intent.schema.json': intentJsonSchema(),
  'ca-intent.schema.json': caIntentJsonSchema(),
};

for (const [name, schema] of Object.entries(schemas)) {
  await replaceFile(`${import.meta.dirname}/${name}`, `${JSON.stringify(schema, undefined, 2)}\n`);
}
