import { CustomResource, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Role } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { ToolkitError } from '../../src/core/error.ts';
import { logicalId } from '../access/logical-id.ts';
import { keepsItsOwnKey, type PlacedService } from '../access/placement.ts';
import type { Deployment } from '../deployment.ts';
import { databasePort } from '../render.ts';
import type { NetworkStack } from '../stacks/network.ts';
import { databaseSecret } from './database-secret.ts';
import type { LogDatabase } from './log-database.ts';
import { fixedGroup, groupNames } from './security-groups.ts';
import { subnets } from './service-network.ts';

export interface ShardDatabasesProps {
  readonly deployment: Deployment;
  readonly region: string;
  readonly network: NetworkStack;
  readonly database: LogDatabase;
  readonly shards: readonly PlacedService[];
}

const functionName = 'shard-database';

/** A database and a user of its own for each log shard, made by a function, since nobody else reaches the cluster. */
export class ShardDatabases extends Construct {
  /** By service id. */
  readonly secrets: ReadonlyMap<string, ISecret>;

  constructor(scope: Construct, id: string, props: ShardDatabasesProps) {
    super(scope, id);
    const provider = this.#provider(props);
    this.secrets = new Map(props.shards.map((shard) => [shard.id, this.#shard(shard, provider, props)]));
  }

  #shard(shard: PlacedService, provider: LambdaFunction, props: ShardDatabasesProps): ISecret {
    const { id, kind } = shard;
    const { names } = props.deployment;
    const { cluster, adminSecret } = props.database;
    const user = names.database(id);
    const secret = databaseSecret(this, `${logicalId(id)}Secret`, {
      secretName: names.databaseSecret(id),
      username: user,
      description: `Database user of ${id}`,
    });
    const made = new CustomResource(this, logicalId(id), {
      resourceType: 'Custom::ShardDatabase',
      serviceToken: provider.functionArn,
      serviceTimeout: Duration.minutes(10),
      properties: {
        service: id,
        database: names.database(id),
        ...(kind === 'ct' && { antispamDatabase: names.antispamDatabase(id) }),
        user,
        secretArn: secret.secretArn,
        adminSecretArn: adminSecret.secretArn,
        host: cluster.clusterEndpoint.hostname,
        port: String(databasePort),
        // TesseraCT's own binary has no TLS: the security groups, which let that one task in, are all that fences it.
        ...(keepsItsOwnKey(shard, props.deployment) && { plainText: 'true' }),
      },
      // The function never drops a database; this says so in the template too.
      removalPolicy: RemovalPolicy.RETAIN,
    });
    // The endpoint exists before there is an instance that answers.
    made.node.addDependency(cluster);
    return secret;
  }

  #provider({ deployment, network }: ShardDatabasesProps): LambdaFunction {
    const { names, functions } = deployment;
    const logGroup = new LogGroup(this, 'ProviderLog', {
      logGroupName: names.logGroup(functionName),
      retention: RetentionDays.ONE_YEAR,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    return new LambdaFunction(this, 'Provider', {
      description: 'Makes the databases and users of log shards',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.X86_64,
      code: Code.fromAsset(directoryOf(functions)),
      handler: 'index.handler',
      role: Role.fromRoleArn(this, 'Role', names.roleArn(functionName, 'function'), { mutable: false }),
      timeout: Duration.minutes(5),
      memorySize: 512,
      vpc: network.vpc,
      vpcSubnets: subnets.services,
      securityGroups: [fixedGroup(this, 'Group', network.securityGroup(groupNames.functions))],
      // The certificate authorities of the databases are packed beside its code.
      environment: { INSTANCE: names.instance },
      logGroup,
    });
  }
}

function directoryOf(functions: Deployment['functions']): string {
  const directory = functions.get(functionName);
  if (directory !== undefined) return directory;
  throw new ToolkitError('AWS_FUNCTION_MISSING', {
    message: `${functionName}: expected the bundled function, got nothing`,
    fault: 'caller',
    hint: 'bundle the functions before the templates are made',
  });
}
