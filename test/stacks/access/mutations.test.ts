import { describe, expect, it } from '@jest/globals';
import type { PolicyDocument, Statement } from '../../../lib/access/statement.ts';
import { differencesAt } from './judge.ts';
import { expandMatrix, readMatrix } from './matrix.ts';
import { type Policies, policiesOf, sampleDeployment, synthesise } from './support.ts';

const deployment = sampleDeployment();
const policies = policiesOf(synthesise(deployment));
const cases = expandMatrix(await readMatrix(), deployment);

interface Place {
  readonly of: keyof Policies;
  /** Name of the role, id of the key, name of the bucket. */
  readonly at: string;
  readonly index: number;
  readonly statement: Statement;
}

const places: readonly Place[] = (['roles', 'keys', 'buckets'] as const).flatMap((of) =>
  [...policies[of]].flatMap(([at, { Statement }]) =>
    Statement.map((statement, index) => ({ of, at, index, statement })),
  ),
);

/** What the matrix has no row for: the tests of the stacks pin those statements word by word. */
const elsewhere = new Set([
  ...['Registry', 'Image', 'Log', 'DatabasePassword', 'Network', 'Token', 'Undelivered', 'DatabaseSecrets'],
  ...['Lists', 'Aliases', 'Trail', 'Stacks', 'CreateKeys', 'OnlySigningKeys', 'OneRegion', 'KeptManageable', 'Keys'],
  ...['ListVersions', 'TrailLooks'],
]);

/** Denies that nothing depends on as long as every Allow is as it is; the last test shows when they do. */
const secondLines: ReadonlyMap<string, string> = new Map([
  ['OnlyItsServiceSigns', 'no other statement allows Sign'],
  ['NoGrants', 'no statement allows CreateGrant'],
  ['OnlyBreakGlassDeletes', 'no other statement allows ScheduleKeyDeletion'],
  ['PolicyIsKept', 'no other statement allows PutKeyPolicy'],
  ['NeverWritten', 'only the task of the log writes, and its own policy leaves roots/ out'],
]);

/** Where more room on one side gives nobody anything, because the other side says no. */
const otherSides: ReadonlyMap<string, string> = new Map([
  ['roles Sign', 'the policy of each key names its own service'],
  ['roles RemoveVersions', 'across accounts the policy of the bucket has to allow it too'],
  [
    'buckets BreakGlass',
    'KeepVersions and KeepObjects deny the same to everybody else (a log is noticed: partial tiles)',
  ],
]);

describe('a policy with one statement less', () => {
  const inMatrix = places.filter(({ statement }) => !elsewhere.has(statement.Sid) && !secondLines.has(statement.Sid));

  it('is found out by the matrix, whichever statement it is', () => {
    const unnoticed = inMatrix.filter((place) => found(place, []).length === 0);
    expect(unnoticed.map(({ at, statement }) => `${at} ${statement.Sid}`)).toEqual([]);
    expect(inMatrix.length).toBeGreaterThan(100);
  });
});

describe('a policy with one statement wider', () => {
  const allows = places.filter(({ statement: { Sid, Effect } }) => Effect === 'Allow' && !elsewhere.has(Sid));

  it('is found out by the matrix, but where the other side says no', () => {
    const unnoticed = allows.filter((place) => found(place, [widened(place.statement)]).length === 0);
    const kinds = new Set(unnoticed.map(({ of, statement }) => `${of} ${statement.Sid}`));
    expect([...kinds].toSorted()).toEqual([...otherSides.keys()].toSorted());
  });
});

describe('a policy with a statement more, that lets everybody do everything', () => {
  const everything: Statement = { Sid: 'All', Effect: 'Allow', Principal: { AWS: '*' }, Action: '*', Resource: '*' };
  const keys = places.filter(({ of, statement }) => of === 'keys' && secondLines.has(statement.Sid));

  it.each([...new Set(keys.map(({ statement }) => statement.Sid))])('still refuses, for %s', (sid) => {
    for (const place of keys.filter(({ statement }) => statement.Sid === sid)) {
      const kept = new Set(found(place, [place.statement, everything]));
      const bared = found(place, [everything]).filter((difference) => !kept.has(difference));
      expect(bared).not.toEqual([]);
      expect(bared.every((difference) => difference.includes(actionOf(place.statement)))).toBe(true);
    }
  });

  it('still refuses roots to a log whose task may write anything', () => {
    const writers = places.filter(({ statement }) => statement.Sid === 'WriteLog');
    expect(writers).toHaveLength(3);
    const written = writers.flatMap((place) => found(place, [widened(place.statement)]));
    expect(written.filter((difference) => difference.includes('roots/'))).toEqual([]);
  });
});

function actionOf({ Action }: Statement): string {
  return String(Action).replace('kms:', '');
}

/** What the matrix says once a statement is replaced by others. */
function found({ of, at, index }: Place, instead: readonly Statement[]): readonly string[] {
  const document = policies[of].get(at);
  if (document === undefined) throw new Error(`${at}: no such policy`);
  const changed: PolicyDocument = { ...document, Statement: document.Statement.toSpliced(index, 1, ...instead) };
  const mutant = { ...policies, [of]: new Map([...policies[of], [at, changed]]) };
  return differencesAt(cases, { policies: mutant, deployment, at });
}

/** The policy of a resource lets everybody in; that of a role reaches everything. */
function widened(statement: Statement): Statement {
  if (statement.Principal !== undefined) return { ...statement, Principal: { AWS: '*' } };
  return { ...statement, Resource: '*' };
}
