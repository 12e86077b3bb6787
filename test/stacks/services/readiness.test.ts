import { describe, expect, it } from '@jest/globals';
import type { Deployment } from '../../../lib/deployment.ts';
import { readinessOf } from '../../../lib/readiness.ts';
import type { CognitoIssuer } from '../../../src/identity/issuer.ts';
import type { RecordedKey } from '../../../src/services/deployment.ts';
import type { TrustMaterial } from '../../../src/trust/material.ts';
import { digest, publicKey } from '../../support/recorded-deployment.ts';
import { complete, fulcioChain, hsmDeployment, now, productionDeployment, tsaChain } from './support.ts';

const deployment = await productionDeployment();
const all = ['ct-ct2026-1', 'rekor-log2026-1', 'timestamp-tsa-1', 'timestamp-tsa-2', 'fulcio'];

function materialOf({ material }: Deployment): TrustMaterial {
  if (!material) throw new Error('the sample has one');
  return material;
}

function keyOf({ record }: Deployment, id: string): RecordedKey {
  const key = record.keys.get(id);
  if (!key) throw new Error('the sample has one');
  return key;
}

const material = materialOf(deployment);

function withMaterial(changes: Partial<TrustMaterial>): Deployment {
  return { ...deployment, material: { ...material, ...changes } };
}

function without(part: 'keys' | 'images', ...names: readonly string[]): Deployment {
  const { record } = deployment;
  const left = new Map<string, unknown>(record[part]);
  for (const name of names) left.delete(name);
  return { ...deployment, record: { ...record, [part]: left } };
}

