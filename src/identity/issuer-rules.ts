import { describeCause, ToolkitError } from '../core/error.ts';
import { type Complaint, type Finding, type Rule, runRules } from '../core/rules.ts';
import type { FulcioIssuer, FulcioIssuerType } from './issuer.ts';
import { parseIssuerUrl } from './issuer-url.ts';

/**
 * Returns what Fulcio would refuse at start (with a message that does not name the issuer), what it would ignore
 * silently, and what deserves a second look.
 * @see https://github.com/sigstore/fulcio/blob/v1.8.8/pkg/config/config.go validateConfig
 */
export function lintIssuers(issuers: readonly FulcioIssuer[]): readonly Finding[] {
  return runRules(issuerRules, issuers);
}

export const issuerRules: readonly Rule<readonly FulcioIssuer[]>[] = [
  {
    id: 'issuer-url',
    title: 'an issuer is https, or http on loopback',
    check: (issuers) => issuers.flatMap(complainAboutUrl),
  },
  {
    id: 'issuer-unique',
    title: 'no two issuers share a URL: Fulcio would keep one of them',
    check: (issuers) =>
      issuers
        .filter((issuer, index) => issuers.findIndex((other) => other.issuerUrl === issuer.issuerUrl) !== index)
        .map((issuer) => complaint(issuer, 'expected one issuer with this URL, got two')),
  },
  {
    id: 'ci-provider',
    title: 'an issuer of type ci-provider names a CI system; Fulcio refuses its tokens otherwise',
    check: (issuers) =>
      ofType(issuers, 'ci-provider')
        .filter((issuer) => issuer.ciProvider === undefined)
        .map((issuer) => complaint(issuer, 'expected a CI provider for type ci-provider, got none')),
  },
  {
    id: 'issuer-claim',
    title: 'only issuers of type email map their issuer from a claim',
    check: (issuers) =>
      issuers
        .filter((issuer) => issuer.issuerClaim !== undefined && issuer.type !== 'email')
        .map((issuer) => complaint(issuer, `expected issuerClaim with type email only, got type ${issuer.type}`)),
  },
  {
    id: 'spiffe-trust-domain',
    title: 'a SPIFFE issuer speaks for one trust domain',
    check: (issuers) =>
      ofType(issuers, 'spiffe')
        .filter((issuer) => !/^[a-z0-9._-]{1,255}$/.test(issuer.spiffeTrustDomain ?? ''))
        .map((issuer) =>
          complaint(issuer, `expected a SPIFFE trust domain like example.org, got ${quote(issuer.spiffeTrustDomain)}`),
        ),
  },
  {
    id: 'uri-subject-domain',
    title: 'subjects of a uri issuer are under a URL of the issuer’s own scheme and domain',
    check: (issuers) => ofType(issuers, 'uri').flatMap(complainAboutUriDomain),
  },
  {
    id: 'username-subject-domain',
    title: 'user names are of a domain that the issuer belongs to',
    check: (issuers) => ofType(issuers, 'username').flatMap(complainAboutUsernameDomain),
  },
  {
    id: 'email-verified',
    title: 'an e-mail address is an identity only if the provider checked that it is the person’s',
    severity: 'warning',
    check: (issuers) =>
      issuers
        .filter((issuer) => issuer.skipEmailVerification === true)
        .map((issuer) => ({
          ...complaint(issuer, 'e-mail addresses are taken without email_verified'),
          hint: 'make sure that nobody but an administrator can set the e-mail of an account at this provider',
        })),
  },
];

function complainAboutUrl(issuer: FulcioIssuer): readonly Complaint[] {
  try {
    parseIssuerUrl(issuer.issuerUrl);
    return [];
  } catch (error) {
    const hint = error instanceof ToolkitError ? error.hint : undefined;
    return [{ ...complaint(issuer, describeCause(error)), ...(hint !== undefined && { hint }) }];
  }
}

function complainAboutUriDomain(issuer: FulcioIssuer): readonly Complaint[] {
  const subject = URL.parse(issuer.subjectDomain ?? '');
  const url = URL.parse(issuer.issuerUrl);
  if (!subject || !url) {
    return [complaint(issuer, `expected a subject domain with its scheme, got ${quote(issuer.subjectDomain)}`)];
  }
  if (subject.protocol === url.protocol && sharesDomain(subject.hostname, url.hostname)) return [];
  return [complaint(issuer, `expected a subject domain under ${url.origin}, got ${quote(issuer.subjectDomain)}`)];
}

function complainAboutUsernameDomain(issuer: FulcioIssuer): readonly Complaint[] {
  const domain = issuer.subjectDomain ?? '';
  const url = URL.parse(issuer.issuerUrl);
  if (!/^[a-z0-9.-]+$/i.test(domain)) {
    return [complaint(issuer, `expected a subject domain without scheme, got ${quote(issuer.subjectDomain)}`)];
  }
  if (url && sharesDomain(domain, url.hostname)) return [];
  return [complaint(issuer, `expected a subject domain that the issuer is under, got ${quote(issuer.subjectDomain)}`)];
}

/** Fulcio's own comparison: the last two labels, which is too kind to `co.uk`. */
function sharesDomain(a: string, b: string): boolean {
  if (a === b) return true;
  const [left, right] = [a, b].map((host) => host.split('.').slice(-2));
  return left?.length === 2 && left.join('.') === right?.join('.');
}

function ofType(issuers: readonly FulcioIssuer[], type: FulcioIssuerType): readonly FulcioIssuer[] {
  return issuers.filter((issuer) => issuer.type === type);
}

function complaint(issuer: FulcioIssuer, message: string): Complaint {
  return { where: issuer.issuerUrl, message };
}

function quote(text: string | undefined): string {
  return text === undefined ? 'none' : JSON.stringify(text);
}
