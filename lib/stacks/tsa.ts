import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Server } from '../constructs/server.ts';
import { subnets } from '../constructs/service-network.ts';
import type { Deployment } from '../deployment.ts';
import type { ReadyService } from '../readiness.ts';
import type { NetworkStack } from './network.ts';

export interface TsaStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly service: ReadyService;
  /** Of the same region. */
  readonly network: NetworkStack;
}

/** One timestamp authority: a stack of its own, so that a change that breaks one leaves the other. */
export class TsaStack extends Stack {
  readonly server: Server;

  constructor(scope: Construct, id: string, { deployment, service, network, ...props }: TsaStackProps) {
    const { names } = deployment;
    super(scope, id, {
      description: `TSA ${service.spec.name} of ${names.instance}`,
      env: { account: names.account, region: service.region },
      ...props,
    });
    this.server = new Server(this, 'Server', {
      ...{ deployment, service, network, subnets: subnets.services },
      size: { cpu: 256, memoryMiB: 512 },
      // It drains for 15 s.
      stopTimeout: Duration.seconds(30),
    });
  }
}
