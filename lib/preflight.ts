import { ToolkitError } from '../src/core/error.ts';
import { parsePkcs11Uri } from '../src/core/pkcs11-uri.ts';
import type { Complaint, Rule } from '../src/core/rules.ts';
import { isKnownCognito } from '../src/identity/cognito.ts';
import { resolveIssuer } from '../src/identity/fulcio-config.ts';
import { hsmUri, isInHsm, isInKeyset, kekArn } from '../src/services/service.ts';
import { globalRegion } from './access/audit-rules.ts';
import { isLog, type PlacedService, placedKeys, placedServices } from './access/placement.ts';
import type { Deployment } from './deployment.ts';

/** What synthesis knows of the account that it runs for. */
export interface PreflightInput extends Pick<Deployment, 'config' | 'aws' | 'names' | 'record' | 'material'> {
  /** Account and region of the credentials in use, where there are any. */
  readonly caller: { readonly account?: string; readonly region?: string };
}

/** What an instance must be to be deployed, beyond what makes its configuration valid on one machine. */
export const preflightRules: readonly Rule<PreflightInput>[] = [
  {
    id: 'aws-no-local-issuer',
    title: 'the issuer of one machine is not deployed: whoever reaches its login page is any of its users',
    check: ({ config }) =>
      config.issuers.flatMap((issuer, index) =>
        issuer.preset === 'local'
          ? [
              complaint(
                `issuers[${index}]`,
                'expected an issuer of your own, got the preset local, which is for one machine',
                'take it out, and name your own issuer: github-actions, entra-id, okta, cognito, ...',
              ),
            ]
          : [],
      ),
  },
  {
    id: 'aws-https-issuers',
    title: 'issuers are reached by https: a token signed with a key that came over http is worth nothing',
    check: ({ config }) =>
      config.issuers.flatMap((issuer, index) => {
        // The URL of a user pool that is not there yet is unknown, and will be one of Amazon's.
        if (issuer.preset === 'local' || (issuer.preset === 'cognito' && !isKnownCognito(issuer))) return [];
        const { issuerUrl } = resolveIssuer(issuer, '');
        if (issuerUrl.startsWith('https://')) return [];
        const message = `expected an https:// URL, got ${issuerUrl}`;
        return [
          complaint(`issuers[${index}]`, message, 'name the https:// URL of the issuer: http is for one machine'),
        ];
      }),
  },
  {
    id: 'aws-witness-urls',
    title: 'witnesses are reached by https on port 443: that is the one way that the network of a log has',
    check: ({ config }) =>
      (['rekor', 'ct'] as const).flatMap((kind) =>
        config.logs[kind].flatMap(({ witnesses }, index) =>
          (witnesses?.policy?.witnesses ?? [])
            .filter(({ url }) => !isOnStandardPort(url))
            .map(({ name, url }) => {
              const message = `${witnesses?.file}: ${name}: expected https:// on port 443, got ${url}`;
              return complaint(
                `logs.${kind}[${index}].witnesses`,
                message,
                'ask the witness for such a URL, or leave it out',
              );
            }),
        ),
      ),
  },
  {
    id: 'aws-key-source',
    title: 'no key is in a file on AWS',
    check: ({ config }) =>
      keySources(config)
        .filter(({ key }) => key === 'file')
        .map(({ where }) =>
          complaint(where, 'expected awskms, got file', 'a task has no disk that outlives it: use awskms'),
        ),
  },
  {
    id: 'aws-hsm',
    title: 'a key in an HSM needs an HSM, and an HSM a key',
    check: ({ config, aws }) => {
      const inHsm = keySources(config).filter(({ key }) => isInHsm(key));
      if (inHsm.length === 0 && aws.hsm)
        return [complaint('aws.hsm', 'expected a key in it, got none', 'give a service key: pkcs11:…, or take it out')];
      if (aws.hsm) return [];
      return inHsm.map(({ where }) =>
        complaint(
          where,
          'expected aws.hsm for a pkcs11: key, got none',
          'say where the HSM is: docs/hsm.md, or use awskms',
        ),
      );
    },
  },
  {
    id: 'aws-hsm-keys',
    title: 'each key in an HSM has a name of its own, of which the plug-in of the servers knows every part',
    check: ({ config }) => {
      const named = keySources(config).map(({ where, key }) => ({
        where,
        name: isInHsm(key) ? hsmName(key) : undefined,
      }));
      return named.flatMap(({ where, name }, index) => {
        if (name === undefined) return [];
        if ('wrong' in name) return [complaint(where, name.wrong, 'e.g. pkcs11:token=sigstead;object=fulcio')];
        const earlier = named.findIndex((other) => other.name && 'uri' in other.name && other.name.uri === name.uri);
        if (earlier === index) return [];
        const message = `expected a key of its own, got that of ${named[earlier]?.where}`;
        return [
          complaint(where, message, 'make a second key in the HSM: a signature could be read as that of the other'),
        ];
      });
    },
  },
  {
    id: 'aws-hsm-ct-log',
    title: "a CT log with its key in an HSM runs our main: TesseraCT's own takes its key from a secret",
    check: ({ config, aws }) =>
      aws.ctLogServer === 'kms'
        ? []
        : keySources(config)
            .filter(({ where, key }) => where.startsWith('logs.ct') && isInHsm(key))
            .map(({ where }) =>
              complaint(
                where,
                'expected awskms with aws.ctLogServer upstream, got a pkcs11: key',
                'leave aws.ctLogServer out',
              ),
            ),
  },
  {
    id: 'aws-tink-kek',
    title: 'each key in a keyset is wrapped by a KMS key of its own, in the region of its log',
    check: ({ config, names }) => {
      const wrapped = config.logs.rekor.flatMap(({ key, region = names.writeRegion }, index) =>
        isInKeyset(key) ? [{ where: `logs.rekor[${index}].key`, arn: kekArn(key), region }] : [],
      );
      return wrapped.flatMap(({ where, arn, region }, index) => {
        const earlier = wrapped.slice(0, index).find((other) => other.arn === arn);
        if (earlier) {
          const message = `expected a KMS key of its own, got that of ${earlier.where}`;
          return [complaint(where, message, 'make a second one: who may unwrap one log would unwrap both')];
        }
        if (arn.split(':')[3] === region) return [];
        const message = `expected a KMS key in ${region}, where the log is, got ${arn}`;
        return [complaint(where, message, 'make one there: a server reaches KMS in its own region only')];
      });
    },
  },
  {
    id: 'aws-caller',
    title: 'the credentials are of an account of the configuration: another one has neither bootstrap nor names',
    check: ({ aws, caller }) => {
      const { account } = caller;
      if (account === undefined) return 'not-applicable';
      const accounts = [...new Set([aws.account, aws.keysAccount])];
      if (accounts.includes(account)) return [];
      const message = `expected credentials of account ${accounts.join(' or ')}, got ${account}`;
      return [complaint('aws.account', message, 'choose the profile of that account: AWS_PROFILE=NAME npx cdk ...')];
    },
  },
  {
    id: 'aws-caller-region',
    title: 'the region of the credentials is one of the configuration: commands without --region look there',
    severity: 'warning',
    check: ({ aws, names, caller }) => {
      const { region } = caller;
      if (region === undefined) return 'not-applicable';
      if ([...aws.regions, globalRegion({ names })].includes(region)) return [];
      const message = `expected a profile for ${aws.regions.join(' or ')}, got one for ${region}: the stacks go to the former`;
      return [complaint('aws.regions', message, `set the region of the profile: AWS_REGION=${names.writeRegion}`)];
    },
  },
  {
    id: 'aws-watched-regions',
    title: 'what watches a private instance reaches all of it: it is in the network of the first region',
    severity: 'warning',
    check: ({ aws }) => {
      if (aws.access !== 'private') return [];
      return aws.regions.slice(1).map((region) => {
        const message = `expected one region, got ${region} too: the prober and the monitor are in ${aws.regions[0]} and have no way there`;
        const hint = `give that network one, as to any client (PrivateLink, and the names of ${region}); until then alarms ring`;
        return complaint('aws.regions', message, hint);
      });
    },
  },
  {
    id: 'aws-account-kept',
    title: 'the logs stay in their account: in another one their keys would sign a second history, from nothing',
    check: ({ aws, record }) =>
      record.account === undefined || record.account === aws.account
        ? []
        : [
            complaint(
              'aws.account',
              `expected the account that the logs are in, ${record.account}, got ${aws.account}`,
              'put it back; another account is a new instance, with keys of its own',
            ),
          ],
  },
  {
    id: 'aws-names-differ',
    title: 'no two services share a bucket, a database or a role',
    check: ({ config, aws, names }) => {
      const services = placedServices({ config, aws, names });
      const logs = services.filter(isLog);
      const owned = (service: PlacedService, name: string) => ({ service: service.id, name });
      return [
        ...shared(
          'bucket',
          logs.map((log) => owned(log, names.bucket(log.id, log.region))),
        ),
        ...shared(
          'database',
          logs.flatMap((log) => databases(log, names).map((name) => owned(log, name))),
        ),
        ...shared(
          'role',
          services.map((service) => owned(service, names.role(service.id, 'task'))),
        ),
      ];
    },
  },
  {
    id: 'aws-live-shards',
    title: 'a shard stays in the configuration while verifiers trust it: its read path serves them for ever',
    check: ({ config, material }) => {
      if (material === undefined) return 'not-applicable';
      return (['rekor', 'ct'] as const).flatMap((kind) => {
        const configured = new Set(config.logs[kind].map(({ shard }) => shard));
        return material[kind]
          .filter(({ shard }) => !configured.has(shard))
          .map(({ shard }) => {
            const message = `expected the shard ${shard}, which verifiers trust, and it is gone`;
            return complaint(`logs.${kind}`, message, `put ${shard} back; what ends it is: sigstead freeze ${shard}`);
          });
      });
    },
  },
  {
    id: 'aws-recorded-keys',
    title: 'a recorded key is where the configuration says that keys are',
    check: ({ config, aws, names, record }) =>
      placedKeys({ config, aws, names }).flatMap(({ id, region }) => {
        const arn = record.keys.get(id)?.arn;
        if (arn === undefined || arn.split(':').slice(3, 5).join(' ') === `${region} ${names.keysAccount}`) return [];
        const message = `expected a key in ${region} of account ${names.keysAccount}, got ${arn}`;
        return [
          complaint(
            `deployment.json: keys.${id}`,
            message,
            'a key never moves: put region and account back, or rotate',
          ),
        ];
      }),
  },
];

