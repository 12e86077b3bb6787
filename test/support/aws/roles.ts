import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** Assumes a role with the credentials that this process has, or those given. */
export async function assume(roleArn: string, by?: Credentials): Promise<Credentials> {
  const client = new STSClient(by ? { credentials: by } : {});
  const { Credentials: got } = await client.send(new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: 'test' }));
  if (!got?.AccessKeyId || !got.SecretAccessKey || !got.SessionToken) throw new Error(`${roleArn}: no credentials`);
  return { accessKeyId: got.AccessKeyId, secretAccessKey: got.SecretAccessKey, sessionToken: got.SessionToken };
}

export function environmentOf(credentials: Credentials): Readonly<Record<string, string>> {
  return {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
  };
}

/** Makes a role that stands for people: whoever is logged in as one of them may assume what the stacks let them. */
export async function createPeople(account: string, name: string): Promise<void> {
  const client = new IAMClient();
  const trust = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'sts:AssumeRole' };
  await client.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: document(trust) }));
  await client.send(
    new PutRolePolicyCommand({
      ...{ RoleName: name, PolicyName: 'assume' },
      PolicyDocument: document({ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' }),
    }),
  );
}

function document(statement: object): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}
