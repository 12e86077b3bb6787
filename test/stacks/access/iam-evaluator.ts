import type { PolicyDocument, Statement } from '../../../lib/access/statement.ts';

/** Somebody who asks: a role's session by the ARN of its role, or an AWS service by its name. */
export interface Caller {
  readonly arn: string;
  readonly account: string;
  /** E.g. `cloudfront.amazonaws.com`; it has no policies of its own. */
  readonly service?: string;
  readonly policies: readonly PolicyDocument[];
  /** Condition keys that a service sets of itself. */
  readonly context?: Readonly<Record<string, string>>;
}

/** One call, as IAM sees it. */
export interface Request {
  readonly action: string;
  readonly resource: string;
  readonly resourceAccount: string;
  readonly resourcePolicy: PolicyDocument | undefined;
  /** Whether only the resource's own policy opens it to its own account, as that of a KMS key does. */
  readonly policyRequired: boolean;
  /** Condition keys that the service sets. */
  readonly context: Readonly<Record<string, string>>;
}

/**
 * Decides as IAM does, for what our policies are made of; anything else in a policy is an error, not a guess.
 *
 * An explicit Deny anywhere wins. Across accounts both sides must allow. Within one, either suffices, but a statement of
 * a resource that names the account only hands the decision to the caller's own policies; and a KMS key has to allow.
 * Organisation policies, boundaries and session policies are left out: they only take away.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function isAllowed(caller: Caller, request: Request): boolean {
  const own = caller.policies.flatMap(({ Statement }) => Statement).filter((each) => covers(each, caller, request));
  const theirs = (request.resourcePolicy?.Statement ?? []).filter(
    (each) => names(each, caller) !== 'no' && covers(each, caller, request),
  );
  if ([...own, ...theirs].some(({ Effect }) => Effect === 'Deny')) return false;
  const allowedByOwn = own.length > 0;
  const allowedByTheirs = theirs.some((each) => names(each, caller) === 'itself');
  const delegated = theirs.length > 0;
  if (caller.service !== undefined) return allowedByTheirs;
  if (caller.account !== request.resourceAccount) return allowedByOwn && delegated;
  if (request.policyRequired) return allowedByTheirs || (delegated && allowedByOwn);
  return allowedByOwn || allowedByTheirs;
}

function covers(statement: Statement, caller: Caller, request: Request): boolean {
  assertUnderstood(statement);
  return (
    list(statement.Action).some((pattern) => like(request.action.toLowerCase(), pattern.toLowerCase())) &&
    coversResource(statement, request.resource) &&
    holds(statement.Condition ?? {}, contextOf(caller, request))
  );
}

function coversResource({ Resource, NotResource }: Statement, resource: string): boolean {
  if (NotResource !== undefined) return !list(NotResource).some((pattern) => like(resource, pattern));
  return list(Resource ?? []).some((pattern) => like(resource, pattern));
}

/** Whether a statement of a resource is about the caller: about it in particular, or about its whole account. */
function names({ Principal, Effect }: Statement, caller: Caller): 'itself' | 'account' | 'no' {
  if (Principal === undefined) return 'no';
  if (Principal === '*') return 'itself';
  if ('Service' in Principal) return Principal.Service === caller.service ? 'itself' : 'no';
  if (caller.service !== undefined) return 'no';
  const principals = list(Principal.AWS);
  if (principals.includes('*') || principals.includes(caller.arn)) return 'itself';
  const account = principals.some((principal) =>
    new RegExp(`^(arn:aws:iam::)?${caller.account}(:root)?$`).test(principal),
  );
  if (!account) return 'no';
  return Effect === 'Deny' ? 'itself' : 'account';
}

/** A service that acts for itself has no `aws:PrincipalArn`; the calls we look at are with TLS unless they say otherwise. */
function contextOf(caller: Caller, request: Request): Readonly<Record<string, string>> {
  const own =
    caller.service === undefined
      ? { 'aws:PrincipalArn': caller.arn }
      : { 'aws:PrincipalServiceName': caller.service, ...caller.context };
  return { 'aws:SecureTransport': 'true', ...own, ...request.context };
}

function holds(condition: NonNullable<Statement['Condition']>, context: Readonly<Record<string, string>>): boolean {
  return Object.entries(condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => {
      const test = operators[operator];
      if (test === undefined) throw new Error(`${operator}: an operator that this evaluator does not know`);
      return test(context[key], list(wanted));
    }),
  );
}

type Test = (value: string | undefined, wanted: readonly string[]) => boolean;

/** A negated operator holds for a key that is not there; the others do not. */
const operators: Readonly<Record<string, Test>> = {
  Null: (value, wanted) => wanted.includes(String(value === undefined)),
  Bool: (value, wanted) => value !== undefined && wanted.includes(value.toLowerCase()),
  StringEquals: (value, wanted) => value !== undefined && wanted.includes(value),
  StringEqualsIfExists: (value, wanted) => value === undefined || wanted.includes(value),
  StringNotEquals: (value, wanted) => value === undefined || !wanted.includes(value),
  ArnEquals: (value, wanted) => value !== undefined && wanted.some((arn) => arnLike(value, arn)),
  ArnLike: (value, wanted) => value !== undefined && wanted.some((arn) => arnLike(value, arn)),
  ArnNotEquals: (value, wanted) => value === undefined || !wanted.some((arn) => arnLike(value, arn)),
  ArnNotLike: (value, wanted) => value === undefined || !wanted.some((arn) => arnLike(value, arn)),
};

/** Each of the six parts by itself: a star does not reach over a colon. */
function arnLike(arn: string, pattern: string): boolean {
  const [parts, patterns] = [sixParts(arn), sixParts(pattern)];
  return parts.length === patterns.length && parts.every((part, index) => like(part, patterns[index] ?? ''));
}

function sixParts(arn: string): readonly string[] {
  const parts = arn.split(':');
  return [...parts.slice(0, 5), parts.slice(5).join(':')];
}

const patterns = new Map<string, RegExp>();

function like(value: string, pattern: string): boolean {
  if (pattern === '*') return true;
  let expression = patterns.get(pattern);
  if (expression === undefined) {
    const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
    expression = new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
    patterns.set(pattern, expression);
  }
  return expression.test(value);
}

const understood = new Set(['Sid', 'Effect', 'Principal', 'Action', 'Resource', 'NotResource', 'Condition']);

function assertUnderstood(statement: Statement): void {
  const unknown = Object.keys(statement).find((key) => !understood.has(key));
  if (unknown !== undefined)
    throw new Error(`${statement.Sid}: ${unknown} is an element that this evaluator does not know`);
}

function list<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
