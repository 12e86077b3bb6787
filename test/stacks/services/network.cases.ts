import { describe, expect, it } from '@jest/globals';
import { Match, Template } from 'aws-cdk-lib/assertions';
import type { Deployment } from '../../../lib/deployment.ts';
import { DatabaseStack } from '../../../lib/stacks/database.ts';
import { NetworkStack } from '../../../lib/stacks/network.ts';
import {
  plainApp,
  productionDeployment,
  type Resource,
  resourceOf,
  resourcesOf,
  zonelessDeployment,
} from './support.ts';

const region = 'eu-central-1';
const production = await productionDeployment();

/** Synthesises the network of a region and the database in it. */
function stacksOf(deployment: Deployment, place = region) {
  const app = plainApp();
  const network = new NetworkStack(app, 'network', { deployment, region: place });
  const database = new DatabaseStack(app, 'database', { deployment, region: place, network });
  const assembly = app.synth();
  return { app, network, assembly, templates: [Template.fromStack(network), Template.fromStack(database)] as const };
}

const ha = stacksOf(production);
const dev = stacksOf(await productionDeployment({ availability: 'dev', access: 'private' }));
const [network, database] = ha.templates;

/** Every way that packets may go, as the template says it: `from → to:port`. */
function edgesOf(template: Template): readonly string[] {
  const groups = Object.entries(template.findResources('AWS::EC2::SecurityGroup')).map(
    ([id, { Properties }]) => [id, String(Properties.GroupDescription).replace('acme ', '')] as const,
  );
  const nameOf = (reference: unknown) => {
    const text = JSON.stringify(reference);
    return groups.find(([id]) => text.includes(`"${id}"`))?.[1];
  };
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  const line = (rule: Record<string, unknown>, own: unknown, inward: boolean) => {
    const other =
      nameOf(rule['SourceSecurityGroupId'] ?? rule['DestinationSecurityGroupId'] ?? null) ??
      text(rule['CidrIp'] ?? rule['SourcePrefixListId'] ?? rule['DestinationPrefixListId']);
    const [from, to] = inward ? [other, own] : [own, other];
    return `${inward ? 'in ' : 'out'} ${from} → ${to}:${rule['FromPort']}-${rule['ToPort']} ${rule['IpProtocol']}`;
  };
  const inline = groups.flatMap(([id, name]) => {
    const { SecurityGroupIngress = [], SecurityGroupEgress = [] } =
      template.findResources('AWS::EC2::SecurityGroup')[id]?.Properties ?? {};
    return [
      ...SecurityGroupIngress.map((rule: Record<string, unknown>) => line(rule, name, true)),
      ...SecurityGroupEgress.map((rule: Record<string, unknown>) => line(rule, name, false)),
    ];
  });
  const separate = (type: string, inward: boolean) =>
    resourcesOf(template, type).map(({ Properties }) => line(Properties, nameOf(Properties['GroupId']), inward));
  return [
    ...inline,
    ...separate('AWS::EC2::SecurityGroupIngress', true),
    ...separate('AWS::EC2::SecurityGroupEgress', false),
  ].toSorted();
}

const servers = ['ct-ct2026-1', 'fulcio', 'rekor-log2026-1', 'timestamp-tsa-1', 'timestamp-tsa-2'];
const callers = [...servers, 'functions', 'prober'];
const between = [
  ...callers.map((from) => [from, 'endpoints', 443] as const),
  ['load-balancer', 'fulcio', 5555],
  ['load-balancer', 'rekor-log2026-1', 3000],
  ['load-balancer', 'timestamp-tsa-1', 3004],
  ['load-balancer', 'timestamp-tsa-2', 3004],
  ['fulcio', 'ct-ct2026-1', 6962],
  ['ct-ct2026-1', 'database', 3306],
  ['rekor-log2026-1', 'database', 3306],
  ['functions', 'database', 3306],
] as const;
/** What a group without a rule gets, so that EC2 does not let everything out. */
const nowhere = ['database', 'endpoints'].map((from) => `out ${from} → 255.255.255.255/32:252-86 icmp`);
const outward = [
  ...callers.map((from) => `out ${from} → 0.0.0.0/0:443-443 tcp`),
  ...between.map(([from, to, port]) => `out ${from} → ${to}:${port}-${port} tcp`),
  ...nowhere,
];
const inward = between.map(([from, to, port]) => `in  ${from} → ${to}:${port}-${port} tcp`);

