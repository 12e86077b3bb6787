import type { AwsConfig, InstanceConfig } from '../src/config/config.ts';
import type { DeploymentRecord } from '../src/services/deployment.ts';
import type { TrustMaterial } from '../src/trust/material.ts';
import type { Names } from './names.ts';

/** Everything that the stacks are made from: nothing is read from disk, environment or network below. */
export interface Deployment {
  readonly config: InstanceConfig;
  readonly aws: AwsConfig;
  readonly names: Names;
  readonly record: DeploymentRecord;
  /** Absent until the first ceremony: then no service is deployed yet. */
  readonly material: TrustMaterial | undefined;
  /** CA certificates (PEM) of the databases of a region. */
  readonly databaseCa: (region: string) => string;
  /** Directories of the bundled scheduled functions, by name. */
  readonly functions: ReadonlyMap<FunctionName, string>;
}

/** Entry points in `operate/functions/`, each with an exported `handler`. */
export type FunctionName = 'shard-database' | 'resign-online' | 'prober' | 'monitor';
