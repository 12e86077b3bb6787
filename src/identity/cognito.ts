import { ToolkitError } from '../core/error.ts';
import { shellWord } from '../core/shell.ts';
import type { CognitoIssuer, FulcioIssuer } from './issuer.ts';

/** A Cognito user pool whose id and client are known. */
export interface KnownCognito extends CognitoIssuer {
  readonly userPool: string;
  readonly clientId: string;
}

/** Whether the pool and its client are known: before its stack is deployed, nobody knows them. */
export function isKnownCognito(issuer: CognitoIssuer): issuer is KnownCognito {
  return issuer.userPool !== undefined && issuer.clientId !== undefined;
}

/** Returns what the tokens of a pool say as `iss`. Its region is the first half of its id. */
export function cognitoIssuerUrl(userPool: string): string {
  const [region = ''] = userPool.split('_');
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return `https://cognito-idp.${region}.${suffix}/${userPool}`;
}

/** Returns the one redirect URI of the pool's client: Cognito takes no other port, and http on localhost only. */
export function cognitoRedirectUrl({ redirectPort }: Pick<CognitoIssuer, 'redirectPort'>): string {
  return `http://localhost:${redirectPort}/auth/callback`;
}

/**
 * Returns the issuer as Fulcio is told about it. The audience of a Cognito token is the client's id, never `sigstore`.
 * @throws OIDC_COGNITO_UNKNOWN while the pool or its client is not named
 */
export function cognitoIssuer(issuer: CognitoIssuer): FulcioIssuer {
  if (isKnownCognito(issuer)) {
    return { issuerUrl: cognitoIssuerUrl(issuer.userPool), clientId: issuer.clientId, type: 'email' };
  }
  throw new ToolkitError('OIDC_COGNITO_UNKNOWN', {
    message: 'issuers: expected userPool and clientId for the preset cognito, got none: Fulcio has to know both',
    fault: 'input',
    hint: issuer.managed
      ? 'deploy the Oidc stack first, and copy its outputs UserPoolId and ClientId into the configuration'
      : 'name the pool that exists, or take `managed: false` out to have one made',
  });
}

/** What one client needs to be told, because Cognito makes up client ids and compares redirect URIs whole. */
export interface ClientFlags {
  readonly client: 'cosign' | 'sigstore-python' | 'sigstore-js' | 'sigstead';
  /** A command line, or a sentence where there is none. */
  readonly text: string;
}

/** Returns the flags that a fixed client id and redirect cost each client. */
export function cognitoClientFlags(issuer: KnownCognito): readonly ClientFlags[] {
  const url = shellWord(cognitoIssuerUrl(issuer.userPool));
  const id = shellWord(issuer.clientId);
  const login = `sigstead login --issuer ${url} --client-id ${id} --redirect-port ${issuer.redirectPort}`;
  return [
    {
      client: 'cosign',
      text: `cosign sign-blob --oidc-issuer ${url} --oidc-client-id ${id} --oidc-redirect-url ${cognitoRedirectUrl(issuer)} --bundle FILE.sigstore.json FILE`,
    },
    {
      client: 'sigstore-python',
      // It listens on a port of its own choice, which Cognito refuses.
      text: `sigstore sign --identity-token "$(${login})" FILE`,
    },
    {
      client: 'sigstore-js',
      text: `pass a token as identityToken: ${login}`,
    },
    { client: 'sigstead', text: login },
  ];
}
