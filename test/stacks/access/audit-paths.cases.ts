import { describe, expect, it } from '@jest/globals';
import { auditRegions, globalRegion } from '../../../lib/access/audit-rules.ts';
import { callEvent, deployed, deployer, deployment, mallory, region, triggered } from './audit-events.ts';
import { keysAccount, mainAccount } from './support.ts';

const ecs = 'aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS';
const everywhere = globalRegion(deployment);
const zone = 'Z0123456789ABCDEFGHIJ';
const ofZone = { ...deployment, aws: { ...deployment.aws, zone } };

interface Who {
  readonly by: string;
  readonly through?: string;
}

const seen = (call: string, at: string, who: Who, parameters: Readonly<Record<string, unknown>> = {}) =>
  triggered(callEvent({ call, ...who, parameters }), 'main', ofZone, at);

/** Told of everybody, but of no deployment. */
function expectTold(call: string, at: string, rule: string, parameters?: Readonly<Record<string, unknown>>): void {
  const globalDeployer = deployer.replace(region, at);
  for (const by of [mallory, 'user/eve', globalDeployer])
    expect([by, seen(call, at, { by }, parameters)]).toEqual([by, [rule]]);
  expect(seen(call, at, { ...deployed, by: globalDeployer }, parameters)).toEqual([]);
}

describe('the rules about where requests go', () => {
  it.each([
    ...['elasticloadbalancing:ModifyRule', 'elasticloadbalancing:ModifyListener', 'elasticloadbalancing:CreateRule'],
    ...['elasticloadbalancing:RegisterTargets', 'wafv2:UpdateWebACL', 'wafv2:UpdateIPSet'],
  ])('tell of %s', (call) => expectTold(call, region, 'route-change'));

  it.each([
    ...['cloudfront:UpdateDistribution', 'cloudfront:UpdateDistribution2020_05_31', 'cloudfront:PublishFunction'],
    'wafv2:DisassociateWebACL',
  ])('tell of %s where it reports', (call) => expectTold(call, everywhere, 'route-change-edge'));

  it('tell of the names in the zone of the instance, however its id is spelt, and of no other zone', () => {
    const call = 'route53:ChangeResourceRecordSets';
    for (const hostedZoneId of [zone, `/hostedzone/${zone}`])
      expectTold(call, everywhere, 'route-change-names', { hostedZoneId });
    expect(seen(call, everywhere, { by: mallory }, { hostedZoneId: 'Z00000000000000000000' })).toEqual([]);
  });

  it('say nothing of ECS, which brings its tasks behind the load balancer, nor of looking', () => {
    expect(seen('elasticloadbalancing:RegisterTargets', region, { by: ecs })).toEqual([]);
    expect(seen('elasticloadbalancing:DescribeRules', region, { by: mallory })).toEqual([]);
    expect(seen('cloudfront:GetDistribution', everywhere, { by: mallory })).toEqual([]);
  });
});

describe('the rule about databases', () => {
  it.each(['ModifyDBCluster', 'CreateDBInstance', 'EnableHttpEndpoint', 'RestoreDBClusterToPointInTime'])(
    'tells of %s',
    (call) => expectTold(`rds:${call}`, region, 'database-change'),
  );

  it('says nothing of looking', () => {
    expect(seen('rds:DescribeDBClusters', region, { by: mallory })).toEqual([]);
  });
});

describe('the rule about break-glass', () => {
  const become = (side: 'main' | 'keys', name = 'acme-break-glass') => {
    const parameters = { roleArn: `arn:aws:iam::${keysAccount}:role/${name}`, roleSessionName: 'x' };
    const by = { by: 'user/admin', account: keysAccount };
    return triggered(callEvent({ call: 'sts:AssumeRole', ...by, parameters }), side);
  };

  it('tells in both accounts whoever becomes it, and of no other role', () => {
    for (const side of ['main', 'keys'] as const) expect(become(side)).toEqual(['break-glass-used']);
    expect(become('keys', 'acme-auditor')).toEqual([]);
    expect(auditRegions(deployment, 'keys')).toContain(region);
  });
});

describe('the rule about single objects', () => {
  const remove = (by: string, versionId?: string) => {
    const bucketName = `acme-records-${mainAccount}-${region}`;
    const parameters = { bucketName, key: 'inception/x', ...(versionId !== undefined && { versionId }) };
    return triggered(callEvent({ call: 's3:DeleteObject', by, parameters }));
  };

  it('tells of one that is hidden, by anybody but a log, and of a version by anybody', () => {
    for (const by of [mallory, 'user/eve']) expect(remove(by)).toEqual(['objects-deleted-one']);
    expect(remove('acme-rekor-log2026-1-task')).toEqual([]);
    expect(remove(mallory, 'v1')).toEqual(['version-deleted']);
  });
});
