import { z } from 'zod';
import {
  clientId,
  displayText,
  emailAddress,
  issuerUrl,
  issuerUrlWithoutSlash,
  list,
  section,
  text,
  words,
} from './fields.ts';

/** What every Sigstore client asks for as audience. */
const audience = 'sigstore';

const interactiveClientId = clientId
  .default(audience)
  .describe('Id of the public client (PKCE, no secret) registered at the provider; the audience that Fulcio expects.');

const localUser = section({
  email: emailAddress.describe('Address that certificates of this user will hold.'),
  name: displayText.exactOptional().describe('Name shown on the login page.'),
});

const claim = text(/^[\x21-\x7e]{1,255}$/, 'the name of a claim');

/** Types of Fulcio v1.8 that need no certificate template of their own. */
const customTypes = [
  'email',
  'username',
  'uri',
  'spiffe',
  'kubernetes',
  'github-workflow',
  'gitlab-pipeline',
  'buildkite-job',
  'codefresh-workflow',
  'chainguard-identity',
] as const;

const spiffeTrustDomain = text(/^[a-z0-9._-]{1,255}$/, 'a SPIFFE trust domain like prod.acme.example');

const custom = section({
  preset: z.literal('custom').describe('Any other OpenID provider.'),
  url: issuerUrl.describe('The issuer, exactly as in its discovery document, with or without a "/" at its end.'),
  clientId: interactiveClientId,
  type: z
    .enum(customTypes, words(`one of ${customTypes.join(', ')}`))
    .describe('How Fulcio reads the identity from a token.'),
  issuerClaim: claim.exactOptional().describe('email only: JSON path of the claim that names the real issuer.'),
  subjectDomain: text(/^(?:https?:\/\/)?[a-z0-9.-]{1,253}$/, 'a domain, for uri with its scheme')
    .exactOptional()
    .describe('uri (like https://acme.example) and username (like acme.example): domain of the subjects.'),
  spiffeTrustDomain: spiffeTrustDomain.exactOptional().describe('spiffe only: trust domain of the workloads.'),
  challengeClaim: claim.exactOptional().describe('Claim that proves possession; by default email or sub, by type.'),
  skipEmailVerification: z
    .boolean(words('true or false'))
    .exactOptional()
    .describe(
      'email only: for a provider that never sends email_verified and whose users cannot choose their address.',
    ),
});

const tenant = text(
  /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  'a tenant id like 01234567-89ab-cdef-0123-456789abcdef',
  'the portal shows it as "Directory (tenant) ID"; a domain name does not appear in tokens',
);

const enterpriseSlug = text(
  /^[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?$/,
  'the slug of an enterprise, as in github.com/enterprises/SLUG',
);

const userPool = text(
  /^[a-z]{2}(?:-[a-z]+)+-\d_[A-Za-z0-9]{1,40}$/,
  'the id of a Cognito user pool like eu-central-1_AbCdEf123',
  'aws cognito-idp list-user-pools --max-results 60',
);

/** One item of `issuers`; `src/identity` turns a preset into Fulcio's terms. */
export const issuerSchema = z.discriminatedUnion(
  'preset',
  [
    section({
      preset: z.literal('local').describe('The OpenID provider that `sigstead up` runs. For trying things out.'),
      users: list(localUser, 'user').describe('People who can log in, without a password.'),
      clientId: interactiveClientId,
    }),
    section({ preset: z.literal('github-actions').describe('Workflows on github.com.') }),
    section({
      preset: z
        .literal('github-actions-enterprise')
        .describe('Workflows of one enterprise, with an issuer of its own.'),
      enterprise: enterpriseSlug.describe(
        'Slug of the enterprise; set include_enterprise_slug in its OIDC settings first.',
      ),
    }),
    section({
      preset: z.literal('gitlab').describe('Pipelines of gitlab.com or of a self-managed GitLab.'),
      url: issuerUrlWithoutSlash.default('https://gitlab.com').describe('URL of the GitLab instance.'),
    }),
    section({ preset: z.literal('buildkite').describe('Jobs of Buildkite agents.') }),
    section({ preset: z.literal('google').describe('People with a Google account.'), clientId: interactiveClientId }),
    section({
      preset: z.literal('entra-id').describe('People of one Microsoft Entra ID tenant.'),
      tenant: tenant.describe('Directory (tenant) id.'),
      clientId: interactiveClientId,
    }),
    section({
      preset: z.literal('okta').describe('People of an Okta organisation.'),
      url: issuerUrlWithoutSlash.describe('Issuer, like https://acme.okta.com/oauth2/default.'),
      clientId: interactiveClientId,
    }),
    section({
      preset: z.literal('keycloak').describe('People of a Keycloak realm.'),
      url: issuerUrlWithoutSlash.describe('Issuer of the realm, like https://sso.acme.example/realms/acme.'),
      clientId: interactiveClientId,
    }),
    section({
      preset: z.literal('cognito').describe('People of an Amazon Cognito user pool.'),
      managed: z
        .boolean(words('true or false'))
        .default(true)
        .describe('true: the deployment makes the pool, and its outputs belong here afterwards. false: it exists.'),
      userPool: userPool.exactOptional().describe('Id of the pool: the output UserPoolId of the Oidc stack.'),
      clientId: clientId
        .exactOptional()
        .describe("Id of the pool's public client (PKCE, no secret): the output ClientId. Cognito makes it up."),
      redirectPort: z
        .int(words('a port number'))
        .min(1024, words('a port from 1024'))
        .max(65_535, words('a port up to 65535'))
        .default(8123)
        .describe('Port on the loopback that clients listen on for the login: Cognito takes fixed addresses only.'),
    }),
    section({
      preset: z.literal('kubernetes').describe('Service accounts of one cluster (EKS and others).'),
      url: issuerUrl.describe('Issuer: kubectl get --raw /.well-known/openid-configuration | jq -r .issuer'),
    }),
    section({
      preset: z.literal('spiffe').describe('Workloads of a SPIFFE trust domain.'),
      url: issuerUrl.describe('Issuer of the JWT-SVIDs (jwt_issuer of the SPIRE server).'),
      trustDomain: spiffeTrustDomain.describe('Trust domain of the workloads.'),
    }),
    custom,
  ],
  { error: 'a mapping with a preset' },
);

/** An identity provider that Fulcio trusts. `src/identity` fills in what a preset leaves out. */
export type IssuerConfig = DeepReadonly<z.output<typeof issuerSchema>>;

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;
