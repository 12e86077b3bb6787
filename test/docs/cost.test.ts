import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { costsOf, costTable, totalOf, withTable } from '../../docs/cost/cost-table.ts';
import { parsePriceList } from '../../docs/cost/price-list.ts';
import type { Resources } from '../../docs/cost/quantities.ts';
import { projectDirectory } from '../support/instance.ts';
import { computedCostPage } from './cost-page.ts';

const text = await readFile(join(projectDirectory, 'docs', 'cost', 'prices-2026-11.yaml'), 'utf8');
const page = await readFile(join(projectDirectory, 'docs', 'cost.md'), 'utf8');
const prices = parsePriceList(text);

/** A stack with one of each resource whose price is counted. */
const stack: Resources = {
  Task: { Type: 'AWS::ECS::TaskDefinition', Properties: { Cpu: '512', Memory: '1024' } },
  Service: { Type: 'AWS::ECS::Service', Properties: { DesiredCount: 2, TaskDefinition: { Ref: 'Task' } } },
  Cluster: { Type: 'AWS::RDS::DBCluster', Properties: { ServerlessV2ScalingConfiguration: { MinCapacity: 0.5 } } },
  Instance: { Type: 'AWS::RDS::DBInstance', Properties: { DBClusterIdentifier: { Ref: 'Cluster' } } },
  Kms: { Type: 'AWS::EC2::VPCEndpoint', Properties: { VpcEndpointType: 'Interface', SubnetIds: ['a', 'b', 'c'] } },
  S3: { Type: 'AWS::EC2::VPCEndpoint', Properties: { VpcEndpointType: 'Gateway', SubnetIds: ['a', 'b', 'c'] } },
  Acl: { Type: 'AWS::WAFv2::WebACL', Properties: { Rules: [{}, {}, {}] } },
  Alarm: { Type: 'AWS::CloudWatch::Alarm', Properties: { Namespace: 'Sigstead' } },
  Maths: {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      Metrics: [
        { Expression: 'a' },
        { MetricStat: { Metric: { Namespace: 'AWS/Events' } } },
        { MetricStat: { Metric: { Namespace: 'Sigstead' } } },
      ],
    },
  },
  Role: { Type: 'AWS::IAM::Role' },
  Custom: { Type: 'Custom::ShardDatabase' },
};

describe('costsOf', () => {
  const costs = costsOf([stack, { Key: { Type: 'AWS::KMS::Key' } }], prices);

  it.each([
    ['AWS::ECS::Service', 730 * (1 * 0.04048 + 2 * 0.004445) + 3.6],
    ['AWS::RDS::DBInstance', 730 * 0.5 * 0.12],
    ['AWS::EC2::VPCEndpoint', 730 * 3 * 0.01],
    ['AWS::WAFv2::WebACL', 8],
    ['AWS::CloudWatch::Alarm', 0.1 + 0.3 + 0.2 + 0.3],
    ['AWS::KMS::Key', 1],
    ['AWS::IAM::Role', 0],
    ['AWS::CloudFormation::CustomResource', 0],
  ])('counts %s', (type, monthly) => {
    expect(costs.get(type)?.monthly).toBeCloseTo(monthly, 6);
  });

  it('refuses types without a price, all of them at once', () => {
    const unknown = { A: { Type: 'AWS::Neptune::DBCluster' }, B: { Type: 'AWS::EC2::Instance' } };
    expect(() => costsOf([stack, unknown], prices)).toThrow('no price for AWS::EC2::Instance, AWS::Neptune::DBCluster');
  });

  it.each<[string, Resources[string]]>([
    ['a task definition of another stack', { Type: 'AWS::ECS::Service', Properties: { TaskDefinition: 'arn' } }],
    ['an instance without a cluster', { Type: 'AWS::RDS::DBInstance', Properties: {} }],
    [
      'an instance that is not serverless',
      { Type: 'AWS::RDS::DBInstance', Properties: { DBClusterIdentifier: { Ref: 'Task' } } },
    ],
  ])('refuses what it cannot count: %s', (_name, resource) => {
    expect(() => costsOf([{ ...stack, Other: resource }], prices)).toThrow(resource.Type);
  });
});

describe('costTable', () => {
  const dev = costsOf([{ Key: { Type: 'AWS::KMS::Key' } }], prices);
  const ha = costsOf([stack], prices);

  it('has a row for each type of either, and the sums', () => {
    const table = costTable(dev, ha, prices);
    expect(table.split('\n')).toHaveLength(3 + new Set([...dev.keys(), ...ha.keys()]).size);
    expect(table).toContain(
      `| **all** | 1 | **1.00** | ${Object.keys(stack).length} | **${totalOf(ha).toFixed(2)}** |`,
    );
    expect(table).toMatch(/`AWS::KMS::Key` \| 1 \| 1\.00 \| – \| –/);
  });

  it('goes between the markers of docs/cost.md, and changes nothing else', () => {
    const once = withTable(page, 'one');
    expect(withTable(once, 'two')).toBe(once.replace('one', 'two'));
    expect(() => withTable('no markers', 'one')).toThrow('expected');
  });
});

describe('docs/cost.md', () => {
  it('says that its prices are not verified, for as long as they are not', () => {
    expect(prices.verified).toBe(false);
    expect(page).toContain('**The prices are not verified.**');
  });

  it('says what the templates of examples/production.yaml have (else: node test/docs/write-cost.ts)', async () => {
    expect(await computedCostPage()).toBe(page);
  });
});

describe('parsePriceList', () => {
  const head = 'dated: x\nregion: y\nverified: false\nhoursPerMonth: 730\ntypes:\n';

  it.each([
    ['neither a price nor a reason', 'A: { use: often }'],
    ['a price and a reason', 'A: { free: no reason, parts: [{ quantity: one, month: 1 }] }'],
    ['a quantity that nobody counts', 'A: { parts: [{ quantity: dozens, month: 1 }] }'],
    ['hour and month', 'A: { parts: [{ quantity: one, month: 1, hour: 1 }] }'],
    ['a price of nothing', 'A: { parts: [{ quantity: one, month: 0 }] }'],
    ['no parts', 'A: { parts: [] }'],
    ['a key that it does not know', 'A: { free: no reason, price: 3 }'],
  ])('refuses %s', (_name, entry) => {
    expect(() => parsePriceList(`${head}  ${entry}\n`)).toThrow();
  });

  it('accepts what it wrote', () => {
    expect(parsePriceList(`${head}  A: { free: no reason }\n`).byType.size).toBe(1);
  });
});
