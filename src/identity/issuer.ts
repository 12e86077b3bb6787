import type { CiProvider } from './ci-provider.ts';

/** How Fulcio reads an identity out of a token. */
export type FulcioIssuerType =
  | 'email'
  | 'username'
  | 'uri'
  | 'spiffe'
  | 'kubernetes'
  | 'ci-provider'
  | 'github-workflow'
  | 'gitlab-pipeline'
  | 'buildkite-job'
  | 'codefresh-workflow'
  | 'chainguard-identity';

/** One issuer as Fulcio is told about it. */
export interface FulcioIssuer {
  /** What the tokens' `iss` says, letter by letter. */
  readonly issuerUrl: string;
  /** What the tokens' `aud` must say. */
  readonly clientId: string;
  readonly type: FulcioIssuerType;
  /** `ci-provider` only: whose claims the tokens carry. */
  readonly ciProvider?: CiProvider;
  /** `ci-provider` only: where that platform's repositories live. @default the vendor's own site */
  readonly platformUrl?: string;
  /** `email` only: JSON path of the claim that holds the real issuer, for providers that federate. */
  readonly issuerClaim?: string;
  /** `uri` (with its scheme) and `username` (without): the domain that subjects must be of. */
  readonly subjectDomain?: string;
  readonly spiffeTrustDomain?: string;
  /** The claim that a client proves possession over. @default `email` for `email`, else `sub` */
  readonly challengeClaim?: string;
  /** `email` only: takes an e-mail that the provider does not say it verified. @default false */
  readonly skipEmailVerification?: boolean;
}

/** An issuer as the configuration names it: what `src/config` parses is one, and `src/services` hands it over. */
export type IssuerPreset =
  | { readonly preset: 'local'; readonly clientId: string }
  | { readonly preset: 'github-actions' }
  | { readonly preset: 'github-actions-enterprise'; readonly enterprise: string }
  | { readonly preset: 'gitlab'; readonly url: string }
  | { readonly preset: 'buildkite' }
  | { readonly preset: 'google'; readonly clientId: string }
  | { readonly preset: 'entra-id'; readonly tenant: string; readonly clientId: string }
  | { readonly preset: 'okta'; readonly url: string; readonly clientId: string }
  | { readonly preset: 'keycloak'; readonly url: string; readonly clientId: string }
  | CognitoIssuer
  | { readonly preset: 'kubernetes'; readonly url: string }
  | { readonly preset: 'spiffe'; readonly url: string; readonly trustDomain: string }
  | CustomIssuer;

export interface CognitoIssuer {
  readonly preset: 'cognito';
  /** Whether the deployment makes the pool. */
  readonly managed: boolean;
  /** Absent until the pool is there. */
  readonly userPool?: string;
  readonly clientId?: string;
  /** Cognito compares redirect URIs letter by letter, the port too. */
  readonly redirectPort: number;
}

export interface CustomIssuer extends Omit<FulcioIssuer, 'issuerUrl' | 'type' | 'ciProvider' | 'platformUrl'> {
  readonly preset: 'custom';
  readonly url: string;
  readonly type: Exclude<FulcioIssuerType, 'ci-provider'>;
}
