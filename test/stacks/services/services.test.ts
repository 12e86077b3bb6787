import { describe, expect, it } from '@jest/globals';
import type { Template } from 'aws-cdk-lib/assertions';
import { listenerRules } from '../../../lib/listener-rules.ts';
import { publicEdgeLimits, rekorEdge } from '../../../src/services/edge.ts';
import {
  complete,
  digest,
  productionDeployment,
  resourceOf,
  resourcesOf,
  synthesise,
  witnessedDeployment,
} from './support.ts';

const production = await productionDeployment();
const templates = synthesise(production);
const dev = synthesise(await productionDeployment({ availability: 'dev' }));
const services = ['ct-ct2026-1', 'fulcio', 'rekor-log2026-1', 'timestamp-tsa-1', 'timestamp-tsa-2'];
const logs = ['ct-ct2026-1', 'rekor-log2026-1'];
const edges = services.filter((id) => id !== 'ct-ct2026-1');

interface Container {
  readonly Name: string;
  readonly Image: string;
  readonly Command: readonly unknown[];
  readonly Environment: readonly { readonly Name: string; readonly Value: unknown }[];
  readonly Secrets?: readonly { readonly Name: string; readonly ValueFrom: unknown }[];
  readonly StopTimeout: number;
}

function tasksOf(template: Template | undefined) {
  return resourcesOf(template, 'AWS::ECS::TaskDefinition').map(({ Properties }) => ({
    family: Properties['Family'],
    properties: Properties,
    containers: Properties['ContainerDefinitions'] as readonly Container[],
  }));
}

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
        StartPeriod: program === '/bin/fulcio' ? expect.any(Number) : 30,
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

describe('a log', () => {
  it.each(logs)('can be frozen by a task of its own roles: %s', (id) => {
    const freeze = tasksOf(templates.get(id)).find(({ family }) => family === `acme-${id}-freeze`);
    expect(freeze?.containers[0]?.Command[0]).toBe('/bin/freeze-log');
    expect(freeze?.containers[0]?.Environment.map(({ Name }) => Name)).not.toContain('SIGSTEAD_GATE');
  });

  it.each(logs)('starts behind its gate, with the host of its database: %s', (id) => {
    const task = tasksOf(templates.get(id)).find(({ family }) => family === `acme-${id}`);
    const gate = task?.containers[0]?.Environment.find(({ Name }) => Name === 'SIGSTEAD_GATE')?.Value;
    const text = (gate as { 'Fn::Join': [string, readonly unknown[]] })['Fn::Join'][1]
      .map((part) => (typeof part === 'string' ? part : 'db.example'))
      .join('');
    expect(JSON.parse(text)).toMatchObject({ shard: id, database: { host: 'db.example', port: 3306 } });
  });

  it('that is frozen runs at no task, whatever autoscaling would do, and is not frozen again', async () => {
    const template = synthesise(await productionDeployment({ frozen: ['log2026-1'] })).get('rekor-log2026-1');
    expect(resourceOf(template, 'AWS::ECS::Service').Properties['DesiredCount']).toBe(0);
    template?.resourceCountIs('AWS::ApplicationAutoScaling::ScalableTarget', 0);
    expect(tasksOf(template).map(({ family }) => family)).toEqual(['acme-rekor-log2026-1']);
  });

  it('has no task to freeze it where the key is not in KMS', async () => {
    const upstream = synthesise(await productionDeployment({ ctLogServer: 'upstream' }));
    expect(tasksOf(upstream.get('ct-ct2026-1')).map(({ family }) => family)).toEqual(['acme-ct-ct2026-1']);
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

describe('a Rekor shard', () => {
  /** As log/slog writes it to the container's stderr, with what internal/tessera of Rekor v2.3.0 returns. */
  const line =
    'time=2026-11-22T10:00:00.000Z level=WARN msg="failed to integrate entry" error="building inclusion proof: ' +
    'verifying inclusion proof for index 7: calculated root:\\n[1 2]\\n does not match expected root:\\n[3 4]"';
  const other =
    'time=2026-11-22T10:00:00.000Z level=WARN msg="failed to integrate entry" error="add entry: await: closed"';

  it('counts the proofs that it could not make, from the line that it writes', () => {
    const [filter] = resourcesOf(templates.get('rekor-log2026-1'), 'AWS::Logs::MetricFilter');
    expect(filter?.Properties).toMatchObject({
      FilterPattern: '"failed to integrate entry" "verifying inclusion proof for index"',
      MetricTransformations: [
        {
          ...{ MetricNamespace: 'Sigstead/acme/rekor-log2026-1', MetricName: 'InclusionProofFailures' },
          ...{ MetricValue: '1', DefaultValue: 0 },
        },
      ],
    });
    const phrases = [...String(filter?.Properties['FilterPattern']).matchAll(/"([^"]+)"/g)].map(
      ([, phrase = '']) => phrase,
    );
    const counts = (text: string) => phrases.every((phrase) => text.includes(phrase));
    expect([counts(line), counts(other)]).toEqual([true, false]);
  });

  it('has no other service beside it that counts', () => {
    for (const id of services.filter((each) => each !== 'rekor-log2026-1')) {
      expect(resourcesOf(templates.get(id), 'AWS::Logs::MetricFilter')).toEqual([]);
    }
  });
});

describe('the subnets of a service', () => {
  const subnetsOf = (template: Template | undefined) => {
    const [service] = resourcesOf(template, 'AWS::ECS::Service');
    const text = JSON.stringify(service?.Properties['NetworkConfiguration']);
    return [...new Set(text.match(/(?:egress|services)(?=Subnet)/g))];
  };

  it('reach the Internet for Fulcio alone', () => {
    for (const id of services)
      expect([id, subnetsOf(templates.get(id))]).toEqual([id, [id === 'fulcio' ? 'egress' : 'services']]);
  });

  it.each(logs)('reach it for %s too, and for no other log, once it has witnesses', async (witnessed) => {
    const after = synthesise(await witnessedDeployment(witnessed));
    for (const id of services) {
      const place = id === 'fulcio' || id === witnessed ? 'egress' : 'services';
      expect([id, subnetsOf(after.get(id))]).toEqual([id, [place]]);
    }
    const [task] = tasksOf(after.get(witnessed));
    expect(JSON.stringify(task?.containers[0]?.Environment)).toContain('https://witness.example');
  });
});
