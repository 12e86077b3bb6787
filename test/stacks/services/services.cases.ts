import { describe, expect, it } from '@jest/globals';
import { listenerRules } from '../../../lib/listener-rules.ts';
import { publicEdgeLimits, rekorEdge } from '../../../src/services/edge.ts';
import { digest } from '../../support/recorded-deployment.ts';
import { complete, productionDeployment, resourceOf, resourcesOf, synthesise, tasksOf } from './support.ts';

const production = await productionDeployment();
const templates = synthesise(production);
const dev = synthesise(await productionDeployment({ availability: 'dev' }));
const services = ['ct-ct2026-1', 'fulcio', 'rekor-log2026-1', 'timestamp-tsa-1', 'timestamp-tsa-2'];
const logs = ['ct-ct2026-1', 'rekor-log2026-1'];
const edges = services.filter((id) => id !== 'ct-ct2026-1');

/** A log's gate waits for another task's first checkpoint: every other program is a log's. */
const startPeriods: Readonly<Record<string, unknown>> = {
  '/bin/fulcio': expect.any(Number),
  '/bin/timestamp-server-aws': 30,
};

const everyTask = services.flatMap((id) =>
  tasksOf(templates.get(id)).map((task) => [String(task.family), task] as const),
);

describe.each(everyTask)('the task %s', (_family, { properties, containers }) => {
  const [container] = containers;
  if (!container) throw new Error('a task has a container');

  it('has one container, which can write nowhere and may do nothing', () => {
    expect(containers).toHaveLength(1);
    expect(container).toMatchObject({
      ReadonlyRootFilesystem: true,
      User: '65532:65532',
      LinuxParameters: { Capabilities: { Drop: ['ALL'] }, InitProcessEnabled: false },
      EntryPoint: ['/entry'],
      Essential: true,
    });
    expect(properties).not.toHaveProperty('Volumes');
    expect(container).not.toHaveProperty('MountPoints');
    expect(container).not.toHaveProperty('Privileged');
  });

  it('asks its own server whether it is well, unless it ends by itself', () => {
    const [program] = container.Command;
    if (program === '/bin/freeze-log') {
      expect(container).not.toHaveProperty('HealthCheck');
      return;
    }
    const path = program === '/bin/timestamp-server-aws' ? 'ping' : 'healthz';
    expect(container).toMatchObject({
      HealthCheck: {
        Command: ['CMD', '/entry', 'health', expect.stringMatching(`^http://127\\.0\\.0\\.1:\\d+/${path}$`)],
        Interval: 15,
        Timeout: 5,
        Retries: 4,
        StartPeriod: startPeriods[String(program)] ?? 300,
      },
    });
  });

  it('starts an image of its own registry, by its digest', () => {
    // The program that ends a log comes with the image of the log.
    const log = String(properties['Family']).includes('rekor') ? 'rekor-aws' : 'ct-log';
    const program = String(container.Command[0]).replace('/bin/', '').replace('freeze-log', log);
    expect(container.Image).toBe(`012345678901.dkr.ecr.eu-central-1.amazonaws.com/acme/${program}@${digest}`);
  });

  it('names its password, and shows none', () => {
    const shown = JSON.stringify([container.Command, container.Environment]);
    expect(shown).not.toMatch(/resolve:secretsmanager|PRIVATE KEY/);
    const isLog = logs.some((id) => String(properties['Family']).includes(id));
    expect((container.Secrets ?? []).map(({ Name }) => Name)).toEqual(isLog ? ['DATABASE_PASSWORD'] : []);
    for (const { ValueFrom } of container.Secrets ?? []) expect(JSON.stringify(ValueFrom)).toContain(':password::');
  });

  it('has the roles of its service, and none that was made here', () => {
    const id = String(properties['Family'])
      .replace(/^acme-/, '')
      .replace(/-freeze$/, '');
    expect(properties['TaskRoleArn']).toBe(`arn:aws:iam::012345678901:role/acme-${id}-task`);
    expect(properties['ExecutionRoleArn']).toBe(`arn:aws:iam::012345678901:role/acme-${id}-execution`);
    for (const type of ['AWS::IAM::Role', 'AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy']) {
      templates.get(id)?.resourceCountIs(type, 0);
    }
  });

  it('logs to the log group that its role may write to', () => {
    const id = String(properties['Family'])
      .replace(/^acme-/, '')
      .replace(/-freeze$/, '');
    const { Properties } = resourceOf(templates.get(id), 'AWS::Logs::LogGroup');
    expect(Properties).toMatchObject({ LogGroupName: `/sigstead/acme/${id}`, RetentionInDays: 365 });
  });
});

