import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

export interface Identity {
  readonly accessKeyId: string;
  /** Of the session of a role. */
  readonly arn: string;
}

/** Environment of a process. */
export type Variables = ReadonlyMap<string | undefined, string | undefined>;

/** Asks STS who this process is now. */
export async function ownIdentity(): Promise<Identity> {
  return await identityIn(new Map(Object.entries(process.env)), 'this process');
}

/** Asks STS who somebody is, with the credentials of an environment. */
export async function identityIn(variables: Variables, whose: string): Promise<Identity> {
  const accessKeyId = variables.get('AWS_ACCESS_KEY_ID');
  const secretAccessKey = variables.get('AWS_SECRET_ACCESS_KEY');
  const sessionToken = variables.get('AWS_SESSION_TOKEN');
  if (!accessKeyId || !secretAccessKey || !sessionToken) throw new Error(`${whose}: no credentials`);
  const sts = new STSClient({ credentials: { accessKeyId, secretAccessKey, sessionToken } });
  const { Arn = '' } = await sts.send(new GetCallerIdentityCommand({}));
  return { accessKeyId, arn: Arn };
}
