import { DefaultStackSynthesizer, type IStackSynthesizer, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { logicalId } from '../access/logical-id.ts';
import { placedKeys } from '../access/placement.ts';
import { SigningKey } from '../constructs/signing-key.ts';
import type { Deployment } from '../deployment.ts';

export interface KeysStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly region: string;
  /** Qualifier of `cdk bootstrap` in the keys' account. @default hnb659fds */
  readonly qualifier?: string;
}

/**
 * The keys of a region, and their policies. The roles that the policies name must exist before: KMS looks them up.
 *
 * CloudFormation acts here with a role of its own, for the one from `cdk bootstrap` could do anything to a key.
 */
export class KeysStack extends Stack {
  constructor(scope: Construct, id: string, props: KeysStackProps) {
    const { deployment, region, qualifier, ...rest } = props;
    super(scope, id, {
      ...rest,
      env: { account: deployment.names.keysAccount, region },
      terminationProtection: true,
      synthesizer: keysSynthesizer(deployment, qualifier),
    });
    for (const key of placedKeys(deployment)) {
      if (key.region === region) new SigningKey(this, logicalId(key.id), { key, deployment });
    }
  }
}

/** Returns the synthesizer of the Keys stacks: they are deployed with the role `keys-deployment`. */
export function keysSynthesizer({ names }: Deployment, qualifier?: string): IStackSynthesizer {
  const synthesizer = new DefaultStackSynthesizer({
    cloudFormationExecutionRole: names.keyRoleArn('keys-deployment'),
    // It is read with that role, which may read nothing but keys.
    generateBootstrapVersionRule: false,
    ...(qualifier !== undefined && { qualifier }),
  });
  // Its optional properties are declared in another way than those of its own interface.
  return synthesizer as IStackSynthesizer;
}
