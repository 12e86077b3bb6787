import { describe, expect, it } from '@jest/globals';
import { type PreflightInput, preflightRules } from '../../lib/preflight.ts';
import { assertNoErrors, ruleOutcomes, runRules } from '../../src/core/rules.ts';
import { keysAccount, mainAccount } from './access/support.ts';
import { callerCases } from './preflight-caller.ts';
import { type Cases, hsmCases, pkcs11 } from './preflight-hsm.ts';
import { configured, recordedAt, sample, shardTwice, trusting, withAws, withConfig } from './preflight-inputs.ts';

const kmsArn = (region: string, account: string) => `arn:aws:kms:${region}:${account}:key/0`;
const twins = '{ ct: [{ shard: x }, { shard: x-antispam }], rekor: [{ shard: log2026-1, key: awskms }] }';
const localIssuer = '[{ preset: github-actions }, { preset: local, users: [{ email: dev@acme.example }] }]';

function withWitness(url: string): PreflightInput {
  const policy = { file: '/w.policy', text: '', witnesses: [{ name: 'w', url }] };
  const { config } = sample;
  const rekor = config.logs.rekor.map((shard) => ({ ...shard, witnesses: { file: policy.file, policy } }));
  return { ...sample, config: { ...config, logs: { ...config.logs, rekor } } };
}

const cases: Cases = {
  'aws-no-local-issuer': {
    refuses: [
      {
        what: 'the issuer of one machine',
        input: withConfig({ issuers: localIssuer }),
        where: 'issuers[1]',
        message: 'expected an issuer of your own, got the preset local, which is for one machine',
        hint: /take it out/,
      },
    ],
    accepts: [{ what: 'an issuer that everybody reaches', input: sample }],
  },
  'aws-https-issuers': {
    refuses: [
      {
        what: 'an issuer by http',
        input: withConfig({ issuers: '[{ preset: keycloak, url: http://localhost:8080/realms/acme }]' }),
        where: 'issuers[0]',
        message: 'expected an https:// URL, got http://localhost:8080/realms/acme',
        hint: /name the https:\/\/ URL/,
      },
    ],
    accepts: [
      { what: 'an issuer by https', input: sample },
      { what: 'a user pool that is not there yet', input: withConfig({ issuers: '[{ preset: cognito }]' }) },
      {
        what: 'a user pool that is known',
        input: withConfig({ issuers: '[{ preset: cognito, userPool: eu-central-1_AbCdEf123, clientId: 1h57kf5cpq }]' }),
      },
    ],
  },
  'aws-witness-urls': {
    refuses: [
      {
        what: 'a witness on another port',
        input: withWitness('https://witness.example:8443'),
        where: 'logs.rekor[0].witnesses',
        message: '/w.policy: w: expected https:// on port 443, got https://witness.example:8443',
        hint: /ask the witness/,
      },
      {
        what: 'a witness on loopback',
        input: withWitness('http://127.0.0.1:81'),
        where: 'logs.rekor[0].witnesses',
        message: '/w.policy: w: expected https:// on port 443, got http://127.0.0.1:81',
        hint: /ask the witness/,
      },
    ],
    accepts: [
      { what: 'no witness', input: sample },
      { what: 'a witness by https', input: withWitness('https://witness.example/prefix') },
    ],
  },
  'aws-key-source': {
    refuses: [
      {
        what: 'a key in a file',
        input: withConfig({ timestamps: '[{ name: tsa-1 }, { name: tsa-2, key: file }]' }),
        where: 'timestamps[1].key',
        message: 'expected awskms, got file',
        hint: /use awskms/,
      },
    ],
    accepts: [{ what: 'keys in KMS', input: sample }],
  },
  ...hsmCases,
  ...callerCases,
  'aws-watched-regions': {
    refuses: [
      {
        what: 'a private instance whose second region nobody watches',
        input: withAws({ access: 'private', regions: ['eu-central-1', 'eu-west-1'] }),
        where: 'aws.regions',
        message:
          'expected one region, got eu-west-1 too: the prober and the monitor are in eu-central-1 and have no way there',
        hint: /PrivateLink/,
      },
    ],
    accepts: [
      { what: 'a private instance of one region', input: withAws({ access: 'private', regions: ['eu-central-1'] }) },
      { what: 'a public one of two', input: withAws({ access: 'public', regions: ['eu-central-1', 'eu-west-1'] }) },
    ],
  },
  'aws-account-kept': {
    refuses: [
      {
        what: 'another account than the one of the logs',
        input: { ...sample, record: { ...sample.record, account: '999988887777' } },
        where: 'aws.account',
        message: `expected the account that the logs are in, 999988887777, got ${sample.aws.account}`,
        hint: /a new instance/,
      },
    ],
    accepts: [
      {
        what: 'the account of the logs',
        input: { ...sample, record: { ...sample.record, account: sample.aws.account } },
      },
      { what: 'an instance without keys yet', input: sample },
    ],
  },
  'aws-names-differ': {
    refuses: [
      {
        what: 'a shard that is called as the second database of another',
        input: withConfig({ logs: twins }),
        where: 'logs',
        message: 'ct-x-antispam: expected a database of its own, got ct_x_antispam, that of ct-x',
        hint: /give ct-x-antispam or ct-x another name/,
      },
      {
        what: 'a shard twice',
        input: shardTwice(),
        where: 'logs',
        message: `ct-ct2026-1: expected a bucket of its own, got acme-ct-ct2026-1-${mainAccount}-eu-central-1, that of ct-ct2026-1`,
        hint: /another name/,
      },
    ],
    accepts: [
      { what: 'shards with names of their own', input: sample },
      {
        what: 'a Rekor shard of that name, which has one database',
        input: withConfig({ logs: '{ ct: [{ shard: x }], rekor: [{ shard: x-antispam }] }' }),
      },
    ],
  },
  'aws-live-shards': {
    refuses: [
      {
        what: 'that a trusted Rekor shard is gone',
        input: trusting(['log2025-1', 'log2026-1'], ['ct2026-1']),
        where: 'logs.rekor',
        message: 'expected the shard log2025-1, which verifiers trust, and it is gone',
        hint: /put log2025-1 back/,
      },
      {
        what: 'that a trusted CT shard became one of Rekor',
        input: trusting([], ['log2026-1']),
        where: 'logs.ct',
        message: 'expected the shard log2026-1, which verifiers trust, and it is gone',
        hint: /sigstead freeze log2026-1/,
      },
    ],
    accepts: [
      { what: 'shards that are all there', input: trusting(['log2026-1'], ['ct2026-1']) },
      { what: 'any, before the first ceremony', input: sample },
    ],
  },
  'aws-recorded-keys': {
    refuses: [
      {
        what: 'a key of another region',
        input: recordedAt(kmsArn('eu-west-1', keysAccount)),
        where: 'deployment.json: keys.fulcio',
        message: `expected a key in eu-central-1 of account ${keysAccount}, got ${kmsArn('eu-west-1', keysAccount)}`,
        hint: /a key never moves/,
      },
      {
        what: 'a key of another account',
        input: recordedAt(kmsArn('eu-central-1', mainAccount)),
        where: 'deployment.json: keys.fulcio',
        message: `expected a key in eu-central-1 of account ${keysAccount}, got ${kmsArn('eu-central-1', mainAccount)}`,
        hint: /a key never moves/,
      },
    ],
    accepts: [
      { what: 'keys where they belong', input: sample },
      { what: 'that nothing is recorded yet', input: { ...sample, record: { ...sample.record, keys: new Map() } } },
    ],
  },
};

