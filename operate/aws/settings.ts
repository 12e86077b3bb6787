import { dirname, join, resolve } from 'node:path';
import { placedServices } from '../../lib/access/placement.ts';
import { Names } from '../../lib/names.ts';
import type { OptionSpec, ParsedOptions } from '../../src/cli/command.ts';
import { type AwsConfig, type InstanceConfig, readConfig, rootPolicyFileOf } from '../../src/config/config.ts';
import { readRootPolicy } from '../../src/config/root-policy.ts';
import { allOrErrors } from '../../src/core/all-errors.ts';
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

/**
 * Reads each of the files by itself (see `readDeploymentFiles`): what is wrong in one does not hide what is wrong in
 * another. Whether they fit together is another question, which needs all of them whole.
 * @throws OPS_NOT_ON_AWS, what `readConfig`, `parseDeploymentRecord` and `parseTrustMaterial` throw: the first of them;
 *   where there are more, all are in the message, and in `data.errors`
 */
export async function deploymentFilesAt(configFile: string, directory?: string): Promise<DeploymentFiles> {
  const file = resolve(configFile);
  const beside = resolve(directory ?? dirname(file));
  const recordFile = join(beside, 'deployment.json');
  const materialFile = join(beside, 'trust-material.json');
  const [{ config, aws }, record, material] = await allOrErrors([
    readAwsConfig(file),
    readParsed(recordFile, parseDeploymentRecord),
    readParsed(materialFile, parseTrustMaterial),
  ]);
  const names = namesOf(config, aws);
  return { config, aws, names, recordFile, record: record ?? emptyRecord, materialFile, material };
}

/**
 * Reads them, and the root policy that the configuration names, of which synthesis packs a copy.
 * @throws what `deploymentFilesAt` and `readRootPolicy` throw, all at once
 */
export async function synthesisFilesAt(configFile: string, directory?: string): Promise<DeploymentFiles> {
  const policy = async () => {
    const file = await rootPolicyFileOf(resolve(configFile));
    return file && (await readRootPolicy(file));
  };
  const [files] = await allOrErrors([deploymentFilesAt(configFile, directory), policy()]);
  return files;
}

async function readAwsConfig(file: string): Promise<Pick<DeploymentFiles, 'config' | 'aws'>> {
  const config = await readConfig(file);
  if (config.aws === undefined) throw notOnAws(config.file);
  return { config, aws: config.aws };
}

async function readParsed<T>(file: string, parse: (bytes: Uint8Array, what: string) => T): Promise<T | undefined> {
  const bytes = await readFileIfPresent(file, maxBytes);
  return bytes && parse(bytes, file);
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
