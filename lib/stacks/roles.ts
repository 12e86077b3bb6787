import { RemovalPolicy, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import { CfnRole } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { functionNames, functionStatements, publisherStatements } from '../access/function-policy.ts';
import { logicalId } from '../access/logical-id.ts';
import { placedServices } from '../access/placement.ts';
import { type PolicyDocument, policyOf, type Statement } from '../access/statement.ts';
import { executionStatements, taskStatements } from '../access/task-policy.ts';
import { trustPeople, trustService, trustTasks } from '../access/trust-policy.ts';
import { wildcardReasons } from '../access/wildcards.ts';
import type { Deployment } from '../deployment.ts';

export interface RolesStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly region: string;
}

/** The roles of the servers and functions, in the main account. IAM is global, so there is one such stack. */
export class RolesStack extends Stack {
  constructor(scope: Construct, id: string, props: RolesStackProps) {
    const { deployment, region, ...rest } = props;
    const { names, aws } = deployment;
    super(scope, id, { ...rest, env: { account: names.account, region }, terminationProtection: true });
    for (const service of placedServices(deployment)) {
      const of = { trust: trustTasks(deployment, service.region) };
      const name = logicalId(service.id);
      addRole(this, `${name}Task`, {
        ...{ ...of, roleName: names.role(service.id, 'task'), description: `${service.id}: what its server may do` },
        statements: taskStatements(service, deployment),
      });
      addRole(this, `${name}Execution`, {
        ...{ ...of, roleName: names.role(service.id, 'execution'), description: `${service.id}: what starts it` },
        statements: executionStatements(service, deployment),
      });
    }
    for (const name of functionNames) {
      addRole(this, `${logicalId(name)}Function`, {
        ...{ trust: trustService('lambda'), roleName: names.role(name, 'function') },
        ...{ description: `Function ${name}`, statements: functionStatements(name, deployment) },
      });
    }
    addRole(this, 'Publisher', {
      ...{ trust: trustPeople(aws.publishers), roleName: names.role('publisher', 'task') },
      ...{ description: 'Publishes what a ceremony signed', statements: publisherStatements(deployment) },
    });
  }
}

export interface RoleOptions {
  readonly roleName: string;
  readonly description: string;
  readonly trust: PolicyDocument;
  readonly statements: readonly Statement[];
}

/**
 * Adds a role that outlives its stack. A policy of a key or bucket names a role by what it was when the policy was
 * written: a role of the same name that is made later is another one, and is let in nowhere.
 */
export function addRole(scope: Construct, id: string, options: RoleOptions): CfnRole {
  const { roleName, description, trust, statements } = options;
  const role = new CfnRole(scope, id, {
    ...{ roleName, description, assumeRolePolicyDocument: trust, maxSessionDuration: 3600 },
    ...(statements.length > 0 && {
      policies: [{ policyName: 'access', policyDocument: policyOf(...statements) }],
    }),
  });
  role.applyRemovalPolicy(RemovalPolicy.RETAIN);
  Validations.of(role).acknowledge(...wildcardReasons(statements));
  return role;
}
