import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Server } from '../constructs/server.ts';
import { subnets } from '../constructs/service-network.ts';
import type { Deployment } from '../deployment.ts';
import type { ReadyService } from '../readiness.ts';
import type { NetworkStack } from './network.ts';

export interface FulcioStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly service: ReadyService;
  /** Of the same region. */
  readonly network: NetworkStack;
}

/** The certificate authority. Alone of all servers it reaches the Internet: it asks issuers for their keys. */
export class FulcioStack extends Stack {
  readonly server: Server;

  constructor(scope: Construct, id: string, { deployment, service, network, ...props }: FulcioStackProps) {
    const { names } = deployment;
    super(scope, id, {
      description: `Fulcio of ${names.instance}`,
      env: { account: names.account, region: service.region },
      ...props,
    });
    this.server = new Server(this, 'Server', {
      ...{ deployment, service, network, subnets: subnets.egress },
      size: { cpu: 512, memoryMiB: 1024 },
      // A request may take the 30 s that it gives the CT log.
      stopTimeout: Duration.seconds(60),
    });
  }
}