describe.each(services)('the service %s', (id) => {
  const template = templates.get(id);
  const service = resourceOf(template, 'AWS::ECS::Service');

  it('runs once, and is taken back when it fails', () => {
    expect(service.Properties).toMatchObject({
      ServiceName: id,
      DesiredCount: 2,
      EnableExecuteCommand: false,
      DeploymentConfiguration: {
        MinimumHealthyPercent: 100,
        MaximumPercent: 200,
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
      },
      NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'DISABLED' } },
    });
  });

  it('has one group, to which nothing is added here', () => {
    const { AwsvpcConfiguration } = service.Properties['NetworkConfiguration'] as {
      AwsvpcConfiguration: { SecurityGroups: readonly unknown[] };
    };
    expect(AwsvpcConfiguration.SecurityGroups).toHaveLength(1);
    for (const type of ['SecurityGroup', 'SecurityGroupIngress', 'SecurityGroupEgress']) {
      template?.resourceCountIs(`AWS::EC2::${type}`, 0);
    }
  });

  it('grows from two to six where there are several zones, and is alone in dev', () => {
    template?.hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', { MinCapacity: 2, MaxCapacity: 6 });
    expect(resourceOf(dev.get(id), 'AWS::ECS::Service').Properties['DesiredCount']).toBe(1);
    dev.get(id)?.resourceCountIs('AWS::ApplicationAutoScaling::ScalableTarget', 0);
  });

  it('is given the time to write down what it acknowledged', () => {
    const [container] = tasksOf(template)[0]?.containers ?? [];
    expect(container?.StopTimeout).toBeGreaterThanOrEqual(logs.includes(id) ? 65 : 30);
    expect(container?.StopTimeout).toBeLessThanOrEqual(120);
  });
});

describe('the load balancer', () => {
  const rulesOf = (id: string) =>
    resourcesOf(templates.get(id), 'AWS::ElasticLoadBalancingV2::ListenerRule').map(({ Properties }) => {
      const conditions = Properties['Conditions'] as readonly Record<string, { Values: readonly string[] }>[];
      const values = (kind: string) => conditions.flatMap((condition) => condition[kind]?.Values ?? []);
      return [values('HostHeaderConfig'), values('HttpRequestMethodConfig'), values('PathPatternConfig')].map((list) =>
        list.join(' '),
      );
    });

  it('passes on to Fulcio what clients use, under its host', () => {
    expect(rulesOf('fulcio')).toEqual([
      ['fulcio.sigstore.acme.example', 'POST', '/api/v2/signingCert'],
      ['fulcio.sigstore.acme.example', 'GET', '/api/v2/trustBundle /api/v2/configuration'],
    ]);
  });

  it('passes on to Rekor writes alone', () => {
    expect(rulesOf('rekor-log2026-1')).toEqual([['log2026-1.sigstore.acme.example', 'POST', '/api/v2/log/entries']]);
    expect(rekorEdge(publicEdgeLimits).routes.map(({ kind }) => kind)).toEqual(['forward', 'read']);
  });

  it('passes on to each timestamp authority what is for it', () => {
    expect(rulesOf('timestamp-tsa-2')).toEqual([
      ['tsa-2.sigstore.acme.example', 'POST', '/api/v1/timestamp'],
      ['tsa-2.sigstore.acme.example', 'GET', '/api/v1/timestamp/certchain'],
    ]);
  });

  it('does not know the CT log, which Fulcio finds by name', () => {
    const template = templates.get('ct-ct2026-1');
    template?.resourceCountIs('AWS::ElasticLoadBalancingV2::TargetGroup', 0);
    template?.resourceCountIs('AWS::ElasticLoadBalancingV2::ListenerRule', 0);
    expect(resourceOf(template, 'AWS::ServiceDiscovery::Service').Properties['Name']).toBe('ct-ct2026-1');
    for (const id of edges) templates.get(id)?.resourceCountIs('AWS::ServiceDiscovery::Service', 0);
  });

  it.each(edges)('asks %s how it is, and takes a bad deployment back by its alarms', (id) => {
    const template = templates.get(id);
    const group = resourceOf(template, 'AWS::ElasticLoadBalancingV2::TargetGroup');
    expect(group.Properties).toMatchObject({
      TargetType: 'ip',
      Protocol: 'HTTP',
      HealthCheckPath: /tsa/.test(id) ? '/ping' : '/healthz',
    });
    const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm').map(({ Properties }) => Properties);
    const names = alarms.map(({ AlarmName }) => AlarmName);
    const { DeploymentConfiguration } = resourceOf(template, 'AWS::ECS::Service').Properties;
    expect(DeploymentConfiguration).toMatchObject({ Alarms: { AlarmNames: names, Enable: true, Rollback: true } });
    for (const alarm of alarms) expect(alarm['AlarmDescription']).toContain('docs/operator-runbook.md#');
  });
});

