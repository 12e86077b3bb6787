import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  AuroraMysqlEngineVersion,
  CaCertificate,
  ClusterInstance,
  Credentials,
  DatabaseCluster,
  DatabaseClusterEngine,
  ParameterGroup,
} from 'aws-cdk-lib/aws-rds';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { Deployment } from '../deployment.ts';
import type { NetworkStack } from '../stacks/network.ts';
import { databaseSecret } from './database-secret.ts';
import { fixedGroup, groupNames } from './security-groups.ts';
import { subnets } from './service-network.ts';

export interface LogDatabaseProps {
  readonly deployment: Deployment;
  readonly region: string;
  readonly network: NetworkStack;
}

const adminUser = 'sigstead_admin';

/**
 * Aurora MySQL. A backup of it is for looking at: a log that is restored to an older state would sign a second history,
 * so its start gate refuses (docs/operator-runbook.md).
 *
 * Encrypted with the key that AWS keeps for RDS: all that is in here is published within a second.
 */
export class LogDatabase extends Construct {
  readonly cluster: DatabaseCluster;
  /** Used only to make databases and users of shards. */
  readonly adminSecret: ISecret;

  constructor(scope: Construct, id: string, { deployment, network }: LogDatabaseProps) {
    super(scope, id);
    const { names, aws } = deployment;
    const ha = aws.availability === 'ha';
    const engine = DatabaseClusterEngine.auroraMysql({ version: AuroraMysqlEngineVersion.VER_3_12_0 });
    const instance = { caCertificate: CaCertificate.RDS_CA_RSA2048_G1, publiclyAccessible: false };
    this.adminSecret = databaseSecret(this, 'Admin', {
      secretName: names.databaseSecret('admin'),
      username: adminUser,
      description: 'Administrator of the databases of the logs',
    });
    this.cluster = new DatabaseCluster(this, 'Cluster', {
      clusterIdentifier: databaseIdentifier(names),
      engine,
      credentials: Credentials.fromSecret(this.adminSecret, adminUser),
      writer: ClusterInstance.serverlessV2('Writer', instance),
      // Takes over within seconds where the writer's zone fails.
      readers: ha ? [ClusterInstance.serverlessV2('Reader', { ...instance, scaleWithWriter: true })] : [],
      // Never 0: a database that sleeps publishes no checkpoint.
      serverlessV2MinCapacity: 0.5,
      serverlessV2MaxCapacity: ha ? 16 : 4,
      vpc: network.vpc,
      vpcSubnets: subnets.database,
      securityGroups: [fixedGroup(this, 'Group', network.securityGroup(groupNames.database))],
      parameterGroup: new ParameterGroup(this, 'Parameters', { engine, parameters: parameters(aws.ctLogServer) }),
      cloudwatchLogsExports: ['audit', 'error'],
      storageEncrypted: true,
      backup: { retention: Duration.days(35) },
      copyTagsToSnapshot: true,
      deletionProtection: true,
      removalPolicy: RemovalPolicy.SNAPSHOT,
    });
  }
}

/** A letter comes first, which the name of an instance need not have. */
export function databaseIdentifier({ instance }: Deployment['names']): string {
  return `sigstead-${instance}`;
}

function parameters(ctLogServer: Deployment['aws']['ctLogServer']): Record<string, string> {
  return {
    // TesseraCT's own binary speaks no TLS to its database; the users of all other shards demand it all the same.
    require_secure_transport: ctLogServer === 'upstream' ? 'OFF' : 'ON',
    server_audit_logging: '1',
    server_audit_events: 'CONNECT,QUERY_DCL,QUERY_DDL',
  };
}
