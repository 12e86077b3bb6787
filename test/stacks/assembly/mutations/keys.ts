import { add, key, keyStatement, type Mutation, role, stranger } from './edit.ts';

export const keysMutations: readonly Mutation[] = [
  {
    rule: 'signing-key-kept',
    what: 'a key that goes with its stack',
    change: key((it) => {
      it.DeletionPolicy = 'Delete';
    }),
    also: ['stateful-kept'],
  },
  {
    rule: 'signing-key-kept',
    what: 'a key that is deleted within a week',
    change: key((it) => {
      it.Properties.PendingWindowInDays = 7;
    }),
  },
  {
    rule: 'signing-key-only-signs',
    what: 'a key of several regions',
    change: key((it) => {
      it.Properties.MultiRegion = true;
    }),
  },
  {
    rule: 'signing-key-only-signs',
    what: 'a key that encrypts',
    change: key((it) => {
      it.Properties.KeyUsage = 'ENCRYPT_DECRYPT';
    }),
  },
  {
    rule: 'signing-key-nobody-holds-all',
    what: 'kms:* of the administrator',
    change: key(({ Properties }) => {
      Properties.KeyPolicy.Statement[1].Action = 'kms:*';
    }),
    also: ['signing-key-signers', 'signing-key-no-grants'],
  },
  {
    rule: 'signing-key-nobody-holds-all',
    what: 'kms:Put*',
    change: keyStatement({ Principal: stranger, Action: 'kms:Put*' }),
  },
  {
    rule: 'signing-key-no-root',
    what: 'the root of the account',
    change: keyStatement({ Principal: { AWS: 'arn:aws:iam::210987654321:root' }, Action: 'kms:DescribeKey' }),
  },
  {
    rule: 'signing-key-no-root',
    what: 'everybody',
    change: keyStatement({ Principal: '*', Action: 'kms:GetPublicKey' }),
  },
  {
    rule: 'signing-key-no-root',
    what: 'a service of AWS',
    change: keyStatement({ Principal: { Service: 'logs.amazonaws.com' }, Action: 'kms:DescribeKey' }),
  },
  {
    rule: 'signing-key-signers',
    what: 'a stranger in a key policy',
    change: keyStatement({ Principal: stranger, Action: ['kms:DescribeKey', 'kms:Sign'] }),
  },
  {
    rule: 'signing-key-signers',
    what: 'a role that signs with every key',
    change: role('prober-function', { Action: 'kms:Si*', Resource: '*' }),
  },
  {
    rule: 'signing-key-signers',
    what: 'a signer whose keys are a pattern',
    change: role('fulcio-task', { Action: 'kms:Sign', Resource: 'arn:aws:kms:eu-central-1:210987654321:key/*' }),
  },
  {
    rule: 'signing-key-signers',
    what: 'a policy beside a role',
    change: add('AWS::IAM::Policy', {
      Roles: ['acme-prober-function'],
      PolicyDocument: {
        Statement: {
          Effect: 'Allow',
          NotAction: 's3:*',
          Resource: 'arn:aws:kms:eu-central-1:210987654321:key/00000000-0000-4000-8000-000000000000',
        },
      },
    }),
    also: ['signing-key-no-grants'],
  },
  { rule: 'signing-key-no-grants', what: 'a grant', change: add('AWS::KMS::Grant', {}) },
  {
    rule: 'signing-key-no-grants',
    what: 'who makes grants',
    change: keyStatement({ Principal: stranger, Action: 'kms:CreateGrant' }),
  },
];
