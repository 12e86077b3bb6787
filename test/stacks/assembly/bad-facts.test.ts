import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { composeInstance, type InstanceOptions } from '../../../lib/instance-stacks.ts';
import { utf8 } from '../../../src/core/bytes.ts';
import { formatDeploymentRecord, parseDeploymentRecord } from '../../../src/services/deployment.ts';
import { publicKey } from '../../support/recorded-deployment.ts';
import { fulcioChain, tsaChain } from '../services/support.ts';
import { refusalOf } from './refusals.ts';
import { instanceFrom, instanceOf, newApp, productionWith } from './synthesise.ts';

const recorded = await instanceOf('ha-public');
const { record, config } = recorded;
const material = there(recorded.material);
const base = { fulcio: there(material.fulcio[0]), rekor: there(material.rekor[0]), tsa: there(material.timestamps[0]) };
const keyOf = (id: string) => there(record.keys.get(id));
const { arn } = keyOf('fulcio');

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('expected it to be recorded');
  return value;
}

const withKey = (id: string, change: object): Partial<InstanceOptions> => ({
  record: { ...record, keys: new Map([...record.keys, [id, { ...keyOf(id), ...change }]]) },
});
const withMaterial = (change: object): Partial<InstanceOptions> => ({ material: { ...material, ...change } });
const foreignChain = { ...base.fulcio, chain: await fulcioChain(publicKey('secp384r1')) };
const expired = { notAfter: new Date('2026-11-20T00:00:00Z') };
const expiredChain = { ...base.tsa, chain: await tsaChain(keyOf('timestamp-tsa-1').publicKey, expired) };
const otherKey = { ...base.rekor, publicKey: publicKey('prime256v1') };
const withoutFulcio = new Map([...record.images].filter(([program]) => program !== 'fulcio'));
const farCt = await instanceFrom(
  productionWith([
    ['regions: [eu-central-1]', 'regions: [eu-central-1, eu-west-1]'],
    ['{ shard: ct2026-1, key: awskms }', '{ shard: ct2026-1, region: eu-west-1 }'],
  ]),
);

/** One configuration that asks for what the edge cannot give, three times. */
const edgeless = await instanceFrom(
  productionWith([
    ['regions: [eu-central-1]', 'regions: [us-gov-west-1]'],
    ['writers: anyone', 'writers: network'],
    ['host: tsa-2.sigstore.acme.example,', 'host: tsa.elsewhere.example,'],
  ]),
);
const outside = await instanceFrom(
  productionWith([['origin: log2026-1.sigstore.acme.example', 'origin: log.elsewhere.example']]),
);
const manyShards = Array.from({ length: 100 }, (_, index) => `    - { shard: more-${index} }\n`).join('');
const crowded = await instanceFrom(
  productionWith([
    ['access: public', 'access: private'],
    ['  ct:\n', `${manyShards}  ct:\n`],
  ]),
);

