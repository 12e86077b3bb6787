import { describe, expect, it } from '@jest/globals';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { EdgeCertificateStack } from '../../../lib/stacks/edge-certificate.ts';
import { account, newApp, region, sampleDeployment, synthesiseEdge, zone } from './fixture.ts';

const trial = synthesiseEdge();
const named = synthesiseEdge({ zone });
const hosts = ['fulcio', 'tuf', 'log2026-1', 'ct2026-1', 'tsa-1', 'tsa-2'].map(
  (name) => `${name}.sigstore.acme.example`,
);

interface Distribution {
  readonly Properties: { readonly DistributionConfig: Config };
}
interface Behaviour {
  readonly PathPattern?: string;
  readonly CachePolicyId: string;
  readonly AllowedMethods: readonly string[];
  readonly FunctionAssociations: readonly unknown[];
  readonly TargetOriginId: string;
  readonly ViewerProtocolPolicy: string;
  readonly OriginRequestPolicyId?: string;
}
interface Config {
  readonly Aliases?: readonly string[];
  readonly Comment: string;
  readonly HttpVersion: string;
  readonly DefaultCacheBehavior: Behaviour;
  readonly CacheBehaviors?: readonly Behaviour[];
  readonly Origins: readonly Record<string, unknown>[];
  readonly CustomErrorResponses: readonly { readonly ErrorCachingMinTTL: number; readonly ErrorCode: number }[];
  readonly ViewerCertificate?: { readonly MinimumProtocolVersion: string; readonly AcmCertificateArn: unknown };
}

const cachingDisabled = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';

function configs(template: Template): readonly Config[] {
  const found = template.findResources('AWS::CloudFront::Distribution') as Record<string, Distribution>;
  return Object.values(found).map((one) => one.Properties.DistributionConfig);
}

function configOf(template: Template, host: string): Config {
  const config = configs(template).find(({ Comment }) => Comment.endsWith(`: ${host}`));
  if (config === undefined) throw new Error(`no distribution for ${host}`);
  return config;
}

function behaviours(config: Config): readonly Behaviour[] {
  return [config.DefaultCacheBehavior, ...(config.CacheBehaviors ?? [])];
}

describe('EdgeStack, public', () => {
  it('has a distribution per host, each behaviour of it guarded and by HTTPS only', () => {
    expect(
      configs(named.template)
        .map(({ Aliases }) => Aliases?.[0])
        .toSorted(),
    ).toEqual(hosts.toSorted());
    for (const config of configs(named.template)) {
      expect(config.HttpVersion).toBe('http2and3');
      for (const behaviour of behaviours(config)) {
        expect(behaviour).toMatchObject({
          ViewerProtocolPolicy: 'https-only',
          FunctionAssociations: [{ EventType: 'viewer-request' }],
        });
      }
    }
  });

  it('keeps no error: a missing N+1.root.json is asked for again', () => {
    for (const config of configs(named.template)) {
      const kept = config.CustomErrorResponses.filter(({ ErrorCachingMinTTL }) => ErrorCachingMinTTL !== 0);
      expect(kept).toEqual([]);
      expect(config.CustomErrorResponses.map(({ ErrorCode }) => ErrorCode)).toEqual(
        expect.arrayContaining([403, 404, 503]),
      );
    }
  });

  it.each([
    ['tuf.sigstore.acme.example', ['/timestamp.json']],
    ['log2026-1.sigstore.acme.example', ['/api/v2/checkpoint', '/api/v2/log/entries', '/checkpoint']],
    ['ct2026-1.sigstore.acme.example', ['/checkpoint', '/frozen']],
  ])('of %s never caches what is replaced', (host, paths) => {
    const config = configOf(named.template, host);
    const uncached = (config.CacheBehaviors ?? []).filter(({ CachePolicyId }) => CachePolicyId === cachingDisabled);
    expect(uncached.map(({ PathPattern }) => PathPattern ?? '').toSorted()).toEqual(paths);
    expect(config.DefaultCacheBehavior.AllowedMethods).toEqual(['GET', 'HEAD']);
    expect(config.DefaultCacheBehavior.OriginRequestPolicyId).toBeUndefined();
  });

  it('honours what the origin says of each file', () => {
    named.template.hasResourceProperties('AWS::CloudFront::CachePolicy', {
      CachePolicyConfig: Match.objectLike({
        MinTTL: 0,
        DefaultTTL: 0,
        ParametersInCacheKeyAndForwardedToOrigin: Match.objectLike({
          QueryStringsConfig: { QueryStringBehavior: 'none' },
          HeadersConfig: { HeaderBehavior: 'none' },
          CookiesConfig: { CookieBehavior: 'none' },
        }),
      }),
    });
  });

  it('reads buckets as CloudFront alone may, of the region and the shard', () => {
    const names = configs(named.template).flatMap(({ Origins }) =>
      Origins.filter((origin) => 'S3OriginConfig' in origin).map((origin) => {
        expect(origin['OriginAccessControlId']).toBeDefined();
        return JSON.stringify(origin['DomainName']);
      }),
    );
    expect(names.map((name) => /acme-[a-z0-9-]+(?=\.s3)/.exec(name)?.[0]).toSorted()).toEqual(
      ['ct-ct2026-1', 'rekor-log2026-1', 'tuf'].map((owner) => `acme-${owner}-${account}-${region}`),
    );
  });

  it('reaches servers through one VPC origin, by the name of the service', () => {
    named.template.resourceCountIs('AWS::CloudFront::VpcOrigin', 1);
    named.template.hasResourceProperties('AWS::CloudFront::VpcOrigin', {
      VpcOriginEndpointConfig: Match.objectLike({
        OriginProtocolPolicy: 'https-only',
        OriginSSLProtocols: ['TLSv1.2'],
      }),
    });
    const servers = configs(named.template).flatMap(({ Origins }) =>
      Origins.filter((origin) => 'VpcOriginConfig' in origin),
    );
    expect(servers.map((origin) => origin['DomainName'])).toEqual(
      expect.arrayContaining(['fulcio.sigstore.acme.example', 'log2026-1.sigstore.acme.example']),
    );
    expect(servers).toHaveLength(4);
  });

  it('waits longer for a server than the server allows itself', () => {
    const [origin] = configOf(named.template, 'fulcio.sigstore.acme.example').Origins;
    expect(origin).toMatchObject({ VpcOriginConfig: { OriginReadTimeout: 35 }, ConnectionAttempts: 1 });
  });

  it('with a zone has TLS 1.2 or later, a certificate by weak reference, and aliases of both families', () => {
    for (const { ViewerCertificate } of configs(named.template)) {
      expect(ViewerCertificate).toMatchObject({
        MinimumProtocolVersion: 'TLSv1.2_2021',
        AcmCertificateArn: {
          'Fn::GetStackOutput': { StackName: 'acme-edge-certificate-us-east-1', Region: 'us-east-1' },
        },
      });
    }
    for (const type of ['A', 'AAAA']) {
      const records = named.template.findResources('AWS::Route53::RecordSet', { Properties: { Type: type } });
      expect(
        Object.values(records)
          .map((record) => record['Properties'].Name)
          .toSorted(),
      ).toEqual(hosts.map((host) => `${host}.`).toSorted());
    }
    expect(Annotations.fromStack(named.stack).findWarning('*', Match.anyValue())).toEqual([]);
  });

  it('without a zone answers under its own names, and says so', () => {
    trial.template.resourceCountIs('AWS::Route53::RecordSet', 0);
    expect(Object.keys(trial.template.findOutputs('*')).toSorted()).toEqual([
      'NameCtCt20261',
      'NameFulcio',
      'NameRekorLog20261',
      'NameTimestampTsa1',
      'NameTimestampTsa2',
      'NameTuf',
    ]);
    expect(
      Annotations.fromStack(trial.stack).findWarning('*', Match.stringLikeRegexp('aws.zone is not set')),
    ).toHaveLength(1);
  });

  it('lets web pages read, and not write', () => {
    const policies = named.template.findResources('AWS::CloudFront::ResponseHeadersPolicy');
    const cors = Object.values(policies).map(
      (policy) => policy['Properties'].ResponseHeadersPolicyConfig.CorsConfig?.AccessControlAllowMethods.Items,
    );
    expect(cors).toEqual([['GET', 'HEAD'], undefined]);
  });

  it('serves shards of another region from there', () => {
    const { stack } = synthesiseEdge(
      { regions: `[${region}, eu-west-1]` },
      ', { shard: log2026-2, region: eu-west-1 }',
    );
    expect(stack.hosts.map(({ id }) => id)).not.toContain('rekor-log2026-2');
  });
});

