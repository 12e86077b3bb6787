/** One statement of a policy, as IAM reads it. Each has a `Sid`: the access matrix and its tests name it by that. */
export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  /** Absent in the policy of a role, whose principal is the role. */
  readonly Principal?: '*' | { readonly AWS: string | readonly string[] } | { readonly Service: string };
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

export function policyOf(...statements: readonly Statement[]): PolicyDocument {
  return { Version: '2012-10-17', Statement: statements };
}

/** Returns the policy with `Resource: "*"` where a statement names none: in a key's own policy that is the key. */
export function ownPolicyOf(...statements: readonly Statement[]): PolicyDocument {
  return policyOf(...statements.map((statement) => ({ ...statement, Resource: '*' })));
}

/**
 * Returns a condition that holds for everybody but these roles.
 *
 * On AWS `aws:PrincipalArn` of a session is the ARN of its role. The second pattern is for an emulator that puts the
 * ARN of the session there; on AWS nobody has it.
 */
export function unlessRole(...roleArns: readonly string[]): Pick<Required<Statement>, 'Condition'> {
  const sessions = roleArns.map((arn) => `${arn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/*`);
  return { Condition: { ArnNotLike: { 'aws:PrincipalArn': [...roleArns, ...sessions] } } };
}
