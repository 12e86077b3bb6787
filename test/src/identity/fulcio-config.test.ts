import { describe, expect, it } from '@jest/globals';
import { fulcioConfig, resolveIssuer } from '../../../src/identity/fulcio-config.ts';
import type { FulcioIssuer, IssuerPreset } from '../../../src/identity/issuer.ts';

const local = 'http://127.0.0.1:8080';
const github = 'https://token.actions.githubusercontent.com';
const clientId = 'client';

const presets: readonly (readonly [IssuerPreset, FulcioIssuer])[] = [
  [
    { preset: 'local', clientId: 'sigstore' },
    { issuerUrl: local, clientId: 'sigstore', type: 'email' },
  ],
  [
    { preset: 'github-actions' },
    { issuerUrl: github, clientId: 'sigstore', type: 'ci-provider', ciProvider: 'github-workflow' },
  ],
  [
    { preset: 'github-actions-enterprise', enterprise: 'acme' },
    { issuerUrl: `${github}/acme`, clientId: 'sigstore', type: 'ci-provider', ciProvider: 'github-workflow' },
  ],
  [
    { preset: 'gitlab', url: 'https://git.acme.example' },
    {
      issuerUrl: 'https://git.acme.example',
      clientId: 'sigstore',
      type: 'ci-provider',
      ciProvider: 'gitlab-pipeline',
      platformUrl: 'https://git.acme.example',
    },
  ],
  [
    { preset: 'buildkite' },
    {
      issuerUrl: 'https://agent.buildkite.com',
      clientId: 'sigstore',
      type: 'ci-provider',
      ciProvider: 'buildkite-job',
    },
  ],
  [
    { preset: 'google', clientId },
    { issuerUrl: 'https://accounts.google.com', clientId, type: 'email' },
  ],
  [
    { preset: 'entra-id', tenant: '11111111-2222-3333-4444-555555555555', clientId },
    {
      issuerUrl: 'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0',
      clientId,
      type: 'email',
      skipEmailVerification: true,
    },
  ],
  [
    { preset: 'okta', url: 'https://acme.okta.com', clientId },
    { issuerUrl: 'https://acme.okta.com', clientId, type: 'email' },
  ],
  [
    { preset: 'keycloak', url: 'https://id.acme.example/realms/a', clientId },
    { issuerUrl: 'https://id.acme.example/realms/a', clientId, type: 'email' },
  ],
  [
    { preset: 'kubernetes', url: 'https://oidc.eks.example/id/A' },
    { issuerUrl: 'https://oidc.eks.example/id/A', clientId: 'sigstore', type: 'kubernetes' },
  ],
  [
    { preset: 'spiffe', url: 'https://spire.example', trustDomain: 'acme.example' },
    { issuerUrl: 'https://spire.example', clientId: 'sigstore', type: 'spiffe', spiffeTrustDomain: 'acme.example' },
  ],
  [
    {
      preset: 'custom',
      url: 'https://id.example/',
      clientId,
      type: 'email',
      issuerClaim: '$.a.b',
      challengeClaim: 'c',
    },
    { issuerUrl: 'https://id.example/', clientId, type: 'email', issuerClaim: '$.a.b', challengeClaim: 'c' },
  ],
];

describe('resolveIssuer', () => {
  it.each(presets)('accepts %j', (preset, expected) => {
    expect(resolveIssuer(preset, local)).toEqual(expected);
  });
});

/** As Go's decoder would find it. */
interface Config {
  readonly OIDCIssuers: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly CIIssuerMetadata?: Readonly<Record<string, Metadata>>;
}

interface Metadata {
  readonly DefaultTemplateValues: Readonly<Record<string, string>>;
  readonly ExtensionTemplates: Readonly<Record<string, string>>;
  readonly SubjectAlternativeNameTemplate: string;
}

const configOf = (...issuers: readonly IssuerPreset[]) =>
  JSON.parse(fulcioConfig(issuers.map((issuer) => resolveIssuer(issuer, local)))) as Config;

describe('fulcioConfig', () => {
  it('writes every field of an issuer in the spelling that Fulcio reads as JSON', () => {
    const custom = { preset: 'custom', url: 'https://id.example/', clientId } as const;
    const config = configOf(
      { ...custom, type: 'email', issuerClaim: '$.a', challengeClaim: 'c', skipEmailVerification: true },
      { ...custom, url: 'https://id.example', type: 'username', subjectDomain: 'users.example.id.example' },
      { preset: 'spiffe', url: 'https://spire.example', trustDomain: 'acme.example' },
    );
    expect(config).toEqual({
      OIDCIssuers: {
        'https://id.example/': {
          IssuerURL: 'https://id.example/',
          ClientID: clientId,
          Type: 'email',
          IssuerClaim: '$.a',
          ChallengeClaim: 'c',
          SkipEmailVerification: true,
        },
        'https://id.example': {
          IssuerURL: 'https://id.example',
          ClientID: clientId,
          Type: 'username',
          SubjectDomain: 'users.example.id.example',
        },
        'https://spire.example': {
          IssuerURL: 'https://spire.example',
          ClientID: 'sigstore',
          Type: 'spiffe',
          SPIFFETrustDomain: 'acme.example',
        },
      },
    });
  });

  it('gives both GitHub issuers the same templates, and no others', () => {
    const config = configOf({ preset: 'github-actions' }, { preset: 'github-actions-enterprise', enterprise: 'acme' });
    expect(Object.values(config.OIDCIssuers).map((issuer) => issuer['CIProvider'])).toEqual([
      'github-workflow',
      'github-workflow',
    ]);
    expect(Object.keys(config.CIIssuerMetadata ?? {})).toEqual(['github-workflow']);
    expect(config.CIIssuerMetadata?.['github-workflow']).toMatchObject({
      DefaultTemplateValues: { url: 'https://github.com', environment: '' },
      SubjectAlternativeNameTemplate: '{{ .url }}/{{ .job_workflow_ref }}',
    });
  });

  it('gives each GitLab its own templates, with its own URL', () => {
    const config = configOf(
      { preset: 'gitlab', url: 'https://gitlab.com' },
      { preset: 'gitlab', url: 'https://g.example' },
    );
    for (const url of ['https://gitlab.com', 'https://g.example']) {
      const name = String(config.OIDCIssuers[url]?.['CIProvider']);
      expect(config.CIIssuerMetadata?.[name]?.DefaultTemplateValues['url']).toBe(url);
    }
  });

  it('refuses what Fulcio would refuse, naming the issuer', () => {
    const twice: IssuerPreset = { preset: 'google', clientId };
    expect(() => configOf(twice, twice)).toThrowToolkit('OIDC_ISSUER', {
      findings: [expect.objectContaining({ rule: 'issuer-unique', where: 'https://accounts.google.com' })],
    });
  });

  it('accepts an issuer with a warning', () => {
    expect(() => configOf({ preset: 'entra-id', tenant: 'a', clientId })).not.toThrow();
  });
});