const findingsOf = (input: PreflightInput, id: string) =>
  runRules(preflightRules, input).filter(({ rule }) => rule === id);

describe('preflightRules', () => {
  it('are each tried from both sides', () => {
    expect(Object.keys(cases)).toEqual(preflightRules.map(({ id }) => id));
    for (const { refuses, accepts } of Object.values(cases)) expect([refuses[0], accepts[0]]).not.toContain(undefined);
  });

  it.each(Object.entries(cases).flatMap(([id, { refuses }]) => refuses.map((one) => [id, one.what, one] as const)))(
    '%s refuses %s, and says where and what to do',
    (id, _, { input, where, message, hint }) => {
      const [first] = findingsOf(input, id);
      expect(first).toMatchObject({ where, message, hint: expect.stringMatching(hint) });
    },
  );

  it.each(Object.entries(cases).flatMap(([id, { accepts }]) => accepts.map((one) => [id, one.what, one] as const)))(
    '%s accepts %s',
    (id, _, { input }) => {
      expect(findingsOf(input, id)).toEqual([]);
    },
  );

  it('let an instance pass that breaks none', () => {
    expect(runRules(preflightRules, sample)).toEqual([]);
  });

  it('say of what they could not look at that it does not apply', () => {
    const outcomes = ruleOutcomes(preflightRules, sample).filter(({ outcome }) => outcome === 'not-applicable');
    expect(outcomes.map(({ rule }) => rule)).toEqual(['aws-caller', 'aws-caller-region', 'aws-live-shards']);
  });

  it('report all problems at once, each with its place and its fix', () => {
    const config = configured({
      issuers: localIssuer,
      fulcio: pkcs11,
      logs: twins.replace('awskms', 'file'),
    });
    const material = trusting(['log2025-1'], []).material;
    const wrong = { ...sample, config, material, caller: { account: '999999999999' } };
    const refused = () => assertNoErrors(runRules(preflightRules, wrong), 'AWS_PREFLIGHT', config.file);
    expect(refused).toThrowToolkit('AWS_PREFLIGHT');
    expect(refused).toThrow(
      expect.objectContaining({
        fault: 'input',
        message: expect.stringMatching(
          /^\/deployment\/sigstead\.yaml: aws-no-local-issuer: issuers\[1\].*; aws-key-source: logs\.rekor\[0\]\.key.*; aws-hsm: fulcio\.key.*; aws-caller: aws\.account.*; aws-names-differ: logs.*; aws-live-shards: logs\.rekor/,
        ),
        hint: expect.stringMatching(/take it out.*use awskms.*hsm\.md.*AWS_PROFILE.*another name.*put log2025-1 back/),
      }),
    );
  });
});
