import {
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  AssociateSoftwareTokenCommand,
  CognitoIdentityProviderClient,
  InitiateAuthCommand,
  RespondToAuthChallengeCommand,
  VerifySoftwareTokenCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { totp } from '../../../operate/functions/probing/totp.ts';

/** A person of the deployed user pool, with a password and a second factor, who never saw a mail. */
export interface PoolUser {
  readonly email: string;
  readonly password: string;
  readonly totpSecret: string;
}

export interface Pool {
  readonly userPool: string;
  readonly clientId: string;
}

/** Makes a user as an administrator does, and sets up what the pool asks of everybody: a second factor. */
export async function addPoolUser(pool: Pool, email: string): Promise<PoolUser> {
  const client = new CognitoIdentityProviderClient();
  const password = `Long-enough-${Date.now()}`;
  const attributes = [
    { Name: 'email', Value: email },
    { Name: 'email_verified', Value: 'true' },
  ];
  const of = { UserPoolId: pool.userPool, Username: email };
  await client.send(
    new AdminCreateUserCommand({
      ...of,
      UserAttributes: attributes,
      MessageAction: 'SUPPRESS',
      TemporaryPassword: password,
    }),
  );
  await client.send(new AdminSetUserPasswordCommand({ ...of, Password: password, Permanent: true }));
  const begun = await client.send(
    new InitiateAuthCommand({
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId: pool.clientId,
      AuthParameters: { USERNAME: email, PASSWORD: password },
    }),
  );
  const { SecretCode: totpSecret = '', Session } = await client.send(
    new AssociateSoftwareTokenCommand({ Session: begun.Session }),
  );
  const verified = await client.send(
    new VerifySoftwareTokenCommand({ Session, UserCode: totp(totpSecret, new Date()) }),
  );
  await client.send(
    new RespondToAuthChallengeCommand({
      ...{ ClientId: pool.clientId, ChallengeName: 'MFA_SETUP', Session: verified.Session },
      ChallengeResponses: { USERNAME: email },
    }),
  );
  return { email, password, totpSecret };
}
