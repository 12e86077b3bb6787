import type { Complaint, Rule } from '../../../src/core/rules.ts';
import { placedKeys } from '../../access/placement.ts';
import { type GuardedInstance, type Placed, type Properties, resourcesOf, sectionsOf } from '../assembly.ts';
import { actionsOf, isAllow, names, principalsOf, rolePoliciesOf, statementsOf } from '../policy.ts';

export const keyRules: readonly Rule<GuardedInstance>[] = [
  {
    id: 'signing-key-kept',
    title: 'a signing key outlives its stack, and its deletion takes 30 days',
    check: ({ assembly }) =>
      signingKeys(assembly).flatMap(({ where, resource, properties }) => [
        ...(resource.DeletionPolicy === 'Retain' && resource.UpdateReplacePolicy === 'Retain'
          ? []
          : [
              { where, message: `expected Retain, got ${resource.DeletionPolicy} and ${resource.UpdateReplacePolicy}` },
            ]),
        ...(properties['PendingWindowInDays'] === 30
          ? []
          : [{ where, message: `expected 30 days, got ${String(properties['PendingWindowInDays'])}` }]),
      ]),
  },
  {
    id: 'signing-key-only-signs',
    title: 'every key signs, in one region',
    check: ({ assembly }) =>
      resourcesOf(assembly, 'AWS::KMS::Key', 'AWS::KMS::ReplicaKey')
        .filter(({ type, properties }) => {
          const { KeyUsage, MultiRegion } = properties;
          return type !== 'AWS::KMS::Key' || KeyUsage !== 'SIGN_VERIFY' || MultiRegion === true;
        })
        .map(({ where }) => ({ where, message: 'expected a SIGN_VERIFY key of one region' })),
  },
  {
    id: 'signing-key-nobody-holds-all',
    title: 'nobody is allowed kms:*, or any pattern of actions',
    check: ({ assembly }) =>
      allowances(assembly).flatMap(({ where, statement }) =>
        statement['NotAction'] !== undefined || actionsOf(statement).some((action) => action.includes('*'))
          ? [{ where, message: `expected actions by name, got ${actionsOf(statement).join(' ') || 'NotAction'}` }]
          : [],
      ),
  },
  {
    id: 'signing-key-no-root',
    title: 'no account as a whole is in a key policy: with it, any policy in that account could allow a signature',
    check: ({ assembly }) =>
      allowances(assembly).flatMap(({ where, statement }) =>
        principalsOf(statement)
          .filter((principal) => !/^arn:aws[a-z-]*:iam::\d{12}:(?:role|user)\/[^*]+$/.test(principal))
          .map((principal) => ({ where, message: `expected the ARN of a role or user, got ${principal}` })),
      ),
  },
  {
    id: 'signing-key-signers',
    title: 'only the roles of its service sign with a key, by its policy and by theirs',
    check: (instance) => [...byKeyPolicy(instance), ...byRolePolicy(instance)],
  },
  {
    id: 'signing-key-no-grants',
    title: 'no grant, and nobody who could make one: a grant is permission that stands in no policy',
    check: ({ assembly }) => [
      ...resourcesOf(assembly)
        .filter(({ type }) => type === 'AWS::KMS::Grant')
        .map(({ where }) => ({ where, message: 'expected no grant' })),
      ...allowances(assembly)
        .filter(({ statement }) => names(statement, 'kms:CreateGrant'))
        .map(({ where }) => ({ where, message: 'expected nobody to be allowed kms:CreateGrant' })),
      ...assembly
        .flatMap(rolePoliciesOf)
        .filter(({ statements }) => statements.some((each) => isAllow(each) && names(each, 'kms:CreateGrant')))
        .map(({ where, role }) => ({ where, message: `expected ${role} not to be allowed kms:CreateGrant` })),
    ],
  },
];

function signingKeys(assembly: GuardedInstance['assembly']): readonly Placed[] {
  return resourcesOf(assembly, 'AWS::KMS::Key').filter(({ properties }) => properties['KeyUsage'] === 'SIGN_VERIFY');
}

/** What the policies of the keys allow. */
function allowances(assembly: GuardedInstance['assembly']) {
  return signingKeys(assembly).flatMap(({ where, properties }) =>
    statementsOf(properties['KeyPolicy'])
      .filter(isAllow)
      .map((statement) => ({ where, id: keyId(properties), statement })),
  );
}

function keyId({ Tags }: Properties): string {
  return String(sectionsOf(Tags).find(({ Key }) => Key === 'sigstead:key')?.['Value']);
}

function byKeyPolicy({ assembly, deployment }: GuardedInstance): readonly Complaint[] {
  const keys = new Map(placedKeys(deployment).map(({ id, signers }) => [id, signers]));
  return allowances(assembly)
    .filter(({ statement }) => names(statement, 'kms:Sign'))
    .flatMap(({ where, id, statement }) =>
      principalsOf(statement)
        .filter((principal) => !keys.get(id)?.includes(principal))
        .map((principal) => ({ where, message: `expected ${keys.get(id)?.join(' or ')} to sign, got ${principal}` })),
    );
}

/** Roles may sign with keys that they are named for; the policy of the key says with which. */
function byRolePolicy({ assembly, deployment }: GuardedInstance): readonly Complaint[] {
  const signers = new Set(placedKeys(deployment).flatMap((key) => key.signers.map((arn) => arn.split('/').at(-1))));
  return assembly.flatMap(rolePoliciesOf).flatMap(({ where, role, statements }) => {
    const signing = statements.filter((statement) => isAllow(statement) && names(statement, 'kms:Sign'));
    const resources = signing.flatMap(({ Resource, NotResource }) => (NotResource ? ['*'] : [Resource].flat()));
    return [
      ...(signing.length === 0 || signers.has(role)
        ? []
        : [{ where, message: `expected ${role} to sign with no key` }]),
      ...resources
        .filter((resource) => !/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[a-z0-9-]{36}$/.test(String(resource)))
        .map((resource) => ({ where, message: `expected the ARN of a key, got ${JSON.stringify(resource)}` })),
    ];
  });
}
