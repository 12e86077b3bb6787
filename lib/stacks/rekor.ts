import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Server } from '../constructs/server.ts';
import { subnets } from '../constructs/service-network.ts';
import type { Deployment } from '../deployment.ts';
import type { ReadyService } from '../readiness.ts';
import type { DatabaseStack } from './database.ts';
import type { NetworkStack } from './network.ts';

export interface RekorStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly service: ReadyService;
  /** Of the same region. */
  readonly network: NetworkStack;
  /** Of the same region. */
  readonly database: DatabaseStack;
}

/** One shard of the signature log: the write path. What it publishes is read from its bucket. */
export class RekorStack extends Stack {
  readonly server: Server;

  constructor(scope: Construct, id: string, { deployment, service, network, database, ...props }: RekorStackProps) {
    const { names } = deployment;
    super(scope, id, {
      description: `Rekor ${service.spec.name} of ${names.instance}`,
      env: { account: names.account, region: service.region },
      ...props,
    });
    this.server = new Server(this, 'Server', {
      ...{ deployment, service, network, database, subnets: subnets.services },
      size: { cpu: 1024, memoryMiB: 2048 },
      // 20 s for requests, and 30 s to write down what it acknowledged.
      stopTimeout: Duration.seconds(75),
    });
  }
}
