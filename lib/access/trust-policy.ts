import type { Deployment } from '../deployment.ts';
import { partitionOf } from '../names.ts';
import { type PolicyDocument, policyOf, type Statement } from './statement.ts';

type Condition = NonNullable<Statement['Condition']>;

/** Returns who may take a role: one AWS service. */
export function trustService(service: string, condition?: Condition): PolicyDocument {
  const Principal = { Service: `${service}.amazonaws.com` };
  return policyOf({
    ...{ Sid: 'Service', Effect: 'Allow', Principal, Action: 'sts:AssumeRole' },
    ...(condition && { Condition: condition }),
  });
}

/**
 * Returns the trust of tasks: ECS, and for tasks of this account and region only, as ECS says of whom it asks for. In
 * another region no rule of the audit would see the task begin.
 *
 * Where ECS says nothing it is let in: only ECS can leave it out, and of what starts a task (the execution role) ECS
 * does not document that it says it; an emulator says neither.
 */
export function trustTasks({ names }: Deployment, region: string): PolicyDocument {
  return trustService('ecs-tasks', {
    StringEqualsIfExists: { 'aws:SourceAccount': names.account },
    ArnLikeIfExists: { 'aws:SourceArn': `arn:${partitionOf(region)}:ecs:${region}:${names.account}:*` },
  });
}

/**
 * Returns who may take a role that people take. Nobody, if none is named: leaving that to the account's root would let
 * everybody in who administers the account.
 */
export function trustPeople(
  principals: readonly string[],
  options: { readonly mfa?: boolean | undefined } = {},
): PolicyDocument {
  if (principals.length === 0) return policyOf(nobody);
  if (options.mfa !== true) return policyOf(people('People', principals));
  // A session of a role says nothing about how its user logged in: for roles, their own trust has to ask for MFA.
  const users = principals.filter((principal) => principal.includes(':user/'));
  const roles = principals.filter((principal) => !principal.includes(':user/'));
  return policyOf(
    ...(roles.length > 0 ? [people('Roles', roles)] : []),
    ...(users.length > 0
      ? [{ ...people('Users', users), Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } }]
      : []),
  );
}

const nobody: Statement = { Sid: 'Nobody', Effect: 'Deny', Principal: '*', Action: 'sts:AssumeRole' };

function people(Sid: string, principals: readonly string[]): Statement {
  return { Sid, Effect: 'Allow', Principal: { AWS: principals }, Action: 'sts:AssumeRole' };
}
