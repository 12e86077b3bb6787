import { utf8 } from '../../../src/core/bytes.ts';
import { type Fetch, request } from '../../../src/core/http.ts';
import { isJsonObject, type JsonObject, parseJsonObject } from '../../../src/core/json.ts';
import { matching, oneOf, optional, text } from '../../../src/core/shape.ts';
import { noToken, type TokenSource, textOf } from './token.ts';
import { totp } from './totp.ts';

/** A user of a Cognito user pool whose client allows `USER_PASSWORD_AUTH`, with a second factor where the pool wants one. */
export interface CognitoAccount {
  readonly source: 'cognito';
  /** E.g. `https://cognito-idp.eu-central-1.amazonaws.com/` */
  readonly url: string;
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
  /** The secret of the software token, in base32 as Cognito gave it. */
  readonly totpSecret?: string | undefined;
}

export const cognitoShape = {
  source: oneOf('cognito'),
  url: matching(/^https?:\/\/[^/]+\/$/, 'a URL that ends in a slash'),
  clientId: text,
  username: text,
  password: text,
  totpSecret: optional(matching(/^[A-Z2-7]{16,128}$/, 'base32')),
};

const maxBytes = 65_536;

/**
 * Returns the token source of a Cognito user.
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html
 */
export function cognitoTokens(
  account: CognitoAccount,
  options: { readonly now: Date; readonly fetch?: Fetch },
): TokenSource {
  const { clientId: ClientId, username: USERNAME, password: PASSWORD } = account;
  return {
    token: async () => {
      const first = await call(account, options.fetch, 'InitiateAuth', {
        ...{ ClientId, AuthFlow: 'USER_PASSWORD_AUTH' },
        AuthParameters: { USERNAME, PASSWORD },
      });
      const answer = first['AuthenticationResult'] ? first : await secondFactor(account, first, options);
      const result = answer['AuthenticationResult'];
      const token = isJsonObject(result) ? textOf(result, 'IdToken') : undefined;
      if (token === undefined) throw noToken(account.url, 'an answer without IdToken');
      return token;
    },
  };
}

async function secondFactor(
  account: CognitoAccount,
  challenge: JsonObject,
  { now, fetch }: { readonly now: Date; readonly fetch?: Fetch },
): Promise<JsonObject> {
  const name = textOf(challenge, 'ChallengeName') ?? 'nothing';
  if (name !== 'SOFTWARE_TOKEN_MFA' || account.totpSecret === undefined) {
    throw noToken(account.url, `the challenge ${name}, for which the secret has no answer`);
  }
  const code = totp(account.totpSecret, now);
  return await call(account, fetch, 'RespondToAuthChallenge', {
    ...{ ClientId: account.clientId, ChallengeName: name, Session: textOf(challenge, 'Session') ?? '' },
    ChallengeResponses: { USERNAME: account.username, SOFTWARE_TOKEN_MFA_CODE: code },
  });
}

async function call(
  { url }: CognitoAccount,
  fetch: Fetch | undefined,
  operation: string,
  input: JsonObject,
): Promise<JsonObject> {
  const { status, body } = await request(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `AWSCognitoIdentityProviderService.${operation}`,
    },
    body: utf8(JSON.stringify(input)),
    maxBytes,
    ...(fetch && { fetch }),
  });
  const answer = parseJsonObject(body, { what: `${url} ${operation}`, maxBytes });
  if (status === 200) return answer;
  throw noToken(url, `${textOf(answer, '__type') ?? `status ${status}`} from ${operation}`);
}
