import { describe, expect, it } from '@jest/globals';
import { placedKeys } from '../../../lib/access/placement.ts';
import { callers, differences } from './judge.ts';
import { expandMatrix, keyActions, readMatrix } from './matrix.ts';
import { mainAccount, policiesOf, sampleDeployment, synthesise } from './support.ts';

const deployment = sampleDeployment();
const policies = policiesOf(synthesise(deployment), deployment);
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

  it('is what the templates say where keys and servers share an account', () => {
    const shared = sampleDeployment({ keysAccount: mainAccount });
    const same = policiesOf(synthesise(shared), shared);
    const asked = expandMatrix(matrix, shared);
    expect(asked.map(({ allowed }) => allowed)).toEqual(cases.map(({ allowed }) => allowed));
    expect(differences(asked, same, shared)).toEqual([]);
  });

  it('lets CloudFront read nothing where access is private, and changes nothing else', () => {
    const inside = sampleDeployment({ access: 'private' });
    const found = differences(expandMatrix(matrix, inside), policiesOf(synthesise(inside), inside), inside);
    expect(found.length).toBeGreaterThan(10);
    expect(found.filter((difference) => !/^CloudFront: (?:read|list) /.test(difference))).toEqual([]);
  });

  it('refuses every signature before the keys are recorded, where they are in another account', () => {
    const early = sampleDeployment({ recorded: false });
    const unsigned = policiesOf(synthesise(early), early);
    const asked = expandMatrix(matrix, early).filter(({ action }) => action === 'Sign');
    const nobody = asked.map((each) => ({ ...each, allowed: new Set<string>() }));
    expect(differences(nobody, unsigned, early)).toEqual([]);
  });
});
