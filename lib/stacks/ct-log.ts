import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Server } from '../constructs/server.ts';
import { subnets } from '../constructs/service-network.ts';
import type { Deployment } from '../deployment.ts';
import type { ReadyService } from '../readiness.ts';
import type { DatabaseStack } from './database.ts';
import type { NetworkStack } from './network.ts';

export interface CtLogStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly service: ReadyService;
  /** Of the same region. */
  readonly network: NetworkStack;
  /** Of the same region. */
  readonly database: DatabaseStack;
}

/** One shard of the certificate log. Only Fulcio reaches it; what it publishes is read from its bucket. */
export class CtLogStack extends Stack {
  readonly server: Server;

  constructor(scope: Construct, id: string, { deployment, service, network, database, ...props }: CtLogStackProps) {
    const { names } = deployment;
    super(scope, id, {
      description: `CT log ${service.spec.name} of ${names.instance}`,
      env: { account: names.account, region: service.region },
      ...props,
    });
    this.server = new Server(this, 'Server', {
      ...{ deployment, service, network, database, subnets: subnets.services },
      size: { cpu: 512, memoryMiB: 2048 },
      // It drains for a minute.
      stopTimeout: Duration.seconds(75),
    });
  }
}
