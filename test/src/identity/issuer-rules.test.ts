import { describe, expect, it } from '@jest/globals';
import type { FulcioIssuer } from '../../../src/identity/issuer.ts';
import { issuerRules, lintIssuers } from '../../../src/identity/issuer-rules.ts';

const email: FulcioIssuer = { issuerUrl: 'https://id.acme.example', clientId: 'sigstore', type: 'email' };
const uri: FulcioIssuer = { ...email, type: 'uri', subjectDomain: 'https://users.acme.example' };
const username: FulcioIssuer = { ...email, type: 'username', subjectDomain: 'acme.example' };
const spiffe: FulcioIssuer = { ...email, type: 'spiffe', spiffeTrustDomain: 'acme.example' };
const ci: FulcioIssuer = { ...email, type: 'ci-provider', ciProvider: 'github-workflow' };
const { ciProvider: _, ...ciWithout } = ci;

/** Rule, issuers that comply, issuers that violate it. */
const cases: readonly (readonly [string, readonly FulcioIssuer[], readonly (readonly FulcioIssuer[])[]])[] = [
  [
    'issuer-url',
    [email, { ...email, issuerUrl: 'http://127.0.0.1:8080' }],
    [[{ ...email, issuerUrl: 'http://id.acme.example' }], [{ ...email, issuerUrl: 'id.acme.example' }]],
  ],
  ['issuer-unique', [email, { ...email, issuerUrl: 'https://id.acme.example/' }], [[email, uri]]],
  ['ci-provider', [ci], [[ciWithout]]],
  ['issuer-claim', [{ ...email, issuerClaim: '$.a' }], [[{ ...spiffe, issuerClaim: '$.a' }]]],
  [
    'spiffe-trust-domain',
    [spiffe],
    [[{ ...email, type: 'spiffe' }], [{ ...spiffe, spiffeTrustDomain: 'spiffe://acme.example' }]],
  ],
  [
    'uri-subject-domain',
    [uri, { ...uri, issuerUrl: 'https://a.example', subjectDomain: 'https://a.example' }],
    [
      [{ ...email, type: 'uri' }],
      [{ ...uri, subjectDomain: 'acme.example' }],
      [{ ...uri, subjectDomain: 'http://users.acme.example' }],
      [{ ...uri, subjectDomain: 'https://users.evil.example' }],
    ],
  ],
  [
    'username-subject-domain',
    [username, { ...username, issuerUrl: 'https://localhost', subjectDomain: 'localhost' }],
    [
      [{ ...email, type: 'username' }],
      [{ ...username, subjectDomain: 'https://acme.example' }],
      [{ ...username, subjectDomain: 'evil.example' }],
      [{ ...username, subjectDomain: 'example' }],
    ],
  ],
  ['email-verified', [email], [[{ ...email, skipEmailVerification: true }]]],
];

describe('lintIssuers', () => {
  it.each(cases)('%s: accepts what complies', (_rule, complying) => {
    expect(lintIssuers(complying)).toEqual([]);
  });

  it.each(cases)('%s: reports what violates it', (rule, _complying, violating) => {
    for (const issuers of violating) expect(lintIssuers(issuers).map((finding) => finding.rule)).toEqual([rule]);
  });

  it('has a pair of cases for each rule', () => {
    expect(cases.map(([rule]) => rule)).toEqual(issuerRules.map(({ id }) => id));
  });

  it('warns of unverified e-mail addresses, and does not refuse them', () => {
    const [finding] = lintIssuers([{ ...email, skipEmailVerification: true }]);
    expect(finding?.severity).toBe('warning');
  });
});
