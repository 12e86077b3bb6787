import { describe, expect, it } from '@jest/globals';
import type { Template } from 'aws-cdk-lib/assertions';
import { productionDeployment, resourceOf, resourcesOf, synthesise, tasksOf, witnessedDeployment } from './support.ts';

const templates = synthesise(await productionDeployment());
const logs = ['ct-ct2026-1', 'rekor-log2026-1'];
const services = ['fulcio', 'timestamp-tsa-1', 'timestamp-tsa-2', ...logs];

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

  it.each(logs)('gets as long behind a load balancer as its gate may wait: %s', (id) => {
    const { LoadBalancers, HealthCheckGracePeriodSeconds } = resourceOf(
      templates.get(id),
      'AWS::ECS::Service',
    ).Properties;
    expect(HealthCheckGracePeriodSeconds).toBe(LoadBalancers ? 300 : undefined);
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