describe('EdgeStack refuses', () => {
  it('writers of private addresses over the Internet', () => {
    const refused = () => synthesiseEdge({ writers: 'network' });
    expect(refused).toThrowToolkit('AWS_WRITERS_NETWORK');
    expect(refused).toThrow('sigstead.yaml: aws.clientNetworks: expected public addresses, got 10.0.0.0/8');
    expect(() => synthesiseEdge({ writers: 'network', clientNetworks: '[203.0.113.0/24]' })).not.toThrow();
    expect(() => synthesiseEdge({ writers: 'network', access: 'private' })).not.toThrow();
  });

  it('a host that the zone cannot hold', () => {
    const outside = ', { shard: log2026-2, origin: log.elsewhere.example }';
    const refused = () => synthesiseEdge({ zone }, outside);
    expect(refused).toThrowToolkit('AWS_HOST_OUTSIDE_ZONE');
    expect(refused).toThrow(
      'sigstead.yaml: logs.rekor[1].origin: expected a name under sigstore.acme.example, the domain of the hosted zone, got log.elsewhere.example',
    );
    expect(() => synthesiseEdge({}, outside)).not.toThrow();
  });
});

describe('EdgeCertificateStack', () => {
  it('is one certificate for all names, checked by DNS', () => {
    const { certificate } = named;
    if (certificate === undefined) throw new Error('no certificate');
    Template.fromStack(certificate).hasResourceProperties('AWS::CertificateManager::Certificate', {
      DomainName: '*.sigstore.acme.example',
      ValidationMethod: 'DNS',
      KeyAlgorithm: 'EC_prime256v1',
    });
  });

  it('names what a wildcard does not cover', () => {
    const { certificate } = synthesiseEdge({ zone }, ', { shard: log2026-2, origin: a.b.sigstore.acme.example }');
    if (certificate === undefined) throw new Error('no certificate');
    Template.fromStack(certificate).hasResourceProperties('AWS::CertificateManager::Certificate', {
      SubjectAlternativeNames: ['a.b.sigstore.acme.example'],
    });
  });

  it('refuses another region', () => {
    const env = { account, region };
    expect(() => new EdgeCertificateStack(newApp(), 'a', { env, deployment: sampleDeployment(), zone })).toThrowToolkit(
      'AWS_CERTIFICATE_REGION',
    );
  });
});
