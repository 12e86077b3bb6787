import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { ServiceKind } from '../access/placement.ts';
import { RekorLogMetrics } from '../constructs/rekor-log-metrics.ts';
import { Server, type ServerProps } from '../constructs/server.ts';
import { subnetsOf } from '../constructs/service-network.ts';

export interface ServerStackProps
  extends StackProps,
    Pick<ServerProps, 'deployment' | 'service' | 'network' | 'database'> {}

/** One server of the instance: a stack of its own, so that a change that breaks one leaves the others. */
export class ServerStack extends Stack {
  readonly server: Server;

  constructor(scope: Construct, id: string, { deployment, service, network, database, ...props }: ServerStackProps) {
    const { title, size, stopTimeout } = kinds[service.kind];
    const { names } = deployment;
    const name = service.kind === 'fulcio' ? '' : ` ${service.spec.name}`;
    super(scope, id, {
      description: `${title}${name} of ${names.instance}`,
      env: { account: names.account, region: service.region },
      ...props,
    });
    this.server = new Server(this, 'Server', {
      ...{ deployment, service, network, subnets: subnetsOf(service, deployment), size, stopTimeout },
      ...(database && { database }),
    });
    if (service.kind === 'rekor') {
      new RekorLogMetrics(this, 'LogMetrics', { names, service: service.id, logGroup: this.server.logGroup });
    }
  }
}

/** Returns what the stack of a service is called, without the instance. */
export function serverStackName({ kind, id }: { readonly kind: ServiceKind; readonly id: string }): string {
  const { stack } = kinds[kind];
  return kind === 'fulcio' ? stack : `${stack}-${id.slice(id.indexOf('-') + 1)}`;
}

interface ServerKind extends Pick<ServerProps, 'size' | 'stopTimeout'> {
  readonly title: string;
  readonly stack: string;
}

const kinds: Readonly<Record<ServiceKind, ServerKind>> = {
  fulcio: {
    title: 'Fulcio',
    stack: 'Fulcio',
    size: { cpu: 512, memoryMiB: 1024 },
    // A request may take the 30 s that it gives the CT log.
    stopTimeout: Duration.seconds(60),
  },
  ct: {
    title: 'CT log',
    stack: 'CtLog',
    size: { cpu: 512, memoryMiB: 2048 },
    // It drains for a minute.
    stopTimeout: Duration.seconds(75),
  },
  rekor: {
    title: 'Rekor',
    stack: 'Rekor',
    size: { cpu: 1024, memoryMiB: 2048 },
    // 20 s for requests, and 30 s to write down what it acknowledged.
    stopTimeout: Duration.seconds(75),
  },
  timestamp: {
    title: 'TSA',
    stack: 'Tsa',
    size: { cpu: 256, memoryMiB: 512 },
    // It drains for 15 s.
    stopTimeout: Duration.seconds(30),
  },
};