describe('listenerRules', () => {
  it('gives each rule a priority of its own, which a new shard does not move', async () => {
    const { config, aws } = production;
    const shard = (name: string) => ({
      ...{ shard: name, origin: `${name}.sigstore.acme.example`, operator: `${name}.acme.example` },
      ...({ key: 'awskms', region: 'eu-central-1' } as const),
    });
    const many = Array.from({ length: 30 }, (_, index) => shard(`log2030-${index}`));
    const grown = await complete({
      config: { ...config, logs: { ...config.logs, rekor: [...config.logs.rekor, ...many] } },
      aws,
    });
    const rules = [...services, ...many.map((log) => `rekor-${log.shard}`)].flatMap((id) =>
      listenerRules(id, 'eu-central-1', grown),
    );
    const priorities = rules.map(({ priority }) => priority);
    expect(new Set(priorities).size).toBe(rules.length);
    expect(Math.min(...priorities)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...priorities)).toBeLessThanOrEqual(50_000);
    for (const id of services) {
      expect(listenerRules(id, 'eu-central-1', grown)).toEqual(listenerRules(id, 'eu-central-1', production));
    }
  });
});

describe('several shards and regions', () => {
  it('are stacks of their own, each beside its database and with a bucket of its own', async () => {
    const { config } = production;
    const aws = { ...production.aws, regions: ['eu-central-1', 'eu-west-1'] };
    const second = { shard: 'log2027-1', origin: 'log2027-1.sigstore.acme.example', operator: 'log2027.acme.example' };
    const rekor = [...config.logs.rekor, { ...second, key: 'awskms', region: 'eu-west-1' } as const];
    const two = await complete({ config: { ...config, aws, logs: { ...config.logs, rekor } }, aws });
    const stacks = synthesise(two);
    expect([...stacks.keys()]).toContain('rekor-log2027-1-eu-west-1');
    const buckets = logs.concat('rekor-log2027-1-eu-west-1').map((id) => {
      const task = tasksOf(stacks.get(id)).find(({ family }) => !String(family).endsWith('-freeze'));
      return JSON.stringify(task?.containers[0]?.Command).match(/--(?:aws-)?bucket=([^"]+)"/)?.[1];
    });
    expect(new Set(buckets).size).toBe(3);
    expect(resourcesOf(stacks.get('database'), 'Custom::ShardDatabase')).toHaveLength(2);
    expect(resourcesOf(stacks.get('database-eu-west-1'), 'Custom::ShardDatabase')).toHaveLength(1);
  });
});
