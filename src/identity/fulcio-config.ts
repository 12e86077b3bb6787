import { assertNoErrors } from '../core/rules.ts';
import { type CiMetadata, ciMetadata } from './ci-provider.ts';
import { cognitoIssuer } from './cognito.ts';
import type { FulcioIssuer, IssuerPreset } from './issuer.ts';
import { lintIssuers } from './issuer-rules.ts';

/** The audience that every Sigstore client asks for unless it is told otherwise. */
export const sigstoreClientId = 'sigstore';

/**
 * Returns an issuer with what its preset stands for filled in. Asks nobody; `checkDiscovery` does.
 * @throws OIDC_COGNITO_UNKNOWN for a user pool that is not there yet (see `cognitoIssuer`)
 */
export function resolveIssuer(issuer: IssuerPreset, localIssuerUrl: string): FulcioIssuer {
  switch (issuer.preset) {
    case 'local':
      return emailIssuer(localIssuerUrl, issuer.clientId);
    case 'github-actions':
      return githubIssuer('https://token.actions.githubusercontent.com');
    case 'github-actions-enterprise':
      return githubIssuer(`https://token.actions.githubusercontent.com/${encodeURIComponent(issuer.enterprise)}`);
    case 'gitlab':
      return { ...ciIssuer(issuer.url), ciProvider: 'gitlab-pipeline', platformUrl: issuer.url.replace(/\/$/, '') };
    case 'buildkite':
      return { ...ciIssuer('https://agent.buildkite.com'), ciProvider: 'buildkite-job' };
    case 'google':
      return emailIssuer('https://accounts.google.com', issuer.clientId);
    case 'entra-id': {
      const url = `https://login.microsoftonline.com/${encodeURIComponent(issuer.tenant)}/v2.0`;
      // Entra ID never sends email_verified (fulcio#2219).
      return { ...emailIssuer(url, issuer.clientId), skipEmailVerification: true };
    }
    case 'okta':
    case 'keycloak':
      return emailIssuer(issuer.url, issuer.clientId);
    case 'cognito':
      return cognitoIssuer(issuer);
    case 'kubernetes':
      return { issuerUrl: issuer.url, clientId: sigstoreClientId, type: 'kubernetes' };
    case 'spiffe':
      return {
        issuerUrl: issuer.url,
        clientId: sigstoreClientId,
        type: 'spiffe',
        spiffeTrustDomain: issuer.trustDomain,
      };
    case 'custom': {
      const { preset: _, url, ...rest } = issuer;
      return { issuerUrl: url, ...rest };
    }
  }
}

/**
 * Returns the text of Fulcio's `--config-path`, in the JSON spelling of its keys. Fulcio tries JSON first and ignores
 * keys that it does not know, so the YAML spelling written as JSON would be a configuration without issuers.
 * @throws OIDC_ISSUER if `lintIssuers` finds an error: Fulcio would refuse to start, or lose an issuer silently
 */
export function fulcioConfig(issuers: readonly FulcioIssuer[]): string {
  assertNoErrors(lintIssuers(issuers), 'OIDC_ISSUER', 'issuers');
  const metadata = new Map<string, CiMetadata>();
  const entries = issuers.map((issuer) => {
    const name = metadataName(issuer);
    if (name !== undefined && issuer.ciProvider !== undefined) {
      metadata.set(name, ciMetadata(issuer.ciProvider, issuer.platformUrl));
    }
    return [issuer.issuerUrl, fulcioEntry(issuer, name)] as const;
  });
  const config = {
    OIDCIssuers: Object.fromEntries(entries),
    ...(metadata.size > 0 && { CIIssuerMetadata: Object.fromEntries(metadata) }),
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

function fulcioEntry(issuer: FulcioIssuer, metadata: string | undefined): Record<string, string | boolean> {
  return {
    IssuerURL: issuer.issuerUrl,
    ClientID: issuer.clientId,
    Type: issuer.type,
    ...(metadata !== undefined && { CIProvider: metadata }),
    ...(issuer.issuerClaim !== undefined && { IssuerClaim: issuer.issuerClaim }),
    ...(issuer.subjectDomain !== undefined && { SubjectDomain: issuer.subjectDomain }),
    ...(issuer.spiffeTrustDomain !== undefined && { SPIFFETrustDomain: issuer.spiffeTrustDomain }),
    ...(issuer.challengeClaim !== undefined && { ChallengeClaim: issuer.challengeClaim }),
    ...(issuer.skipEmailVerification === true && { SkipEmailVerification: true }),
  };
}

/** Two GitLab instances need two sets of templates: each writes its own URL into certificates. */
function metadataName(issuer: FulcioIssuer): string | undefined {
  if (issuer.ciProvider === undefined) return undefined;
  return issuer.platformUrl === undefined ? issuer.ciProvider : `${issuer.ciProvider}@${issuer.platformUrl}`;
}

function emailIssuer(issuerUrl: string, clientId: string): FulcioIssuer {
  return { issuerUrl, clientId, type: 'email' };
}

function ciIssuer(issuerUrl: string): FulcioIssuer {
  return { issuerUrl, clientId: sigstoreClientId, type: 'ci-provider' };
}

function githubIssuer(issuerUrl: string): FulcioIssuer {
  return { ...ciIssuer(issuerUrl), ciProvider: 'github-workflow' };
}