function isOnStandardPort(text: string): boolean {
  const { protocol, port } = new URL(text);
  return protocol === 'https:' && port === '';
}

/** What the plug-in does not know could select another key, so it is not passed over. */
function hsmName(key: `pkcs11:${string}`): { readonly uri: string } | { readonly wrong: string } {
  try {
    const { token, serial, modulePath, moduleName, pinSource, slotId, manufacturer, model } = parsePkcs11Uri(key);
    if (token === undefined && serial === undefined) return { wrong: 'expected token= or serial=, got neither' };
    const unknown = [modulePath, moduleName, pinSource, slotId, manufacturer, model].some((part) => part !== undefined);
    if (unknown)
      return { wrong: 'expected no more than token, serial, object and id: module and PIN come from aws.hsm' };
    return { uri: hsmUri(key) };
  } catch (error) {
    if (error instanceof ToolkitError) return { wrong: error.message };
    throw error;
  }
}

function keySources(config: PreflightInput['config']) {
  return [
    { where: 'fulcio.key', key: config.fulcio.key },
    ...config.logs.rekor.map(({ key }, index) => ({ where: `logs.rekor[${index}].key`, key })),
    ...config.logs.ct.map(({ key }, index) => ({ where: `logs.ct[${index}].key`, key })),
    ...config.timestamps.map(({ key }, index) => ({ where: `timestamps[${index}].key`, key })),
  ];
}

/** A CT log has a second database, whose name could be that of another log's first. */
function databases({ id, kind }: PlacedService, names: PreflightInput['names']): readonly string[] {
  return [names.database(id), ...(kind === 'ct' ? [names.antispamDatabase(id)] : [])];
}

function shared(
  what: string,
  owned: readonly { readonly service: string; readonly name: string }[],
): readonly Complaint[] {
  const first = new Map<string, string>();
  return owned.flatMap(({ service, name }) => {
    const other = first.get(name);
    if (other === undefined) {
      first.set(name, service);
      return [];
    }
    const message = `${service}: expected a ${what} of its own, got ${name}, that of ${other}`;
    return [complaint('logs', message, `give ${service} or ${other} another name`)];
  });
}

function complaint(where: string, message: string, hint: string): Complaint {
  return { where, message, hint };
}
