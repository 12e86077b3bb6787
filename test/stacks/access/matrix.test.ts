import { describe, expect, it } from '@jest/globals';
import { placedKeys } from '../../../lib/access/placement.ts';
import type { Deployment } from '../../../lib/deployment.ts';
import { callers, differences } from './judge.ts';
import { expandMatrix, keyActions, readMatrix } from './matrix.ts';
import {
  mainAccount,
  type Policies,
  policiesOf,
  resources,
  sampleDeployment,
  synthesise,
  synthesiseNetworks,
  type Templates,
} from './support.ts';

const deployment = sampleDeployment();
const templates = everyTemplate(deployment);
const policies = policiesOf(templates);
const matrix = await readMatrix();
const cases = expandMatrix(matrix, deployment);

describe('the access matrix', () => {
  it('is what the templates say, for each role, key and bucket', () => {
    expect(differences(cases, policies, deployment)).toEqual([]);
  });

  it('asks everything of everybody', () => {
    const asked = cases.flatMap((each) => (each.kind === 'key' ? [`${each.key.id} ${each.action}`] : []));
    expect(asked).toEqual(placedKeys(deployment).flatMap(({ id }) => keyActions.map((action) => `${id} ${action}`)));
    expect(cases.length * callers(policies, deployment).size).toBeGreaterThan(4000);
  });

  it('has rows for every bucket of the templates', () => {
    const buckets = [...templates.values()].flatMap((template) => resources(template, 'AWS::S3::Bucket'));
    const names = buckets.map(([, { Properties }]) => String(Properties['BucketName'])).toSorted();
    for (const action of ['read', 'write', 'delete version']) {
      const there = cases.flatMap((each) => (each.kind === 'bucket' && each.action === action ? [each.bucket] : []));
      expect([...new Set(there)].toSorted()).toEqual(names);
    }
  });

  it('is what the templates say where keys and servers share an account', () => {
    const shared = sampleDeployment({ keysAccount: mainAccount });
    const same = everyPolicy(shared);
    const asked = expandMatrix(matrix, shared);
    // There is one trail, with one bucket.
    const both = cases.filter((each) => each.kind === 'key' || each.account === mainAccount);
    expect(both.length).toBeLessThan(cases.length);
    expect(asked.map(({ allowed }) => allowed)).toEqual(both.map(({ allowed }) => allowed));
    expect(differences(asked, same, shared)).toEqual([]);
  });

  it('lets CloudFront read nothing where access is private, and changes nothing else', () => {
    const inside = sampleDeployment({ access: 'private' });
    const found = differences(expandMatrix(matrix, inside), everyPolicy(inside), inside);
    expect(found.length).toBeGreaterThan(10);
    expect(found.filter((difference) => !/^CloudFront: (?:read|list) /.test(difference))).toEqual([]);
  });

  it('refuses every signature before the keys are recorded, where they are in another account', () => {
    const early = sampleDeployment({ recorded: false });
    const unsigned = everyPolicy(early);
    const asked = expandMatrix(matrix, early).filter(({ action }) => action === 'Sign');
    const nobody = asked.map((each) => ({ ...each, allowed: new Set<string>() }));
    expect(differences(nobody, unsigned, early)).toEqual([]);
  });
});

function everyPolicy(of: Deployment): Policies {
  return policiesOf(everyTemplate(of));
}

function everyTemplate(of: Deployment): Templates {
  return new Map([...synthesise(of), ...synthesiseNetworks(of)]);
}