describe('the network', () => {
  it('lets packets go as the table says, and from the Internet only by way of CloudFront', () => {
    expect(edgesOf(network)).toEqual([...outward, ...inward, 'in  pl-a3a144ca → load-balancer:443-443 tcp'].toSorted());
  });

  it('lets the networks of the clients in where access is private', () => {
    const clients = ['in  10.0.0.0/8 → load-balancer:443-443 tcp', 'in  10.64.0.0/16 → load-balancer:443-443 tcp'];
    expect(edgesOf(dev.templates[0])).toEqual([...outward, ...inward, ...clients].toSorted());
  });

  it('asks nobody while it is made', () => {
    expect(ha.assembly.manifest.missing ?? []).toEqual([]);
  });

  it('is in three zones with two ways out, or in two with one', () => {
    const zones = (template: Template) =>
      new Set(resourcesOf(template, 'AWS::EC2::Subnet').map(({ Properties }) => Properties['AvailabilityZone']));
    expect(zones(network)).toEqual(new Set(['eu-central-1a', 'eu-central-1b', 'eu-central-1c']));
    expect(zones(dev.templates[0])).toEqual(new Set(['eu-central-1a', 'eu-central-1b']));
    network.resourceCountIs('AWS::EC2::NatGateway', 2);
    dev.templates[0].resourceCountIs('AWS::EC2::NatGateway', 1);
  });

  it('keeps every subnet where it is when dev becomes ha', () => {
    const ranges = (template: Template) =>
      Object.entries(template.findResources('AWS::EC2::Subnet')).map(
        ([id, { Properties }]) => [id, Properties.CidrBlock] as const,
      );
    expect(ranges(network)).toEqual(expect.arrayContaining(ranges(dev.templates[0])));
  });

  it('has room in the smallest range that the configuration takes', async () => {
    const small = stacksOf(await productionDeployment({ network: '10.9.0.0/22' }));
    expect(resourcesOf(small.templates[0], 'AWS::EC2::Subnet')).toHaveLength(12);
  });

  it('gives no subnet public addresses, and the Internet to Fulcio and the prober alone', () => {
    for (const { Properties } of resourcesOf(network, 'AWS::EC2::Subnet')) {
      expect(Properties['MapPublicIpOnLaunch']).toBe(false);
    }
    const routes = Object.entries(network.findResources('AWS::EC2::Route'));
    const toNat = routes.filter(([, { Properties }]) => Properties.NatGatewayId).map(([id]) => id);
    expect(toNat).toHaveLength(3);
    expect(toNat.every((id) => id.includes('egress'))).toBe(true);
    const toInternet = routes.filter(([, { Properties }]) => Properties.GatewayId).map(([id]) => id);
    expect(toInternet.every((id) => id.includes('public'))).toBe(true);
  });

  it('reaches the AWS APIs by endpoints, in each zone or in one', () => {
    const services = resourcesOf(network, 'AWS::EC2::VPCEndpoint').map(({ Properties }) =>
      JSON.stringify(Properties['ServiceName']),
    );
    const wanted = ['kms', 'secretsmanager', 'ecr.api', 'ecr.dkr', 'logs', 'sts', 's3'];
    expect(wanted.filter((api) => !services.some((service) => service.includes(`.${api}"`)))).toEqual([]);
    expect(services).toHaveLength(wanted.length);
    const interfaces = (template: Template) =>
      resourcesOf(template, 'AWS::EC2::VPCEndpoint').filter(
        ({ Properties }) => Properties['VpcEndpointType'] === 'Interface',
      );
    const subnetCounts = (template: Template) =>
      new Set(interfaces(template).map(({ Properties }) => (Properties['SubnetIds'] as readonly unknown[]).length));
    expect(subnetCounts(network)).toEqual(new Set([3]));
    expect(subnetCounts(dev.templates[0])).toEqual(new Set([1]));
    expect(interfaces(network).every(({ Properties }) => Properties['PrivateDnsEnabled'] === true)).toBe(true);
  });

  it('answers 404 by default, and cannot be deleted by mistake', () => {
    const { Properties } = resourceOf(network, 'AWS::ElasticLoadBalancingV2::Listener');
    expect(Properties['DefaultActions']).toEqual([
      { Type: 'fixed-response', FixedResponseConfig: expect.objectContaining({ StatusCode: '404' }) },
    ]);
    network.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', {
      Scheme: 'internal',
      LoadBalancerAttributes: Match.arrayWith([
        { Key: 'deletion_protection.enabled', Value: 'true' },
        { Key: 'routing.http.drop_invalid_header_fields.enabled', Value: 'true' },
        { Key: 'access_logs.s3.enabled', Value: 'true' },
      ]),
    });
    expect(ha.network.terminationProtection).toBe(true);
  });

  it('speaks TLS where there is a zone, and warns where there is none', async () => {
    network.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      Port: 443,
      Protocol: 'HTTPS',
      SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-Res-2021-06',
    });
    network.hasResourceProperties('AWS::CertificateManager::Certificate', {
      DomainName: '*.sigstore.acme.example',
      ValidationMethod: 'DNS',
    });
    const zoneless = stacksOf(await zonelessDeployment());
    zoneless.templates[0].hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      Port: 80,
      Protocol: 'HTTP',
    });
    const warned = (stack: NetworkStack) =>
      stack.node.metadata.filter(({ data }) => String(data).includes('load-balancer-without-tls'));
    expect(warned(ha.network)).toEqual([]);
    expect(warned(zoneless.network)).toHaveLength(1);
  });

  it('refuses a region of which the addresses of CloudFront are not known', async () => {
    const far = await productionDeployment({ regions: ['me-south-1'] });
    expect(() => stacksOf(far, 'me-south-1')).toThrowToolkit('AWS_CLOUDFRONT_REGION', { region: 'me-south-1' });
  });

  it('refuses the group of what runs elsewhere', () => {
    expect(() => ha.network.securityGroup('rekor-other')).toThrowToolkit('AWS_SECURITY_GROUP', { name: 'rekor-other' });
  });
});

