import type { Complaint, Rule } from '../src/core/rules.ts';
import { isKnownCognito } from '../src/identity/cognito.ts';
import { resolveIssuer } from '../src/identity/fulcio-config.ts';
import { globalRegion } from './access/audit-rules.ts';
import { isLog, type PlacedService, placedKeys, placedServices } from './access/placement.ts';
import type { Deployment } from './deployment.ts';
import { complaint, keyRules } from './preflight-keys.ts';

/** What synthesis knows of the account that it runs for. */
export interface PreflightInput extends Pick<Deployment, 'config' | 'aws' | 'names' | 'record' | 'material'> {
  /** Account and region of the credentials in use, where there are any. */
  readonly caller: { readonly account?: string; readonly region?: string };
}

/** What the CDK says where nobody chose a region: without credentials it is no choice of anybody. */
const unspokenRegion = 'us-east-1';

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
  ...keyRules,
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
    check: ({ aws, names, caller: { account, region } }) => {
      if (region === undefined || (account === undefined && region === unspokenRegion)) return 'not-applicable';
      if ([...aws.regions, globalRegion({ names })].includes(region)) return [];
      const message = `expected a profile for ${aws.regions.join(' or ')}, got one for ${region}: the stacks go to the former`;
      const hint = `run it for a region of the configuration: AWS_REGION=${names.writeRegion} npx cdk ...`;
      return [complaint('aws.regions', message, hint)];
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
