import type { Fetch } from '../../../src/core/http.ts';
import type { Json } from '../../../src/core/json.ts';
import { object, oneOf, type Read, text } from '../../../src/core/shape.ts';
import { type CognitoAccount, cognitoShape, cognitoTokens } from './cognito-tokens.ts';
import { type EndpointAccount, endpointShape, endpointTokens } from './endpoint-tokens.ts';
import { type TokenSource, textOf } from './token.ts';

/** Whom a certificate of the prober must name. */
export interface ProberIdentity {
  readonly identity: string;
  readonly issuer: string;
}

export type ProberAccount = (EndpointAccount | CognitoAccount) & ProberIdentity;

/** Form of the prober's secret: `source` says which fields come with it. */
export const proberAccountShape: Read<ProberAccount> = (json, path) => {
  const source = oneOf('token-endpoint', 'cognito')(sourceOf(json), `${path}source`);
  return source === 'cognito' ? cognito(json, path) : endpoint(json, path);
};

const identity = { identity: text, issuer: text };
const cognito = object({ ...cognitoShape, ...identity });
const endpoint = object({ ...endpointShape, ...identity });

export function tokenSource(
  account: ProberAccount,
  options: { readonly now: Date; readonly fetch?: Fetch },
): TokenSource {
  return account.source === 'cognito' ? cognitoTokens(account, options) : endpointTokens(account, options);
}

function sourceOf(json: Json | undefined): Json | undefined {
  return textOf(json ?? null, 'source');
}
