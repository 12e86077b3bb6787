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
  const issuer = (match: unknown) => ({ userIdentity: { sessionContext: { sessionIssuer: { arn: [match] } } } });
  return { $or: [issuer({ 'anything-but': [...roles] }), issuer({ exists: false })] };
}
