import { type KeyObject, X509Certificate } from 'node:crypto';
import type { CaIntent } from '../../src/config/ca-intent.ts';
import { equalBytes } from '../../src/core/bytes.ts';
import type { Complaint, Rule } from '../../src/core/rules.ts';
import type { Certificate } from '../../src/x509/certificate.ts';
import type { Authority } from './authority.ts';

/** What an intent is judged by. */
export interface CaSituation {
  readonly intent: CaIntent;
  /** Of the authority that the intent names or makes. */
  readonly name: string;
  readonly authorities: ReadonlyMap<string, Authority>;
  /** Holders whose enrolled keys were verified. */
  readonly enrolled: ReadonlySet<string>;
  /** The key of a server, to be certified. */
  readonly publicKey: KeyObject | undefined;
  /** The other root, to be cross-signed. */
  readonly other: Certificate | undefined;
  readonly now: Date;
  /** Whether people are told that nobody trusts what is signed. */
  readonly rehearsal: boolean;
}

type CaRule = Rule<CaSituation>;

const nameFree: CaRule = {
  id: 'ca-name-free',
  title: 'no authority is made in the place of another (sigstead)',
  check: ({ intent, name, authorities }) => {
    if (intent.kind !== 'ca-genesis') return 'not-applicable';
    return authorities.has(name)
      ? [at(name, 'expected a new name, there is an authority of this name', 'give the new one a name: of its own')]
      : [];
  },
};

const subjectNew: CaRule = {
  id: 'ca-subject-new',
  title: 'no two roots have the same name in their certificates: verifiers would look below the wrong one (sigstead)',
  check: ({ intent, authorities }) => {
    if (intent.kind !== 'ca-genesis') return 'not-applicable';
    const { commonName } = intent.subject;
    return [...authorities.values()]
      .filter(({ certificate }) => certificate.label === commonName)
      .map((authority) => at(authority.name, `expected another commonName than ${JSON.stringify(commonName)}`));
  },
};

const known: CaRule = {
  id: 'ca-known',
  title: 'the authority is there (sigstead)',
  check: ({ intent, name, authorities }) => {
    if (intent.kind === 'ca-genesis') return 'not-applicable';
    const names = [...authorities.keys()].join(', ') || 'none';
    return authorities.has(name) ? [] : [at(name, `expected an authority of cas/, there are ${names}`)];
  },
};

const notRetired: CaRule = {
  id: 'ca-not-retired',
  title: 'an authority that is retired issues nothing (sigstead)',
  check: ({ name, authorities }) =>
    authorities.get(name)?.retired ? [at(name, 'expected an authority in use, this one is retired')] : [],
};

const authorisersEnrolled: CaRule = {
  id: 'ca-authorisers-enrolled',
  title: 'whoever authorises has an enrolled key to do it with (sigstead)',
  check: ({ intent, enrolled }) =>
    intent.authorisedBy
      .filter((id) => !enrolled.has(id))
      .map((id) => at(id, 'expected an enrolled holder', `sigstead ceremony invite ${id}`)),
};

const authorisersAsMany: CaRule = {
  id: 'ca-authorisers-as-many',
  title: 'an authority is used on the word of as many people as it was made by (sigstead)',
  check: ({ intent, name, authorities }) => {
    const need = authorities.get(name)?.document.authorisedBy.length;
    if (intent.kind === 'ca-genesis' || need === undefined) return 'not-applicable';
    const have = intent.authorisedBy.length;
    return have < need ? [at(name, `expected ${need} holders in authorisedBy, as at its genesis, got ${have}`)] : [];
  },
};

/** Who believes that nobody trusts what is signed authorises anything. */
const rehearsalKept: CaRule = {
  id: 'ca-rehearsal-kept',
  title: 'a real authority is used in no rehearsal, and one of a rehearsal for nothing else (sigstead)',
  check: ({ name, authorities, rehearsal }) => {
    const made = authorities.get(name)?.document.rehearsal;
    if (made === undefined || made === rehearsal) return [];
    return [
      at(name, made ? 'expected a rehearsal, its genesis was one' : 'expected no rehearsal, its genesis was none'),
    ];
  },
};

const profileFits: CaRule = {
  id: 'ca-profile-fits',
  title: 'a root issues for the service that it was made for (sigstead)',
  check: ({ intent, name, authorities }) => {
    const use = authorities.get(name)?.document.use;
    if (intent.kind !== 'ca-issue' || use === undefined) return 'not-applicable';
    const fits = intent.profile.startsWith('fulcio-') === (use === 'fulcio-root');
    return fits ? [] : [at(name, `expected a certificate below a ${use}, got ${intent.profile}`)];
  },
};

const keyApart: CaRule = {
  id: 'ca-key-apart',
  title: 'the key of a server is not the key of a root (sigstead)',
  check: ({ publicKey, authorities }) => {
    if (publicKey === undefined) return 'not-applicable';
    return [...authorities.values()]
      .filter(({ certificate }) => certificate.publicKey.equals(publicKey))
      .map((authority) => at(authority.name, 'expected a key of the server’s own, got the key of this root'));
  },
};

const crossOther: CaRule = {
  id: 'ca-cross-other',
  title: 'a cross-certificate is for another self-signed root, of the same organisation and use (Boulder)',
  check: ({ other, name, authorities, now }) => {
    const by = authorities.get(name);
    if (other === undefined || by === undefined) return 'not-applicable';
    const { certificate } = by;
    const theirs = [...authorities.values()].find((each) => equalBytes(each.certificate.der, other.der));
    const isRoot = equalBytes(other.subject, other.issuer) && other.isSignedBy(other.publicKey);
    const problems = [
      isRoot && other.basicConstraints?.isCa ? undefined : 'expected a self-signed root',
      other.publicKey.equals(certificate.publicKey) ? 'expected another key than that of the signing root' : undefined,
      equalBytes(other.subject, certificate.subject)
        ? 'expected another name than that of the signing root'
        : undefined,
      organizationOf(other) === organizationOf(certificate)
        ? undefined
        : `expected the organisation ${organizationOf(certificate)}, got ${organizationOf(other)}`,
      theirs && theirs.document.use !== by.document.use ? `expected a ${by.document.use}` : undefined,
      now < other.notBefore.at || now > other.notAfter.at ? 'expected a root that is valid now' : undefined,
      theirs?.retired ? 'expected a root in use, this one is retired' : undefined,
    ];
    return problems.flatMap((problem) => (problem === undefined ? [] : [at(other.label, problem)]));
  },
};

/** Everything that is asked of an event before a byte is laid out for signing. */
export const caRules: readonly CaRule[] = [
  nameFree,
  subjectNew,
  known,
  notRetired,
  authorisersEnrolled,
  authorisersAsMany,
  rehearsalKept,
  profileFits,
  keyApart,
  crossOther,
];

function organizationOf({ der }: Certificate): string {
  const { O: organization } = new X509Certificate(der).toLegacyObject().subject;
  return [organization].flat().join(', ');
}

function at(where: string, message: string, hint?: string): Complaint {
  return { where, message, ...(hint !== undefined && { hint }) };
}
