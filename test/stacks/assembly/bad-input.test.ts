import { describe, expect, it } from '@jest/globals';
import { preflightRules } from '../../../lib/preflight.ts';
import { namesOf } from '../../../operate/aws/settings.ts';
import { parseConfig } from '../../../src/config/config.ts';
import { assertNoErrors, runRules } from '../../../src/core/rules.ts';
import { emptyRecord } from '../../../src/services/deployment.ts';
import { refusalOf } from './refusals.ts';
import { type Edit, productionFile, productionWith } from './synthesise.ts';

/** What synthesis does with a configuration before it makes anything. */
function read(...edits: readonly Edit[]) {
  const config = parseConfig(productionWith(edits), productionFile);
  if (config.aws === undefined) throw new Error('the example has a section aws');
  const names = namesOf(config, config.aws);
  const input = { config, aws: config.aws, names, record: emptyRecord, material: undefined, caller: {} };
  assertNoErrors(runRules(preflightRules, input), 'AWS_PREFLIGHT', config.file);
}

const entra = '{ preset: entra-id, tenant: 01234567-89ab-cdef-0123-456789abcdef, clientId: sigstore }';
const issuer = (text: string): Edit => [entra, text];
const custom = (text: string) => issuer(`{ preset: custom, clientId: x, ${text} }`);
const regions = (text: string): Edit => ['regions: [eu-central-1]', `regions: [${text}]`];
const ct = (text: string): Edit => ['{ shard: ct2026-1, key: awskms }', text];
const aws = (from: string, to: string): Edit => [`  ${from}`, `  ${to}`];
const rekorInHsm: Edit = [
  'key: awskms\n      operator: log2026-1',
  'key: pkcs11:token=a;object=log\n      operator: log2026-1',
];
const hsmKey: Edit = ['  key: awskms\n  # Who runs', '  key: pkcs11:token=sigstore;object=fulcio\n  # Who runs'];
const localIssuer = issuer('{ preset: local, users: [{ email: dev@example.com, name: A developer }] }');

