import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { namesOf } from '../../operate/aws/settings.ts';
import { packageDirectory } from '../../operate/settings.ts';
import { readConfig } from '../../src/config/config.ts';
import { formatDeploymentRecord } from '../../src/services/deployment.ts';
import { formatTrustMaterial } from '../../src/trust/material.ts';
import { materialOf, recordOf } from '../../test/support/recorded-deployment.ts';

/**
 * Writes `examples/production.yaml` into a directory, with what deployment and ceremony would have recorded beside it,
 * so that every stack is made.
 */
export async function writeRecordedInstance(
  directory: string,
  edit: (text: string) => string = (text) => text,
): Promise<void> {
  const examples = join(packageDirectory, 'examples');
  const rootHistory = join(directory, 'root-signing', 'metadata', 'root_history');
  await mkdir(rootHistory, { recursive: true });
  await cp(join(examples, 'root-signing', 'policy.yaml'), join(directory, 'root-signing', 'policy.yaml'));
  await writeFile(join(rootHistory, '1.root.json'), '{}\n');
  const file = join(directory, 'sigstead.yaml');
  await writeFile(file, edit(await readFile(join(examples, 'production.yaml'), 'utf8')));
  const config = await readConfig(file);
  if (config.aws === undefined) throw new Error('the example has a section aws');
  const record = recordOf({ config, aws: config.aws, names: namesOf(config, config.aws) });
  await writeFile(join(directory, 'deployment.json'), formatDeploymentRecord(record));
  const material = await materialOf({ config }, record, new Date());
  await writeFile(join(directory, 'trust-material.json'), formatTrustMaterial(material));
}
