import { bucket, type Mutation, on, type Writable } from './edit.ts';

export const dataMutations: readonly Mutation[] = [
  {
    rule: 'stateful-kept',
    what: 'a bucket that goes with its stack',
    change: bucket((it) => {
      it.DeletionPolicy = 'Delete';
    }),
  },
  {
    rule: 'stateful-kept',
    what: 'a database that is replaced',
    change: on('AWS::RDS::DBCluster', (it) => {
      it.UpdateReplacePolicy = undefined;
    }),
  },
  {
    rule: 'stateful-kept',
    what: 'a user pool that goes with its stack',
    change: on('AWS::Cognito::UserPool', (it) => {
      it.DeletionPolicy = 'Delete';
    }),
    profile: 'cognito',
  },
  {
    rule: 'stack-protected',
    what: 'keys that one command deletes',
    change: (assembly) => {
      (assembly.find(({ name }) => name.endsWith('-Keys')) as Writable).terminationProtection = false;
    },
  },
  {
    rule: 'database-protected',
    what: 'a database that one command deletes',
    change: on('AWS::RDS::DBCluster', ({ Properties }) => {
      Properties.DeletionProtection = false;
    }),
  },
  {
    rule: 'bucket-not-public',
    what: 'a bucket that may be public',
    change: bucket(({ Properties }) => {
      Properties.PublicAccessBlockConfiguration.BlockPublicPolicy = false;
    }),
  },
  {
    rule: 'bucket-versioned',
    what: 'a bucket without versions',
    change: bucket(({ Properties }) => {
      Properties.VersioningConfiguration.Status = 'Suspended';
    }),
  },
  {
    rule: 'bucket-tls-only',
    what: 'a bucket without a policy',
    change: on('AWS::S3::BucketPolicy', ({ Properties }) => {
      Properties.PolicyDocument.Statement = [];
    }),
  },
  {
    rule: 'bucket-tls-only',
    what: 'a policy that refuses plaintext reads only',
    change: on('AWS::S3::BucketPolicy', ({ Properties }) => {
      for (const each of Properties.PolicyDocument.Statement) if (each.Action === 's3:*') each.Action = 's3:Get*';
    }),
  },
  {
    rule: 'log-group-retention',
    what: 'a log group that keeps for ever',
    change: on('AWS::Logs::LogGroup', ({ Properties }) => {
      Properties.RetentionInDays = undefined;
    }),
  },
];
