import type { Complaint, Rule } from '../core/rules.ts';
import { awsRules } from './aws-rules.ts';
import { type ConfigDraft, type Declared, type DraftService, itemsAt, type Written, written } from './draft.ts';
import { duplicates, isNamed } from './duplicates.ts';
import { issuerFieldsRules } from './issuer-rules.ts';
import { formatPath } from './problem.ts';

type ConfigRule = Rule<ConfigDraft>;

/** Rules between the fields of `sigstead.yaml`. Each has its id in the output, the docs and its tests. */
export const configRules: readonly ConfigRule[] = [
  {
    id: 'unique-service-names',
    title:
      'shards and timestamp authorities have different names: directories, keys and resources are named after them',
    check: ({ services }) => duplicates(present(services, 'name'), 'the name', 'give each service a name of its own'),
  },
  {
    id: 'unique-origins',
    title: 'no two services share an origin or host name: a log that signs as another one forks it for every client',
    check: ({ services }) =>
      // Two default names are alike only if two service names are, which has a rule of its own.
      duplicates(
        present(services, 'host'),
        'the host name',
        'a log keeps its origin for ever; give the other a new one',
      ),
  },
  {
    id: 'unique-operators',
    title: 'no two services share an operator: clients use one service per operator',
    check: ({ services }) =>
      duplicates(
        present(services, 'operator'),
        'the operator',
        'clients use one service per operator; leave it out to use the host name',
      ),
  },
  {
    id: 'own-names',
    title: 'no name is in sigstore.dev: clients treat services of the public instance differently',
    check: ({ domain, services }) =>
      [...(domain ? [domain] : []), ...services.flatMap(({ host, operator }) => explicit(host, operator))]
        .filter(({ value }) => value === 'sigstore.dev' || value.endsWith('.sigstore.dev'))
        .map(({ value, path }) => ({
          where: path,
          message: `expected a name of your own, got ${JSON.stringify(value)} of the public instance`,
          hint: 'use a domain that you control',
        })),
  },
  {
    id: 'log-key-source',
    title: 'keys of signature logs are in KMS, in keysets or in files: Rekor cannot use a PKCS#11 token',
    check: ({ services }) =>
      services
        .filter(({ kind }) => kind === 'rekor')
        .flatMap(({ key }) => (key?.value.startsWith('pkcs11:') ? [unusableKey(key)] : [])),
  },
  {
    id: 'unique-issuers',
    title: 'each issuer is listed once: Fulcio keeps one entry per issuer',
    check: ({ issuers }) => {
      const listed = issuers.map((issuer) => ({ value: issuerId(issuer.fields), path: formatPath(issuer.path) }));
      return duplicates(listed.filter(isNamed), 'the issuer', 'keep one of the two');
    },
  },
  {
    id: 'unique-local-users',
    title: 'no two local users share an address',
    check: ({ issuers }) => {
      const users = issuers.flatMap((issuer) => itemsAt(issuer, 'users'));
      return duplicates(
        users.flatMap((user) => written(user, 'email') ?? []),
        'the address',
        'keep one of the two',
      );
    },
  },
  ...issuerFieldsRules,
  ...awsRules,
  {
    id: 'two-timestamp-authorities',
    title: 'an instance has two timestamp authorities',
    severity: 'warning',
    check: ({ services }) => {
      const authorities = services.filter(({ kind }) => kind === 'timestamps');
      return authorities.length === 1 ? [loneAuthority] : [];
    },
  },
  {
    id: 'witnesses-fail-closed',
    title: 'a log with witnesses publishes nothing that they did not cosign',
    severity: 'warning',
    check: ({ services, aws }) =>
      services
        .filter(({ kind }) => kind === 'rekor' || aws?.fields['ctLogServer'] === 'upstream')
        .flatMap(({ witnesses }) => (witnesses ? [failsOpen(witnesses)] : [])),
  },
  {
    id: 'timestamps-any',
    title: 'bundles carry one timestamp',
    severity: 'warning',
    check: ({ selection }) => (selection.fields['timestamps'] === 'all' ? [allTimestamps] : []),
  },
];

const loneAuthority: Complaint = {
  where: 'timestamps',
  message: 'one timestamp authority: while it is down nobody signs, and revoking it invalidates every bundle',
  hint: 'add a second one with an operator of its own',
};

const allTimestamps: Complaint = {
  where: 'selection.timestamps',
  message: 'with "all", sigstore-js cannot sign: it knows only "any"',
  hint: 'use "any" if anybody signs from npm or JavaScript',
};

function failsOpen({ path }: Written): Complaint {
  return {
    where: path,
    message: "upstream's server publishes without its witnesses where they do not answer, 5 s later",
    hint: 'count on them to notice, not to prevent; our CT log (aws.ctLogServer: kms) alone waits for them',
  };
}

function unusableKey(key: Written): Complaint {
  return {
    where: key.path,
    message: 'expected awskms or file, got a pkcs11: key, which the signature log (Rekor) cannot use',
    hint: 'Fulcio, CT logs on AWS and the timestamp authorities can use a PKCS#11 token: docs/hsm.md',
  };
}

function present<Key extends 'name' | 'host' | 'operator'>(services: readonly DraftService[], key: Key) {
  return services.flatMap((service): (Written | Declared)[] => {
    const value = service[key];
    return value === undefined ? [] : [value];
  });
}

function explicit(...values: readonly (Declared | undefined)[]): readonly Declared[] {
  return values.flatMap((value) => (value === undefined || value.isDefault ? [] : [value]));
}

/** What tells two issuers apart: the URL where there is one, else the preset and what it stands for. */
function issuerId(fields: Readonly<Record<string, unknown>>): unknown {
  const { preset, url, enterprise, tenant } = fields;
  if (typeof url === 'string') return url;
  if (typeof preset !== 'string') return undefined;
  if (preset === 'gitlab') return 'https://gitlab.com';
  return [preset, enterprise, tenant].filter((part) => typeof part === 'string').join(' ');
}
