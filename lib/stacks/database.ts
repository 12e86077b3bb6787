import { RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { ToolkitError } from '../../src/core/error.ts';
import { isLog, placedServices } from '../access/placement.ts';
import { databaseIdentifier, LogDatabase } from '../constructs/log-database.ts';
import { ShardDatabases } from '../constructs/shard-databases.ts';
import type { Deployment } from '../deployment.ts';
import { databasePort } from '../render.ts';
import type { NetworkStack } from './network.ts';

export interface DatabaseStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly region: string;
  /** Of the same region. */
  readonly network: NetworkStack;
}

/** Where the logs of a region sequence what they are given: one cluster, and in it a database and a user per shard. */
export class DatabaseStack extends Stack {
  /** Of the instance that writes; a reader refuses what a log does. */
  readonly hostname: string;
  readonly port: number = databasePort;
  readonly clusterIdentifier: string;
  readonly #secrets: ReadonlyMap<string, ISecret>;

  constructor(scope: Construct, id: string, { deployment, region, network, ...props }: DatabaseStackProps) {
    super(scope, id, {
      description: `Databases of the logs of ${deployment.names.instance} in ${region}`,
      env: { account: deployment.names.account, region },
      terminationProtection: true,
      ...props,
    });
    const { names } = deployment;
    const exported = ['audit', 'error'].map((kind) => {
      const logGroupName = `/aws/rds/cluster/${databaseIdentifier(names)}/${kind}`;
      return new LogGroup(this, `Log-${kind}`, {
        logGroupName,
        retention: RetentionDays.ONE_YEAR,
        removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      });
    });
    const database = new LogDatabase(this, 'Database', { deployment, region, network });
    // Otherwise RDS makes the groups itself, and keeps what is in them for ever.
    database.cluster.node.addDependency(...exported);
    this.hostname = database.cluster.clusterEndpoint.hostname;
    this.clusterIdentifier = databaseIdentifier(names);
    const shards = placedServices(deployment).filter((service) => isLog(service) && service.region === region);
    const databases = new ShardDatabases(this, 'Shards', { deployment, region, network, database, shards });
    this.#secrets = databases.secrets;
  }

  /**
   * Returns the secret with user and password of a shard, by service id.
   * @throws AWS_DATABASE_SHARD for a shard of another region
   */
  secret(service: string): ISecret {
    const secret = this.#secrets.get(service);
    if (secret) return secret;
    throw new ToolkitError('AWS_DATABASE_SHARD', {
      message: `${service}: it has no database in this region`,
      fault: 'caller',
      data: { service },
    });
  }
}
