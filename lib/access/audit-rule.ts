import { type BootstrapPlace, bootstrapRoleArn } from './key-role-policy.ts';

/** What EventBridge is to look for: in the events of CloudTrail, and in those of CloudFormation. */
export interface AuditRule {
  readonly id: string;
  readonly description: string;
  readonly pattern: {
    readonly source: readonly string[];
    readonly 'detail-type'?: readonly string[];
    readonly detail: Readonly<Record<string, unknown>>;
  };
  /** Section of the operator runbook that says what to do about it. */
  readonly runbook: `alarm-${string}`;
  /** Whether somebody is told; otherwise it is only kept. */
  readonly alarming: boolean;
}

/** Which account and region the rules are for. */
export interface AuditPlace {
  readonly side: 'main' | 'keys';
  readonly region: string;
  /** Qualifier of `cdk bootstrap` in the main account. @default hnb659fds */
  readonly qualifier?: string | undefined;
}

/** A role's session has the role as its issuer; a user has no session, and would not match a bare `anything-but`. */
export function issuerOtherThan(roles: readonly string[]) {
  if (roles.length === 0) return {};
  return { $or: issuersOtherThan(roles) };
}

/** Calls of which somebody may have to be told. */
export interface Calls {
  /** As their host names begin: of CloudWatch it is `monitoring`. */
  readonly services: readonly string[];
  /** Names, or how they begin. */
  readonly eventName: readonly (string | { readonly prefix: string })[];
  readonly requestParameters?: Readonly<Record<string, unknown>>;
}

/** These calls by anybody but the roles, and the deployment of the place. */
export function callsOfOthers(
  place: BootstrapPlace,
  { services, ...calls }: Calls,
  roles: readonly string[] = [],
): AuditRule['pattern'] {
  return {
    source: services.map((service) => `aws.${service}`),
    detail: {
      eventSource: services.map((service) => `${service}.amazonaws.com`),
      ...calls,
      ...neitherDeployedNorBy(roles, bootstrapRoleArn('cfn-exec', place)),
    },
  };
}

/**
 * Neither one of the roles, nor CloudFormation at work as the role of deployments. Whoever took that role over calls by
 * themselves: CloudFormation's own calls have `invokedBy` in `userIdentity`, and nobody else can have it there.
 */
function neitherDeployedNorBy(roles: readonly string[], deployer: string) {
  const itself = (invokedBy: unknown) => ({
    userIdentity: { ...issuer(deployer).userIdentity, invokedBy: [invokedBy] },
  });
  return {
    $or: [
      ...issuersOtherThan([...roles, deployer]),
      itself({ 'anything-but': ['cloudformation.amazonaws.com'] }),
      itself({ exists: false }),
    ],
  };
}

function issuersOtherThan(roles: readonly string[]) {
  return [issuer({ 'anything-but': [...roles] }), issuer({ exists: false })];
}

function issuer(match: unknown) {
  return { userIdentity: { sessionContext: { sessionIssuer: { arn: [match] } } } };
}