const facts: readonly (readonly [string, Partial<InstanceOptions>, string, RegExp])[] = [
  [
    'two shards of one bucket, database and role',
    { config: { ...config, logs: { ...config.logs, rekor: [...config.logs.rekor, ...config.logs.rekor] } } },
    'AWS_PREFLIGHT',
    /bucket.*database.*role.*fix: .*another name/s,
  ],
  [
    'a chain for another key',
    withMaterial({ fulcio: [foreignChain] }),
    'AWS_CHAIN_KEY',
    /trust-material\.json: fulcio: .*fix: .*issue-fulcio/s,
  ],
  [
    'a chain that has expired',
    withMaterial({ timestamps: [expiredChain] }),
    'AWS_CHAIN_EXPIRED',
    /timestamp-tsa-1: .*fix: .*issue-timestamp-tsa-1/s,
  ],
  [
    'the name of a shard whose key was another',
    withMaterial({ rekor: [otherKey] }),
    'AWS_LOG_KEY',
    /rekor-log2026-1: .*fix: .*another key is another shard/s,
  ],
  [
    'another origin of a shard',
    withMaterial({ rekor: [{ ...base.rekor, origin: 'log.b.example' }] }),
    'AWS_LOG_ORIGIN',
    /rekor-log2026-1: .*fix: put the old origin back/s,
  ],
  [
    'a shard that is trusted and gone',
    withMaterial({ rekor: [base.rekor, { ...base.rekor, shard: 'log2025-1' }] }),
    'AWS_PREFLIGHT',
    /aws-live-shards: logs.*log2025-1.*fix: put/s,
  ],
  [
    'one key for two services',
    withKey('timestamp-tsa-2', keyOf('timestamp-tsa-1')),
    'AWS_KEY_SHARED',
    /keys\.timestamp-tsa-2: .*fix: ./s,
  ],
  [
    'a key of another region',
    withKey('fulcio', { arn: arn.replace('eu-central-1', 'eu-west-1') }),
    'AWS_PREFLIGHT',
    /keys\.fulcio: .*eu-west-1.*fix: a key never moves/s,
  ],
  [
    'a key of another account',
    withKey('fulcio', { arn: arn.replace('210987654321', '111111111111') }),
    'AWS_PREFLIGHT',
    /keys\.fulcio: .*111111111111.*fix: a key never moves/s,
  ],
  [
    'a key of P-384 for a log',
    withKey('rekor-log2026-1', { publicKey: publicKey('secp384r1') }),
    'AWS_KEY_KIND',
    /keys\.rekor-log2026-1: expected .*P256/,
  ],
  [
    'credentials of another account',
    { caller: { account: '111111111111' } },
    'AWS_PREFLIGHT',
    /aws\.account: .*111111111111.*fix: .*AWS_PROFILE/s,
  ],
  [
    'a region that is none of the configuration',
    { caller: { region: 'eu-north-1' } },
    'AWS_PREFLIGHT',
    /aws\.regions: .*eu-north-1.*fix: .*AWS_REGION=eu-central-1 npx cdk/s,
  ],
  ['the CT log far from Fulcio', farCt, 'AWS_PEER_REGION', /ct-ct2026-1 is in eu-west-1.*fix: ./s],
  [
    'names that the zone cannot hold, an edge that the partition has not, and writers without an address',
    edgeless,
    'AWS_EDGE_PARTITION',
    /aws\.access: expected private in us-gov-west-1.*aws\.clientNetworks: .*timestamps\[1\]\.host: .*tsa\.elsewhere\.example.*fix: .*private.*Internet.*take `origin`/s,
  ],
  [
    'more hosts than one load balancer has rules for',
    crowded,
    'AWS_PRIVATE_HOSTS',
    /logs: expected at most 99 hosts in eu-central-1, got 106\nfix: .*another region/,
  ],
  [
    'a name that the zone cannot hold, and a key exchanged, at once',
    { ...outside, ...withMaterial({ rekor: [otherKey] }) },
    'AWS_HOST_OUTSIDE_ZONE',
    /logs\.rekor\[0\]\.origin: expected a name under .*rekor-log2026-1: verifiers trust.*fix: take `origin`.*another shard/s,
  ],
  [
    'a rule broken, a name that the zone cannot hold, and an expired chain, at once',
    { ...outside, ...withMaterial({ timestamps: [expiredChain] }), caller: { account: '111111111111' } },
    'AWS_PREFLIGHT',
    /aws\.account: .*logs\.rekor\[0\]\.origin: .*timestamp-tsa-1: .*fix: .*AWS_PROFILE.*take `origin`.*issue-timestamp-tsa-1/s,
  ],
  [
    'no image, where all was asked for',
    { record: { ...record, images: withoutFulcio } },
    'AWS_INCOMPLETE',
    /fulcio: the image.*sigstead images push/s,
  ],
  [
    'no chain, where all was asked for',
    { material: undefined },
    'AWS_INCOMPLETE',
    /its certificate chain.*fix: next: sigstead ceremony ca plan/s,
  ],
  [
    'two things at once',
    withMaterial({ fulcio: [foreignChain], rekor: [otherKey] }),
    'AWS_CHAIN_KEY',
    /fulcio: .*rekor-log2026-1: .*fix: .*issue-fulcio.*another shard/s,
  ],
  [
    'a rule broken and a key exchanged at once',
    { ...withMaterial({ rekor: [otherKey] }), caller: { account: '111111111111' } },
    'AWS_PREFLIGHT',
    /aws\.account: .*rekor-log2026-1: .*fix: .*AWS_PROFILE.*another shard/s,
  ],
];

describe('what was recorded', () => {
  const composed = (change: Partial<InstanceOptions>) =>
    refusalOf(() => composeInstance(newApp({ builtinCloudFormationValidation: false }), { ...recorded, ...change }));

  it('is accepted as a deployment and a ceremony leave it', async () => {
    expect(await composed({})).toEqual({ code: 'accepted', text: '' });
  });

  it.each(facts)('is refused with %s', async (_name, change, code, text) => {
    const refusal = await composed(change);
    expect(refusal.code).toBe(code);
    expect(refusal.text).toMatch(text);
  });
});

describe('deployment.json', () => {
  const json = new TextDecoder().decode(formatDeploymentRecord(record));
  const privateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  });
  const digest = /sha256:[0-9a-f]{64}/;

  it.each<readonly [string, string, RegExp]>([
    [
      'an alias',
      json.replace(arn, 'arn:aws:kms:eu-central-1:210987654321:alias/acme/fulcio'),
      /keys\.fulcio\.arn: .*not of an alias/,
    ],
    ['a URI', json.replace(arn, `awskms://${arn}`), /keys\.fulcio\.arn: expected the ARN/],
    [
      'a key in aws-iso',
      json.replace(arn, arn.replace('arn:aws:', 'arn:aws-iso:')),
      /keys\.fulcio\.arn: expected the ARN/,
    ],
    [
      'a key in aws-eusc',
      json.replace(arn, arn.replace('arn:aws:', 'arn:aws-eusc:')),
      /keys\.fulcio\.arn: expected the ARN/,
    ],
    ['an image by its tag', json.replace(digest, 'latest'), /images\.ct-log: expected sha256:/],
    ['a field that it does not know', json.replace('"images"', '"image"'), /image: unknown field/],
    [
      'a private key',
      JSON.stringify({ ...JSON.parse(json), keys: { fulcio: { arn, publicKey: privateKey } } }),
      /keys\.fulcio\.publicKey: expected a PEM public key/,
    ],
    ['two things at once', json.replace(arn, 'x').replace(digest, 'latest'), /keys\.fulcio\.arn: .*images\.ct-log: /],
  ])('is refused with %s, and the way back', async (_name, text, where) => {
    const refusal = await refusalOf(() => parseDeploymentRecord(utf8(text), 'deployment.json'));
    expect(refusal.code).toBe('SVC_DEPLOYMENT');
    expect(refusal.text).toMatch(where);
    expect(refusal.text).toMatch(/fix: .*sigstead aws record/);
  });
});