describe('the database', () => {
  it('is encrypted, kept for five weeks, and cannot be deleted by mistake', () => {
    const cluster = resourceOf(database, 'AWS::RDS::DBCluster');
    expect(cluster.Properties).toMatchObject({
      Engine: 'aurora-mysql',
      StorageEncrypted: true,
      DeletionProtection: true,
      BackupRetentionPeriod: 35,
      EnableCloudwatchLogsExports: ['audit', 'error'],
    });
    expect(cluster.DeletionPolicy).toBe('Snapshot');
    const instances = resourcesOf(database, 'AWS::RDS::DBInstance');
    expect(instances).toHaveLength(2);
    expect(instances.every(({ Properties }) => Properties['PubliclyAccessible'] === false)).toBe(true);
    dev.templates[1].resourceCountIs('AWS::RDS::DBInstance', 1);
  });

  it("takes no connection in plain text, unless TesseraCT's own binary is to use it", async () => {
    const parameters = (template: Template) =>
      resourceOf(template, 'AWS::RDS::DBClusterParameterGroup').Properties['Parameters'];
    expect(parameters(database)).toMatchObject({ require_secure_transport: 'ON', server_audit_logging: '1' });
    const upstream = stacksOf(await productionDeployment({ ctLogServer: 'upstream' }));
    expect(parameters(upstream.templates[1])).toMatchObject({ require_secure_transport: 'OFF' });
    const shards = (template: Template) =>
      resourcesOf(template, 'Custom::ShardDatabase').map(({ Properties }) => Properties['plainText']);
    expect([shards(database), shards(upstream.templates[1])]).toEqual([
      [undefined, undefined],
      ['true', undefined],
    ]);
  });

  it('has a database, a user and a password of its own for each shard', () => {
    const shards = resourcesOf(database, 'Custom::ShardDatabase').map(({ Properties }) => Properties);
    expect(
      shards.map(({ service, database, antispamDatabase, user }) => [service, database, antispamDatabase, user]),
    ).toEqual([
      ['ct-ct2026-1', 'ct_ct2026_1', 'ct_ct2026_1_antispam', 'ct_ct2026_1'],
      ['rekor-log2026-1', 'rekor_log2026_1', undefined, 'rekor_log2026_1'],
    ]);
    expect(Object.keys(shards[0] ?? {}).sort()).toEqual(
      [
        'ServiceToken',
        'ServiceTimeout',
        'service',
        'database',
        'antispamDatabase',
        'user',
        'secretArn',
        'adminSecretArn',
        'host',
        'port',
      ].sort(),
    );
    const secrets = resourcesOf(database, 'AWS::SecretsManager::Secret').map(({ Properties }) => Properties);
    expect(secrets.map(({ Name }) => Name)).toEqual([
      'acme/database/admin',
      'acme/database/ct-ct2026-1',
      'acme/database/rekor-log2026-1',
    ]);
    for (const { GenerateSecretString } of secrets) {
      // What stands in a DSN must mean nothing there.
      expect(GenerateSecretString).toMatchObject({
        ExcludeCharacters: expect.stringMatching(/(?=.*@)(?=.*:)(?=.*\/)(?=.*\?)(?=.*&)(?=.*%)/),
        PasswordLength: 32,
      });
    }
  });

  it('never loses a shard when a stack goes', () => {
    const kept = (resources: readonly Resource[]) => resources.map(({ DeletionPolicy }) => DeletionPolicy);
    expect(kept(resourcesOf(database, 'Custom::ShardDatabase'))).toEqual(['Retain', 'Retain']);
  });

  it('runs its function under a role that was made before, and lets it find the authorities beside its code', () => {
    const { Properties } = resourceOf(database, 'AWS::Lambda::Function');
    expect(Properties['Role']).toBe('arn:aws:iam::012345678901:role/acme-shard-database-function');
    const { Variables } = Properties['Environment'] as { Variables: Record<string, string> };
    expect(Variables).toEqual({ INSTANCE: 'acme' });
    database.resourceCountIs('AWS::IAM::Role', 0);
  });

  it('refuses a function that was not bundled', () => {
    expect(() => stacksOf({ ...production, functions: new Map() })).toThrowToolkit('AWS_FUNCTION_MISSING');
  });
});