const configurations: readonly (readonly [string, readonly Edit[], RegExp])[] = [
  [
    'an issuer of http',
    [custom('url: http://login.acme.example, type: email')],
    /:40:\d+: issuers\[1\]\.url: .*fix: http/s,
  ],
  [
    'an issuer of http on loopback',
    [custom('url: "http://127.0.0.1:80", type: email')],
    /issuers\[1\]: .*https.*fix: .*http/s,
  ],
  [
    'a type that Fulcio does not know',
    [custom('url: https://acme.example, type: mail')],
    /issuers\[1\]\.type: .*fix: did you mean email/s,
  ],
  [
    'SPIFFE without a trust domain',
    [custom('url: https://acme.example, type: spiffe')],
    /issuers\[1\]: .*fix: add spiffeTrustDomain/s,
  ],
  [
    'subjects of another domain',
    [custom('url: https://acme.example, type: username, subjectDomain: b.example')],
    /issuers\[1\]\.subjectDomain: .*fix: ./s,
  ],
  ['an issuer twice', [issuer(`${entra}\n  - ${entra}`)], /:41:\d+: issuers\[2\]: .*fix: keep one/s],
  ['the issuer of one machine', [localIssuer], /aws-no-local-issuer: issuers\[1\]: .*fix: take it out/s],
  [
    'a frozen shard that is none',
    [aws('frozen: []', 'frozen: [log2025-1]')],
    /aws\.frozen\[0\]: expected the name of a shard, got log2025-1.*fix: ./s,
  ],
  [
    'the last shard of its kind as frozen',
    [aws('frozen: []', 'frozen: [ct2026-1]')],
    /aws\.frozen\[0\]: expected a shard that another one follows, got ct2026-1.*fix: open the next/s,
  ],
  [
    'a network that is too large',
    [aws('network: 10.64.0.0/16', 'network: 10.64.0.0/8')],
    /aws\.network: expected .*like 10\.64\.0\.0\/16/,
  ],
  [
    'a network of the Internet',
    [aws('network: 10.64.0.0/16', 'network: 8.8.0.0/16')],
    /aws\.network: expected a private/,
  ],
  [
    'an HSM whose addresses have all of the VPC’s',
    [aws('# hsm: {', 'hsm: {'), ['network: 10.64.8.0/22', 'network: 10.64.0.0/16']],
    /aws\.hsm\.network: expected addresses outside of aws\.network 10\.64\.0\.0\/16, or a part.*fix: name the addresses/s,
  ],
  [
    'clients that are no range',
    [aws('clientNetworks: [10.0.0.0/8]', 'clientNetworks: [acme]')],
    /aws\.clientNetworks\[0\]: expected an IPv4 range/,
  ],
  [
    'an account that YAML reads as a number',
    [aws("account: '012345678901'", 'account: 12345678901')],
    /aws\.account: .*fix: .*in quotes/s,
  ],
  ['the partition aws-iso', [regions('us-iso-east-1')], /aws\.regions\[0\]: expected .*aws, aws-us-gov or aws-cn/],
  ['the partition aws-eusc', [regions('eusc-de-east-1')], /aws\.regions\[0\]: expected .*aws, aws-us-gov or aws-cn/],
  ['regions of two partitions', [regions('eu-central-1, us-gov-west-1')], /aws\.regions\[1\]: .*fix: .*one partition/s],
  ['no region', [regions('')], /aws\.regions: expected a list of at least one/],
  [
    'a shard in a region that is not there',
    [ct('{ shard: ct2026-1, region: eu-west-1 }')],
    /logs\.ct\[0\]\.region: .*fix: add eu-west-1/s,
  ],
  [
    'a shard twice',
    [ct('{ shard: ct2026-1 }\n    - { shard: ct2026-1 }')],
    /logs\.ct\[1\]\.shard: .*fix: .*name of its own/s,
  ],
  [
    'a shard with the name of another log’s',
    [ct('{ shard: log2026-1 }')],
    /logs\.ct\[0\]\.shard: .*fix: .*name of its own/s,
  ],
  [
    'a shard with the name of an authority',
    [ct('{ shard: tsa-1 }')],
    /timestamps\[0\]\.name: .*fix: .*name of its own/s,
  ],
  [
    'an origin that is a URL',
    [['origin: log2026-1.', 'origin: https://log2026-1.']],
    /logs\.rekor\[0\]\.origin: .*fix: write the bare name/s,
  ],
  ['a key in a file', [ct('{ shard: ct2026-1, key: file }')], /aws-key-source: logs\.ct\[0\]\.key: .*fix: .*awskms/s],
  ['a key in an HSM that is not named', [hsmKey], /aws-hsm: fulcio\.key: .*fix: .*or use awskms/s],
  ['an HSM for a server that has no PKCS#11', [rekorInHsm], /logs\.rekor\[0\]\.key: .*fix: ./s],
  [
    'everybody as key administrator',
    [['role/key-administrators', '*']],
    /aws\.keyAdministrators\[0\]: expected the ARN of an IAM role or user/,
  ],
  [
    'the root of the account for break-glass',
    [['role/incident-commanders', 'root']],
    /aws\.breakGlass\[0\]: expected the ARN of an IAM role or user/,
  ],
  [
    'a zone by its name',
    [aws('zone: Z0123456789ABCDEFGHIJ', 'zone: acme.example')],
    /aws\.zone: expected the id .*like Z/,
  ],
  [
    'a size that is none',
    [aws('availability: ha', 'availability: high')],
    /aws\.availability: expected one of ha, dev/,
  ],
];

describe('a configuration', () => {
  it('is accepted as it stands in examples/production.yaml', async () => {
    expect(await refusalOf(() => read())).toEqual({ code: 'accepted', text: '' });
  });

  it.each(configurations)('is refused with %s', async (_name, edits, text) => {
    const refusal = await refusalOf(() => read(...edits));
    expect(refusal.code).toMatch(/^(?:CFG_INVALID|AWS_PREFLIGHT)$/);
    expect(refusal.text).toMatch(text);
    expect(refusal.text).toContain('production.yaml');
  });

  it('is refused with everything that is wrong in it at once', async () => {
    const network = aws('network: 10.64.0.0/16', 'network: 10.64.0.0/8');
    const shape = [custom('url: http://acme.example, type: mail'), network, regions('eusc-de-east-1')];
    const { text } = await refusalOf(() => read(...shape));
    for (const path of ['issuers[1].url', 'issuers[1].type', 'aws.network', 'aws.regions[0]'])
      expect(text).toContain(path);
    const rules = await refusalOf(() => read(localIssuer, ct('{ shard: ct2026-1, key: file }'), hsmKey));
    for (const path of ['issuers[1]', 'logs.ct[0].key', 'fulcio.key']) expect(rules.text).toContain(path);
  });
});
