import { describe, expect, it } from '@jest/globals';
import { App } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { LogDataStack } from '../../../lib/stacks/log-data.ts';
import { TrustDataStack } from '../../../lib/stacks/trust-data.ts';
import { policiesOf, resources, sampleDeployment, synthesise } from './support.ts';

const deployment = sampleDeployment();
const templates = synthesise(deployment);
const region = 'eu-central-1';

describe('the buckets', () => {
  const buckets = [...templates.values()].flatMap((template) => resources(template, 'AWS::S3::Bucket'));

  it('are the TUF repository, records in each region, one per log shard, what functions remember, and the trails', () => {
    expect(buckets.map(([, { Properties }]) => Properties['BucketName']).toSorted()).toEqual([
      'acme-audit-012345678901-eu-central-1',
      'acme-audit-keys-012345678901-eu-central-1',
      'acme-ct-ct2026-1-012345678901-eu-central-1',
      'acme-memory-012345678901-eu-central-1',
      'acme-records-012345678901-eu-central-1',
      'acme-records-012345678901-eu-west-1',
      'acme-rekor-log2026-1-012345678901-eu-central-1',
      'acme-rekor-log2026-2-012345678901-eu-west-1',
      'acme-tuf-012345678901-eu-central-1',
    ]);
  });

  it('keep every version, show nothing to the public, and outlive their stacks', () => {
    for (const [, bucket] of buckets) {
      expect(bucket).toMatchObject({
        ...{ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' },
        Properties: {
          VersioningConfiguration: { Status: 'Enabled' },
          ObjectLockEnabled: true,
          ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: 'GOVERNANCE' } } },
          OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
          PublicAccessBlockConfiguration: {
            ...{ BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
          },
          BucketEncryption: {
            ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
          },
        },
      });
    }
  });

  it('of the records and the repository have no rule that removes old versions', () => {
    for (const [, { Properties }] of buckets) {
      if (!/-(?:tuf|records)-/.test(String(Properties['BucketName']))) continue;
      expect(Properties).not.toHaveProperty('LifecycleConfiguration');
    }
  });

  it('of a log let go of what was replaced, and not before it is unlocked', () => {
    const [[, log] = fail()] = resources(templates.get('LogData-rekor-log2026-1'), 'AWS::S3::Bucket');
    expect(log.Properties).toMatchObject({
      ObjectLockConfiguration: { Rule: { DefaultRetention: { Days: 30 } } },
      LifecycleConfiguration: {
        Rules: [
          { Prefix: 'checkpoint', NoncurrentVersionExpiration: { NoncurrentDays: 31 } },
          { Prefix: 'tile/', NoncurrentVersionExpiration: { NoncurrentDays: 31 } },
        ],
      },
    });
    expect(JSON.stringify(log.Properties['LifecycleConfiguration'])).not.toMatch(/"Expiration(?:InDays|Date)"/);
  });

  it('that are private let nobody of CloudFront in', () => {
    const policies = policiesOf(templates).buckets;
    const published = [...policies].filter(([, policy]) => JSON.stringify(policy).includes('cloudfront'));
    expect(published.map(([name]) => name.replace('-012345678901', '')).toSorted()).toEqual([
      ...['acme-ct-ct2026-1-eu-central-1', 'acme-rekor-log2026-1-eu-central-1', 'acme-rekor-log2026-2-eu-west-1'],
      'acme-tuf-eu-central-1',
    ]);
  });
});

describe('TrustDataStack', () => {
  it('has a repository per program, whose tags stay, in each region', () => {
    for (const place of ['eu-central-1', 'eu-west-1']) {
      const repositories = resources(templates.get(`TrustData-${place}`), 'AWS::ECR::Repository');
      // The program that ends a log comes with the image of the log.
      const programs = ['ct-log', 'fulcio', 'rekor-aws', 'timestamp-server-aws'];
      expect(repositories.map(([, { Properties }]) => Properties['RepositoryName']).toSorted()).toEqual(
        programs.map((program) => `acme/${program}`),
      );
      for (const [, repository] of repositories) {
        expect(repository).toMatchObject({
          DeletionPolicy: 'Retain',
          Properties: { ImageTagMutability: 'IMMUTABLE', ImageScanningConfiguration: { ScanOnPush: true } },
        });
      }
    }
  });

  it('shouts where objects can be overwritten', () => {
    const stack = new TrustDataStack(new App({ builtinCloudFormationValidation: false }), 'TrustData', {
      deployment,
      region,
      writeOnce: false,
    });
    Annotations.fromStack(stack).hasWarning(
      '*',
      Match.stringLikeRegexp('can be overwritten, because writeOnce is off'),
    );
    expect(JSON.stringify(Template.fromStack(stack).toJSON())).not.toContain('WrittenOnce');
  });
});

describe('LogDataStack', () => {
  it.each([
    ['rekor-other', 'rekor-other: expected a log shard of eu-central-1, got no shard of the configuration'],
    ['fulcio', 'fulcio: expected a log shard of eu-central-1, got no shard of the configuration'],
    ['rekor-log2026-2', 'rekor-log2026-2: expected a log shard of eu-central-1, got one of eu-west-1'],
  ])('refuses %s', (log, message) => {
    expect(
      () =>
        new LogDataStack(new App({ builtinCloudFormationValidation: false }), 'LogData', { deployment, region, log }),
    ).toThrow(message);
    expect(
      () =>
        new LogDataStack(new App({ builtinCloudFormationValidation: false }), 'LogData', { deployment, region, log }),
    ).toThrowToolkit('AWS_NO_SHARD', {
      log,
    });
  });
});

describe('every stack of access', () => {
  it('is not deleted by mistake', () => {
    const app = new App({ builtinCloudFormationValidation: false });
    const data = new LogDataStack(app, 'LogData', { deployment, region, log: 'rekor-log2026-1' });
    const trust = new TrustDataStack(app, 'TrustData', { deployment, region });
    expect([data, trust].map(({ terminationProtection }) => terminationProtection)).toEqual([true, true]);
  });
});

function fail(): never {
  throw new Error('the template has no such resource');
}
