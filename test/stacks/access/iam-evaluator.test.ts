import { describe, expect, it } from '@jest/globals';
import { policyOf, type Statement } from '../../../lib/access/statement.ts';
import { type Caller, isAllowed, type Request } from './iam-evaluator.ts';

const arn = 'arn:aws:iam::111111111111:role/signer';
const everything: Statement = { Sid: 'All', Effect: 'Allow', Action: '*', Resource: '*' };
const opened = (principal: string): Statement => ({ ...everything, Principal: { AWS: principal } });

describe('isAllowed', () => {
  it.each<[string, Statement[], Statement[]]>([
    ['a key of the same account that names the role', [], [opened(arn)]],
    ['a key that names the account, where the role may too', [everything], [opened('arn:aws:iam::111111111111:root')]],
  ])('accepts %s', (_what, own, theirs) => {
    expect(decide({ own, theirs })).toBe(true);
  });

  it.each<[string, Statement[], Statement[]]>([
    ['a key that says nothing, whatever the role may', [everything], []],
    ['a key that names the account, where the role may not', [], [opened('arn:aws:iam::111111111111:root')]],
    ['a key that names another role', [everything], [opened(`${arn}-2`)]],
    ['what is denied to everybody', [everything], [opened(arn), { ...everything, Effect: 'Deny', Principal: '*' }]],
  ])('refuses %s', (_what, own, theirs) => {
    expect(decide({ own, theirs })).toBe(false);
  });

  it('asks both sides across accounts, and one within, but for keys', () => {
    const resourceAccount = '222222222222';
    expect(decide({ own: [everything], theirs: [opened(arn)], request: { resourceAccount } })).toBe(true);
    expect(decide({ own: [], theirs: [opened(arn)], request: { resourceAccount } })).toBe(false);
    expect(decide({ own: [everything], theirs: [], request: { resourceAccount } })).toBe(false);
    expect(decide({ own: [everything], theirs: [], request: { policyRequired: false } })).toBe(true);
  });

  it.each<[string, Record<string, string>, boolean]>([
    ['StringNotEquals', {}, false],
    ['StringNotEquals', { 'kms:MessageType': 'DIGEST' }, true],
    ['StringNotEquals', { 'kms:MessageType': 'RAW' }, false],
    ['StringEquals', {}, true],
    ['StringEquals', { 'kms:MessageType': 'DIGEST' }, false],
  ])('reads a Deny with %s, of %j', (operator, context, allowed) => {
    const Condition = { [operator]: { 'kms:MessageType': 'DIGEST' } };
    const denied: Statement = { ...everything, Effect: 'Deny', Principal: '*', Condition };
    expect(decide({ own: [], theirs: [opened(arn), denied], request: { context } })).toBe(allowed);
  });

  it('lets no star reach over a colon of an ARN', () => {
    const not = (pattern: string): Statement => ({
      ...{ ...everything, Effect: 'Deny', Principal: '*' },
      Condition: { ArnNotLike: { 'aws:PrincipalArn': pattern } },
    });
    expect(decide({ own: [], theirs: [opened(arn), not('arn:aws:iam::*:role/signer')] })).toBe(true);
    expect(decide({ own: [], theirs: [opened(arn), not('arn:aws:*:role/signer')] })).toBe(false);
  });

  it('refuses to guess: an operator or element that it does not know is an error', () => {
    const unknown: Statement = { ...everything, Condition: { NumericLessThan: { 'aws:MultiFactorAuthAge': '1' } } };
    expect(() => decide({ own: [unknown], theirs: [] })).toThrow('NumericLessThan');
    const element = { ...everything, NotAction: 'kms:Sign' } as Statement;
    expect(() => decide({ own: [element], theirs: [] })).toThrow('NotAction');
  });
});

function decide(options: {
  readonly own: readonly Statement[];
  readonly theirs: readonly Statement[];
  readonly request?: Partial<Request>;
}): boolean {
  const caller: Caller = { arn, account: '111111111111', policies: [policyOf(...options.own)] };
  return isAllowed(caller, {
    ...{ action: 'kms:Sign', resource: 'arn:aws:kms:eu-central-1:111111111111:key/1', policyRequired: true },
    ...{ resourceAccount: '111111111111', resourcePolicy: policyOf(...options.theirs), context: {} },
    ...options.request,
  });
}
