import { Stack, type StackProps } from 'aws-cdk-lib';
import { CfnPolicy } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { bootstrapRole, type KeyRole, keyRoleStatements, passKeysDeployment } from '../access/key-role-policy.ts';
import { keyRegions } from '../access/placement.ts';
import { type PolicyDocument, policyOf } from '../access/statement.ts';
import { trustPeople, trustService } from '../access/trust-policy.ts';
import type { Deployment } from '../deployment.ts';
import { partitionOf } from '../names.ts';
import { addRole } from './roles.ts';

export interface KeyRolesStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly region: string;
  /** Qualifier of `cdk bootstrap` in the keys' account. @default hnb659fds */
  readonly qualifier?: string;
}

/** The roles beside the keys: who administers them, who may end them, who looks, and who deploys them. */
export class KeyRolesStack extends Stack {
  constructor(scope: Construct, id: string, props: KeyRolesStackProps) {
    const { deployment, region, qualifier, ...rest } = props;
    const { names } = deployment;
    super(scope, id, { ...rest, env: { account: names.keysAccount, region }, terminationProtection: true });
    for (const { role, id: roleId, description } of keyRoles) {
      addRole(this, roleId, {
        ...{ roleName: names.keyRole(role), description, trust: trustOf(role, deployment) },
        statements: keyRoleStatements(role, deployment),
      });
    }
    new CfnPolicy(this, 'PassKeysDeployment', {
      policyName: `${names.instance}-pass-keys-deployment`,
      policyDocument: policyOf(passKeysDeployment(deployment)),
      roles: keyRegions(deployment).map((place) =>
        bootstrapRole('deploy', { account: names.keysAccount, region: place, qualifier }),
      ),
    });
  }
}

const keyRoles: readonly { readonly role: KeyRole; readonly id: string; readonly description: string }[] = [
  { role: 'key-administrator', id: 'KeyAdministrator', description: 'Enables, disables and tags keys; never signs' },
  { role: 'break-glass', id: 'BreakGlass', description: 'Deletes keys, changes their policies, removes versions' },
  { role: 'auditor', id: 'Auditor', description: 'Reads public keys, key policies, and the records of the logs' },
  { role: 'keys-deployment', id: 'KeysDeployment', description: 'CloudFormation, for the stacks of keys only' },
];

function trustOf(role: KeyRole, deployment: Deployment): PolicyDocument {
  const { aws } = deployment;
  if (role === 'keys-deployment') return trustStacks(deployment);
  if (role === 'break-glass') return trustPeople(aws.breakGlass, { mfa: true });
  return trustPeople(role === 'auditor' ? aws.auditors : aws.keyAdministrators);
}

/** Nobody calls KMS with it but CloudFormation, and CloudFormation for a stack of this instance in this account only. */
function trustStacks({ names }: Deployment): PolicyDocument {
  const stacks = `arn:${partitionOf(names.writeRegion)}:cloudformation:*:${names.keysAccount}:stack/${names.instance}-*`;
  return trustService('cloudformation', {
    StringEqualsIfExists: { 'aws:SourceAccount': names.keysAccount },
    ArnLikeIfExists: { 'aws:SourceArn': stacks },
  });
}