describe('readinessOf', () => {
  it('lets every service start, peers first, once all is recorded', () => {
    const { ready, waiting } = readinessOf(deployment, { now });
    expect(ready.map(({ id }) => id)).toEqual(all);
    expect(waiting).toEqual([]);
    expect(ready.filter(({ log }) => log).map(({ log }) => log?.origin)).toEqual([
      'ct2026-1.sigstore.acme.example',
      'log2026-1.sigstore.acme.example',
    ]);
  });

  it('waits for the keys of everything before anything is recorded', () => {
    const empty = { ...deployment, record: { keys: new Map(), images: new Map() }, material: undefined };
    const { ready, waiting } = readinessOf(empty, { now });
    expect(ready).toEqual([]);
    expect(waiting.map(({ service }) => service).toSorted()).toEqual(all.toSorted());
    expect(new Set(waiting.map(({ next }) => next))).toEqual(new Set(['sigstead aws record']));
  });

  it('lets Rekor start before the ceremony, and says which ceremony the others wait for', () => {
    const { ready, waiting } = readinessOf({ ...deployment, material: undefined }, { now });
    expect(ready.map(({ id }) => id)).toEqual(['rekor-log2026-1']);
    const plan = 'sigstead ceremony ca plan ca-intent.yaml --event';
    expect(waiting.map(({ service, next }) => [service, next])).toEqual([
      ['fulcio', `${plan} issue-fulcio`],
      ['ct-ct2026-1', `${plan} issue-fulcio`],
      ['timestamp-tsa-1', `${plan} issue-timestamp-tsa-1`],
      ['timestamp-tsa-2', `${plan} issue-timestamp-tsa-2`],
    ]);
  });

  it('waits for images', () => {
    const { ready, waiting } = readinessOf(without('images', 'fulcio', 'rekor-aws'), { now });
    const region = 'eu-central-1';
    expect(waiting).toEqual([
      { service: 'fulcio', region, missing: 'the image of fulcio', next: 'sigstead images push' },
      { service: 'rekor-log2026-1', region, missing: 'the image of rekor-aws', next: 'sigstead images push' },
    ]);
    expect(ready.every((service) => service.digest === digest)).toBe(true);
  });

  it.each([
    [
      ...['fulcio-pkcs11', 'ct-log-pkcs11,fulcio-pkcs11,rekor-aws,timestamp-server-aws,timestamp-server-aws-pkcs11'],
      ...[' --base HOST/REPOSITORY@sha256:DIGEST --module /opt/hsm/lib/module.so', hsmDeployment],
    ],
    [
      ...['tesseract-aws', 'fulcio,rekor-aws,tesseract-aws,timestamp-server-aws', ''],
      async () => productionDeployment({ ctLogServer: 'upstream' }),
    ],
  ] as const)(
    'names all images to build where one is made only on request: %s',
    async (program, names, base, sample) => {
      const whole = await sample();
      const images = new Map([...whole.record.images].filter(([name]) => name !== program));
      const { waiting } = readinessOf({ ...whole, record: { ...whole.record, images } }, { now });
      expect(waiting.map(({ missing, next }) => [missing, next])).toEqual([
        [`the image of ${program}`, `sigstead images build --programs ${names}${base}, then sigstead images push`],
      ]);
    },
  );

  it('holds Fulcio back until the key of its CT log is recorded', () => {
    const { waiting } = readinessOf(without('keys', 'ct-ct2026-1'), { now });
    expect(waiting.map(({ service, missing }) => [service, missing])).toEqual([
      ['fulcio', 'the recorded key of ct-ct2026-1'],
      ['ct-ct2026-1', 'its recorded key'],
    ]);
  });

  it('holds Fulcio back, and nothing else, until the user pool is known that its tokens come from', () => {
    const [first] = deployment.config.issuers;
    if (!first) throw new Error('the sample has one');
    const withPool = (issuer: Partial<CognitoIssuer>): Deployment => {
      const cognito: CognitoIssuer = { preset: 'cognito', managed: true, redirectPort: 8123, ...issuer };
      return { ...deployment, config: { ...deployment.config, issuers: [first, cognito] } };
    };
    const { ready, waiting } = readinessOf(withPool({}), { now });
    expect(ready.map(({ id }) => id)).toEqual(all.filter((id) => id !== 'fulcio'));
    expect(waiting).toEqual([
      {
        ...{ service: 'fulcio', region: 'eu-central-1', missing: 'userPool and clientId of issuers[1]' },
        next: 'npx cdk deploy acme-Oidc, then copy its outputs UserPoolId and ClientId into issuers[1], as userPool and clientId',
      },
    ]);
    // Half of it is nothing: Fulcio checks the issuer and the audience.
    const half = readinessOf(withPool({ managed: false, userPool: 'eu-central-1_AbCdEf123' }), { now });
    expect(half.waiting.map(({ next }) => next)).toEqual([
      'copy userPool and clientId of the pool that exists into issuers[1]',
    ]);
    const known = readinessOf(withPool({ userPool: 'eu-central-1_AbCdEf123', clientId: '1h57kf5cpq17' }), { now });
    expect(known.ready.map(({ id }) => id)).toEqual(all);
    const fulcio = known.ready.find(({ id }) => id === 'fulcio');
    expect(JSON.stringify(fulcio?.spec)).toContain(
      'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf123',
    );
  });

  it('refuses a chain for another key than the recorded one', async () => {
    const [entry] = material.fulcio;
    if (!entry) throw new Error('the sample has one');
    const foreign = withMaterial({ fulcio: [{ ...entry, chain: await fulcioChain(publicKey('secp384r1')) }] });
    expect(() => readinessOf(foreign, { now })).toThrowToolkit('AWS_CHAIN_KEY', { service: 'fulcio' });
    expect(() => readinessOf(foreign, { now })).toThrow(/trust-material\.json: fulcio: its chain certifies the key/);
  });

  it('accepts the new chain beside the one of a key that has been replaced', async () => {
    const [entry] = material.fulcio;
    if (!entry) throw new Error('the sample has one');
    const retired = { ...entry, chain: await fulcioChain(publicKey('secp384r1')), signing: false };
    const { ready } = readinessOf(withMaterial({ fulcio: [retired, entry] }), { now });
    expect(ready.map(({ id }) => id)).toEqual(all);
    // Certificates of the old one are still to be logged.
    const roots = ready[0]?.spec.files[0]?.content ?? '';
    expect(roots.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  });

  it('refuses a chain that has expired', async () => {
    const timestamps = await Promise.all(
      material.timestamps.map(async (entry) => ({
        ...entry,
        chain: await tsaChain(keyOf(deployment, `timestamp-${entry.name}`).publicKey, {
          notAfter: new Date('2026-11-21T00:00:00Z'),
        }),
      })),
    );
    expect(() => readinessOf(withMaterial({ timestamps }), { now })).toThrowToolkit('AWS_CHAIN_EXPIRED', {
      service: 'timestamp-tsa-1',
    });
  });

  it('refuses a chain that the server would not start with', async () => {
    const [entry] = material.fulcio;
    if (!entry) throw new Error('the sample has one');
    // A timestamp authority's chain: it may not issue.
    const wrong = { ...entry, chain: await tsaChain(keyOf(deployment, 'fulcio').publicKey) };
    expect(() => readinessOf(withMaterial({ fulcio: [wrong] }), { now })).toThrowToolkit('AWS_CHAIN_INVALID');
  });

  it('refuses a log whose key or origin is not the one that verifiers trust', () => {
    const rekor = material.rekor.map((entry) => ({ ...entry, publicKey: publicKey('prime256v1') }));
    expect(() => readinessOf(withMaterial({ rekor }), { now })).toThrowToolkit('AWS_LOG_KEY', {
      service: 'rekor-log2026-1',
    });
    const ct = material.ct.map((entry) => ({ ...entry, origin: 'other.acme.example' }));
    expect(() => readinessOf(withMaterial({ ct }), { now })).toThrowToolkit('AWS_LOG_ORIGIN', {
      service: 'ct-ct2026-1',
    });
  });

  it.each(['file', 'pkcs11:token=sigstead;object=fulcio'] as const)('refuses a key that is not in KMS: %s', (key) => {
    const { config } = deployment;
    const elsewhere = { ...deployment, config: { ...config, fulcio: { ...config.fulcio, key } } };
    expect(() => readinessOf(elsewhere, { now })).toThrowToolkit('AWS_KEY_SOURCE', { service: 'fulcio' });
  });

  it('refuses one key for two services', () => {
    const keys = new Map(deployment.record.keys).set('timestamp-tsa-2', keyOf(deployment, 'timestamp-tsa-1'));
    const shared = { ...deployment, record: { ...deployment.record, keys } };
    expect(() => readinessOf(shared, { now })).toThrowToolkit('AWS_KEY_SHARED', { service: 'timestamp-tsa-2' });
  });

  it.each([
    ['rekor-log2026-1', 'secp384r1', 'ECC_NIST_P256'],
    ['fulcio', 'prime256v1', 'ECC_NIST_P384'],
  ] as const)('refuses a key of another kind than the server signs with: %s', (id, curve, expected) => {
    const key = { ...keyOf(deployment, id), publicKey: publicKey(curve) };
    const keys = new Map(deployment.record.keys).set(id, key);
    const wrong = { ...deployment, record: { ...deployment.record, keys }, material: undefined };
    expect(() => readinessOf(wrong, { now })).toThrowToolkit('AWS_KEY_KIND', { service: id });
    expect(() => readinessOf(wrong, { now })).toThrow(new RegExp(expected));
  });

  it('refuses a CT log that Fulcio cannot reach', async () => {
    const { config, aws } = deployment;
    const far = config.logs.ct.map((shard) => ({ ...shard, region: 'eu-west-1' }));
    const two = { ...aws, regions: ['eu-central-1', 'eu-west-1'] };
    const moved = await complete({ config: { ...config, logs: { ...config.logs, ct: far }, aws: two }, aws: two });
    expect(() => readinessOf(moved, { now })).toThrowToolkit('AWS_PEER_REGION', { service: 'fulcio' });
  });

  it('reports all problems at once, and evidence where there is any', async () => {
    const rekor = material.rekor.map((entry) => ({ ...entry, publicKey: publicKey('prime256v1') }));
    const ct = material.ct.map((entry) => ({ ...entry, origin: 'other.acme.example' }));
    expect(() => readinessOf(withMaterial({ rekor, ct }), { now })).toThrow(
      expect.objectContaining({
        code: 'AWS_LOG_ORIGIN',
        fault: 'evidence',
        message: expect.stringMatching(/ct-ct2026-1.*\n.*rekor-log2026-1/),
        data: expect.objectContaining({
          problems: [
            expect.objectContaining({ code: 'AWS_LOG_ORIGIN' }),
            expect.objectContaining({ code: 'AWS_LOG_KEY' }),
          ],
        }),
      }),
    );
  });
});
