import { join } from 'node:path';
import { type InstanceConfig, readConfig } from '../../src/config/config.ts';
import { projectDirectory } from './instance.ts';

/** The smallest configuration that we ship. */
export async function minimalConfig(): Promise<InstanceConfig> {
  return await readConfig(join(projectDirectory, 'examples', 'minimal.yaml'));
}
