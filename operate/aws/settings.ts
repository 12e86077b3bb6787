import { dirname, join, resolve } from 'node:path';
import { placedServices } from '../../lib/access/placement.ts';
import { Names } from '../../lib/names.ts';
import type { OptionSpec, ParsedOptions } from '../../src/cli/command.ts';
import { type AwsConfig, type InstanceConfig, readConfig } from '../../src/config/config.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { readFileIfPresent } from '../../src/core/files.ts';
import {
  type DeploymentRecord,
  emptyRecord,
  keyOfService,
  parseDeploymentRecord,
  type ServiceKey,
} from '../../src/services/deployment.ts';
import { parseTrustMaterial, type TrustMaterial } from '../../src/trust/material.ts';

const maxBytes = 1 << 20;

export const deploymentOptions = {
  config: { type: 'string', value: 'FILE', help: 'the configuration of the instance (default: sigstead.yaml)' },
  deployment: {
    type: 'string',
    value: 'DIR',
    help: 'where deployment.json and trust-material.json are (default: beside the configuration)',
  },
} as const satisfies Record<string, OptionSpec>;

/** An instance on AWS as its files describe it. */
export interface DeploymentFiles {
  readonly config: InstanceConfig;
  readonly aws: AwsConfig;
  readonly names: Names;
  readonly recordFile: string;
  readonly record: DeploymentRecord;
  readonly materialFile: string;
  readonly material: TrustMaterial | undefined;
}

/**
 * Reads the configuration of an instance on AWS and what was recorded of its deployment so far.
 * @throws OPS_NOT_ON_AWS if the configuration has no section `aws`
 */
export async function readDeploymentFiles(options: ParsedOptions): Promise<DeploymentFiles> {
  return await deploymentFilesAt(options.text('config') ?? 'sigstead.yaml', options.text('deployment'));
}

export async function deploymentFilesAt(configFile: string, directory?: string): Promise<DeploymentFiles> {
  const config = await readConfig(resolve(configFile));
  const aws = config.aws;
  if (aws === undefined) throw notOnAws(config.file);
  const beside = resolve(directory ?? dirname(config.file));
  const recordFile = join(beside, 'deployment.json');
  const materialFile = join(beside, 'trust-material.json');
  const recorded = await readFileIfPresent(recordFile, maxBytes);
  const material = await readFileIfPresent(materialFile, maxBytes);
  return {
    config,
    aws,
    names: namesOf(config, aws),
    recordFile,
    record: recorded ? parseDeploymentRecord(recorded, recordFile) : emptyRecord,
    materialFile,
    material: material && parseTrustMaterial(material, materialFile),
  };
}

export function namesOf({ instance }: InstanceConfig, { account, keysAccount, regions }: AwsConfig): Names {
  return new Names({ instance: instance.name, account, keysAccount, writeRegion: regions[0] ?? '' });
}

/**
 * Returns a key as it was recorded.
 * @throws OPS_KEY_UNRECORDED
 */
export function recordedKey(files: DeploymentFiles, id: string): ServiceKey {
  const { record, recordFile } = files;
  const service = placedServices(files).find((placed) => placed.id === id);
  const key = service && keyOfService(service, record);
  if (key) return key;
  throw new ToolkitError('OPS_KEY_UNRECORDED', {
    message: `${recordFile}: expected the key of ${id}, got none`,
    fault: 'input',
    data: { service: id, file: recordFile },
    hint: 'deploy the stacks of the keys, then run: sigstead aws record',
  });
}

function notOnAws(file: string): ToolkitError {
  return new ToolkitError('OPS_NOT_ON_AWS', {
    message: `${file}: expected a section aws, got none`,
    fault: 'input',
    data: { file },
    hint: 'say in it where the instance is deployed: see examples/production.yaml',
  });
}
