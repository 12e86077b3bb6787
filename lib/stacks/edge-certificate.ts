import { Stack, type StackProps } from 'aws-cdk-lib';
import {
  Certificate,
  CertificateValidation,
  type ICertificate,
  KeyAlgorithm,
} from 'aws-cdk-lib/aws-certificatemanager';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import type { Construct } from 'constructs';
import { ToolkitError } from '../../src/core/error.ts';
import { publicEdgeLimits } from '../../src/services/edge.ts';
import type { Deployment } from '../deployment.ts';
import { edgeHosts } from '../edge-hosts.ts';

export interface EdgeCertificateStackProps extends StackProps {
  readonly deployment: Deployment;
  /** Hosted zone of the domain: `aws.zone`. */
  readonly zone: string;
}

/** CloudFront takes certificates from this region only. */
export const certificateRegion = 'us-east-1';

/**
 * One certificate for every public name: `*.DOMAIN`, so that a new shard needs none, and what is deeper by its own name. It lives in us-east-1; the Edge
 * stacks of other regions name it by `Fn::GetStackOutput`, a weak reference that CloudFormation resolves itself, where
 * a strong one would need a function and parameters in both regions. Weak is enough: ACM refuses to delete a
 * certificate that a distribution uses.
 */
export class EdgeCertificateStack extends Stack {
  readonly certificate: ICertificate;

  constructor(scope: Construct, id: string, { deployment, zone, ...props }: EdgeCertificateStackProps) {
    const { domain } = deployment.config.instance;
    super(scope, id, { description: `Certificate of the public edge of ${domain}`, ...props });
    if (this.region !== certificateRegion) {
      throw new ToolkitError('AWS_CERTIFICATE_REGION', {
        message: `${id}: expected region ${certificateRegion}, got ${this.region}`,
        fault: 'caller',
      });
    }
    const deeper = deeperHosts(deployment);
    this.certificate = new Certificate(this, 'Certificate', {
      domainName: `*.${domain}`,
      ...(deeper.length > 0 && { subjectAlternativeNames: deeper }),
      validation: CertificateValidation.fromDns(
        HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId: zone, zoneName: domain }),
      ),
      keyAlgorithm: KeyAlgorithm.EC_PRIME256V1,
    });
  }
}

/** A wildcard stands for one label. */
function deeperHosts({ config, aws, names }: Deployment): string[] {
  const { domain } = config.instance;
  const all = aws.regions.flatMap((region) =>
    edgeHosts(config, { region, writeRegion: names.writeRegion, limits: publicEdgeLimits }),
  );
  return [...new Set(all.map(({ host }) => host))]
    .filter((host) => host.slice(0, -domain.length - 1).includes('.'))
    .toSorted();
}
