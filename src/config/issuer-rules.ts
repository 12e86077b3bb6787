import type { Complaint, Rule } from '../core/rules.ts';
import { type ConfigDraft, type DraftFields, type Written, written } from './draft.ts';
import { formatPath } from './problem.ts';

/** Which fields a custom issuer of a type needs and may have, as Fulcio checks them when it starts. */
export const issuerFieldsRules: readonly Rule<ConfigDraft>[] = [
  {
    id: 'issuer-field-needed',
    title: 'spiffe issuers name their trust domain, uri and username issuers the domain of their subjects',
    check: (draft) =>
      customIssuers(draft).flatMap((issuer) => {
        const needed = neededField[String(issuer.fields['type'])];
        if (needed === undefined || needed in issuer.fields) return [];
        const message = `missing ${needed}, expected it for an issuer of type ${issuer.fields['type']}`;
        return [{ where: formatPath(issuer.path), message, hint: `add ${needed}: acme.example` }];
      }),
  },
  {
    id: 'issuer-field-unused',
    title: 'a custom issuer has no field that its type ignores',
    check: (draft) =>
      customIssuers(draft).flatMap((issuer) =>
        Object.entries(usedBy)
          .filter(([field, types]) => field in issuer.fields && isOther(issuer.fields['type'], types))
          .map(([field, types]) => ({
            where: formatPath([...issuer.path, field]),
            message: `expected ${field} only for type ${types.join(' or ')}, got type ${issuer.fields['type']}`,
            hint: 'delete the line, or change the type',
          })),
      ),
  },
  {
    id: 'issuer-subject-domain',
    title: 'the subjects of an issuer are in the domain of its URL',
    check: (draft) => customIssuers(draft).flatMap(subjectDomainComplaints),
  },
];

const neededField: Readonly<Record<string, string>> = {
  spiffe: 'spiffeTrustDomain',
  uri: 'subjectDomain',
  username: 'subjectDomain',
};

const usedBy: Readonly<Record<string, readonly string[]>> = {
  issuerClaim: ['email'],
  skipEmailVerification: ['email'],
  subjectDomain: ['uri', 'username'],
  spiffeTrustDomain: ['spiffe'],
};

function customIssuers(draft: ConfigDraft): readonly DraftFields[] {
  return draft.issuers.filter((issuer) => issuer.fields['preset'] === 'custom');
}

function isOther(type: unknown, types: readonly string[]): boolean {
  return typeof type === 'string' && !types.includes(type);
}

function subjectDomainComplaints(issuer: DraftFields): readonly Complaint[] {
  const subject = written(issuer, 'subjectDomain');
  const url = URL.parse(written(issuer, 'url')?.value ?? '');
  const type = issuer.fields['type'];
  if (subject === undefined || url === null || (type !== 'uri' && type !== 'username')) return [];
  const asUrl = URL.parse(subject.value);
  if (type === 'username') return asUrl ? [schemeComplaint(subject)] : domainComplaint(subject, subject.value, url);
  if (asUrl?.protocol !== url.protocol) return [schemeComplaint(subject, url.protocol)];
  return domainComplaint(subject, asUrl.hostname, url);
}

function schemeComplaint(subject: Written, protocol?: string): Complaint {
  const wanted =
    protocol === undefined ? 'a domain without scheme for type username' : `${protocol}// and a domain for type uri`;
  return {
    where: subject.path,
    message: `expected ${wanted}, got ${JSON.stringify(subject.value)}`,
    hint: protocol === undefined ? 'write it like acme.example' : `write it like ${protocol}//acme.example`,
  };
}

/** Fulcio compares the last two labels, unless the names are equal. */
function domainComplaint(subject: Written, host: string, url: URL): readonly Complaint[] {
  const lastTwo = (name: string) => name.split('.').slice(-2).join('.');
  if (host === url.hostname || (host.includes('.') && lastTwo(host) === lastTwo(url.hostname))) return [];
  const message = `expected a domain that shares ${lastTwo(url.hostname)} with the issuer's URL, got ${JSON.stringify(host)}`;
  return [{ where: subject.path, message, hint: 'an issuer may only vouch for subjects of its own domain' }];
}
