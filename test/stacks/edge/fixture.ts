import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { type IVpc, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { ApplicationLoadBalancer, ApplicationProtocol, ListenerAction } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { Deployment } from '../../../lib/deployment.ts';
import { Names } from '../../../lib/names.ts';
import { EdgeStack } from '../../../lib/stacks/edge.ts';
import { EdgeCertificateStack } from '../../../lib/stacks/edge-certificate.ts';
import { parseConfig } from '../../../src/config/config.ts';
import { emptyRecord } from '../../../src/services/deployment.ts';

export const region = 'eu-central-1';
export const account = '123456789012';
export const zone = 'Z0123456789ABCDEFGHIJ';

/** The lines of `aws:` that a test changes. */
export type AwsLines = Readonly<Record<string, string>>;

export function sampleDeployment(aws: AwsLines = {}, logs = ''): Deployment {
  const lines = { account: `'${account}'`, regions: `[${region}]`, access: 'public', ...aws };
  const config = parseConfig(
    `instance: { name: acme, domain: sigstore.acme.example }
root: policy.yaml
issuers: [{ preset: github-actions }]
logs:
  rekor: [{ shard: log2026-1 }${logs}]
  ct: [{ shard: ct2026-1 }]
timestamps: [{ name: tsa-1 }, { name: tsa-2 }]
monitors: { alerts: [{ sns: security }] }
aws:
${Object.entries(lines)
  .map(([key, value]) => `  ${key}: ${value}\n`)
  .join('')}`,
    '/instance/sigstead.yaml',
  );
  if (config.aws === undefined) throw new Error('no aws');
  const [writeRegion = region] = config.aws.regions;
  return {
    config,
    aws: config.aws,
    names: new Names({ instance: 'acme', account, keysAccount: config.aws.keysAccount, writeRegion }),
    record: emptyRecord,
    material: undefined,
    databaseCa: () => '',
    functions: new Map(),
  };
}

export function newApp(): App {
  return new App({
    context: {
      '@aws-cdk/core:defaultCrossStackReferences': 'weak',
      '@aws-cdk/core:enablePartitionLiterals': true,
      [`availability-zones:account=${account}:region=${region}`]: [`${region}a`, `${region}b`, `${region}c`],
    },
    analyticsReporting: false,
    // The whole assembly is made with these rules; here they would take seconds a process.
    builtinCloudFormationValidation: false,
  });
}

/** What the Network stack hands to the edge. */
export function network(app: App, where = region, secure = true) {
  const stack = new Stack(app, `network-${where}`, { env: { account, region: where } });
  const vpc = new Vpc(stack, 'Vpc', {
    availabilityZones: [`${where}a`, `${where}b`],
    natGateways: 0,
    subnetConfiguration: [{ name: 'services', subnetType: SubnetType.PRIVATE_ISOLATED }],
  });
  const loadBalancer = new ApplicationLoadBalancer(stack, 'LoadBalancer', { vpc: vpc as IVpc, internetFacing: false });
  const listener = loadBalancer.addListener('Listener', {
    open: false,
    defaultAction: ListenerAction.fixedResponse(404),
    ...(secure
      ? {
          protocol: ApplicationProtocol.HTTPS,
          certificates: [
            Certificate.fromCertificateArn(stack, 'Certificate', `arn:aws:acm:${where}:${account}:certificate/x`),
          ],
        }
      : { protocol: ApplicationProtocol.HTTP }),
  });
  return { vpc, loadBalancer, listener };
}

export function synthesiseEdge(aws: AwsLines = {}, logs = '') {
  const deployment = sampleDeployment(aws, logs);
  const app = newApp();
  const { names } = deployment;
  const certificate =
    deployment.aws.zone === undefined || deployment.aws.access === 'private'
      ? undefined
      : new EdgeCertificateStack(app, names.stack('edge-certificate', 'us-east-1'), {
          env: { account, region: 'us-east-1' },
          deployment,
          zone: deployment.aws.zone,
        });
  const stack = new EdgeStack(app, names.stack('edge', region), {
    env: { account, region },
    deployment,
    region,
    ...network(app, region, deployment.aws.zone !== undefined),
    ...(certificate && { certificate: certificate.certificate }),
  });
  let template: Template | undefined;
  return {
    app,
    stack,
    certificate,
    /** Synthesised once, and only where a test looks at it. */
    get template(): Template {
      template ??= Template.fromStack(stack);
      return template;
    },
  };
}
