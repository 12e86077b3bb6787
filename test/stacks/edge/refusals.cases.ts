import { describe, expect, it } from '@jest/globals';
import { EdgeStack } from '../../../lib/stacks/edge.ts';
import { type AwsLines, account, network, newApp, sampleDeployment, synthesiseEdge, zone } from './fixture.ts';

/** The most rules below those of services. */
const most = 99;
const hosts = synthesiseEdge({ zone, access: 'private' }).stack.hosts.length;

function shards(count: number): string {
  return Array.from({ length: count }, (_, index) => `, { shard: more-${index} }`).join('');
}

function edgeIn(region: string, aws: AwsLines): EdgeStack {
  const deployment = sampleDeployment({ regions: `[${region}]`, ...aws });
  const app = newApp();
  return new EdgeStack(app, deployment.names.stack('edge', region), {
    ...{ env: { account, region }, deployment, region },
    ...network(app, region, false),
  });
}

describe('EdgeStack', () => {
  it.each(['us-gov-west-1', 'cn-north-1'])(
    'refuses to be public in %s, where CloudFront has no VPC origins',
    (region) => {
      expect(() => edgeIn(region, { access: 'public' })).toThrowToolkit('AWS_EDGE_PARTITION');
    },
  );

  it.each(['us-gov-west-1', 'cn-north-1'])('is private in %s', (region) => {
    expect(edgeIn(region, { access: 'private' }).hosts).toHaveLength(hosts);
  });

  it(`takes ${most} hosts behind one load balancer, each with a rule of its own, and refuses one more`, () => {
    const full = synthesiseEdge({ zone, access: 'private' }, shards(most - hosts));
    expect(full.stack.hosts).toHaveLength(most);
    expect(() => synthesiseEdge({ zone, access: 'private' }, shards(most - hosts + 1))).toThrowToolkit(
      'AWS_PRIVATE_HOSTS',
    );
  });
});
