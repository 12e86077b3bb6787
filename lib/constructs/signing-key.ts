import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnAlias, CfnKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { keyPolicy } from '../access/key-policy.ts';
import { keyOutput } from '../access/logical-id.ts';
import type { PlacedKey } from '../access/placement.ts';
import type { Deployment } from '../deployment.ts';

export interface SigningKeyProps {
  readonly key: PlacedKey;
  readonly deployment: Deployment;
}

/**
 * A key in KMS that one service signs with, and nobody else.
 *
 * It is a `CfnKey`, for the policy of a `Key` is also written by every `grant…` that somebody calls on it, and none of
 * them writes it whole. What CloudFormation lets go of stays; deletion takes 30 days.
 */
export class SigningKey extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, { key, deployment }: SigningKeyProps) {
    super(scope, id);
    const resource = new CfnKey(this, 'Key', {
      description: `${deployment.names.instance}: ${key.id} ${key.purpose}`,
      keySpec: key.spec,
      keyUsage: 'SIGN_VERIFY',
      // A copy in another region would be a second one who signs for the same log.
      multiRegion: false,
      pendingWindowInDays: 30,
      keyPolicy: keyPolicy(key, deployment),
      tags: [
        { key: 'sigstead:instance', value: deployment.names.instance },
        { key: 'sigstead:key', value: key.id },
      ],
    });
    resource.applyRemovalPolicy(RemovalPolicy.RETAIN);
    const alias = new CfnAlias(this, 'Alias', {
      aliasName: deployment.names.keyAlias(key.id),
      targetKeyId: resource.ref,
    });
    alias.applyRemovalPolicy(RemovalPolicy.RETAIN);
    this.arn = resource.attrArn;
    new CfnOutput(Stack.of(this), keyOutput(key.id), { value: this.arn, description: `Key of ${key.id}` });
  }
}
