import type { Deployment } from '../deployment.ts';
import type { PlacedKey } from './placement.ts';
import { ownPolicyOf, type PolicyDocument, type Statement, unlessRole } from './statement.ts';

/** What KMS clients of the servers and of ours ask for: they verify signatures by themselves. */
export const signingActions = ['kms:Sign', 'kms:GetPublicKey', 'kms:DescribeKey'] as const;

/**
 * Returns the policy of one signing key, whole: IAM grants nothing on a key that its policy does not name.
 *
 * The account's root is not in it, so no policy in the account can let anybody sign. Nobody has `kms:*`. What must never
 * happen is denied besides not being allowed: a statement added later does not bring it back.
 *
 * The conditions on what is signed are two Denies after an unconditional Allow. An Allow with `StringEquals` would
 * mean the same on AWS, but never match where an emulator leaves the condition keys out.
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-message-type
 */
export function keyPolicy(key: PlacedKey, { names }: Deployment): PolicyDocument {
  return ownPolicyOf(
    ...(key.signers.length > 0 ? [allow('Use', key.signers, signingActions)] : []),
    allow('Administer', names.keyRoleArn('key-administrator'), administration),
    allow('BreakGlass', names.keyRoleArn('break-glass'), ['kms:ScheduleKeyDeletion', 'kms:PutKeyPolicy', ...reading]),
    // KMS takes no policy that its author could not change again, and CloudFormation is the author.
    allow('Deploy', names.keyRoleArn('keys-deployment'), deployment),
    allow('Audit', names.keyRoleArn('auditor'), ['kms:GetPublicKey', 'kms:ListGrants', ...reading]),
    key.signers.length > 0
      ? deny('OnlyItsServiceSigns', 'kms:Sign', unlessRole(...key.signers))
      : deny('NobodySigns', 'kms:Sign'),
    // A digest has no structure: with RAW the key would sign whatever the signer shows it as it stands.
    deny('DigestsOnly', 'kms:Sign', unlessEqual('kms:MessageType', 'DIGEST')),
    deny('OneAlgorithm', 'kms:Sign', unlessEqual('kms:SigningAlgorithm', key.signingAlgorithm)),
    // A grant is permission that stands in no policy. No AWS service needs one on a key that only signs.
    deny('NoGrants', 'kms:CreateGrant'),
    deny('OnlyBreakGlassDeletes', 'kms:ScheduleKeyDeletion', unlessRole(names.keyRoleArn('break-glass'))),
    deny(
      'PolicyIsKept',
      'kms:PutKeyPolicy',
      unlessRole(names.keyRoleArn('break-glass'), names.keyRoleArn('keys-deployment')),
    ),
  );
}

const reading = ['kms:DescribeKey', 'kms:GetKeyPolicy'];

const administration = [
  ...['kms:DescribeKey', 'kms:GetKeyPolicy', 'kms:GetPublicKey', 'kms:ListResourceTags'],
  ...['kms:EnableKey', 'kms:DisableKey', 'kms:CancelKeyDeletion'],
  ...['kms:TagResource', 'kms:UntagResource', 'kms:UpdateAlias', 'kms:UpdateKeyDescription'],
];

/** What CloudFormation calls to make, read and update a key and its alias; not what it calls to delete them. */
export const deployment = [
  ...['kms:DescribeKey', 'kms:GetKeyPolicy', 'kms:GetKeyRotationStatus', 'kms:ListResourceTags', 'kms:PutKeyPolicy'],
  ...['kms:TagResource', 'kms:UntagResource', 'kms:UpdateKeyDescription', 'kms:CreateAlias', 'kms:UpdateAlias'],
];

function allow(Sid: string, roles: string | readonly string[], Action: readonly string[]): Statement {
  return { Sid, Effect: 'Allow', Principal: { AWS: roles }, Action };
}

function deny(Sid: string, Action: string, condition: Pick<Statement, 'Condition'> = {}): Statement {
  return { Sid, Effect: 'Deny', Principal: '*', Action, ...condition };
}

function unlessEqual(key: string, value: string): Pick<Statement, 'Condition'> {
  return { Condition: { Null: { [key]: 'false' }, StringNotEquals: { [key]: value } } };
}
