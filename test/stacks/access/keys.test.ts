import { describe, expect, it } from '@jest/globals';
import { App } from 'aws-cdk-lib';
import { keyOutput, logicalId } from '../../../lib/access/logical-id.ts';
import { placedKeys } from '../../../lib/access/placement.ts';
import { KeysStack } from '../../../lib/stacks/keys.ts';
import { fulcioService } from '../../../src/services/fulcio.ts';
import { rekorService } from '../../../src/services/rekor.ts';
import { timestampAuthorityService } from '../../../src/services/timestamp-authority.ts';
import { keysAccount, mainAccount, policiesOf, resources, sampleDeployment, synthesise } from './support.ts';

const deployment = sampleDeployment();
const templates = synthesise(deployment);
const policies = policiesOf(templates);

describe('KeysStack', () => {
  it.each([
    ['eu-central-1', ['CtCt2026No1', 'Fulcio', 'RekorLog2026No1', 'TimestampTsaNo1', 'TufOnline']],
    ['eu-west-1', ['RekorLog2026No2', 'TimestampTsaNo2']],
  ])('holds the keys of %s, each with an output', (region, ids) => {
    const template = templates.get(`Keys-${region}`);
    const keys = resources(template, 'AWS::KMS::Key').map(([id]) => id);
    expect(keys.map((id) => id.replace(/Key[0-9A-F]{8}$/, '')).toSorted()).toEqual(ids);
    expect(Object.keys(template?.findOutputs('*') ?? {}).toSorted()).toEqual(ids.map((id) => `${id}Arn`));
  });

  // A changed logical id is a new key, and the end of a log or of a certificate authority.
  it('keeps the logical ids that it has', () => {
    expect(resources(templates.get('Keys-eu-west-1'), 'AWS::KMS::Key').map(([id]) => id)).toEqual([
      'RekorLog2026No2KeyE09EA74C',
      'TimestampTsaNo2Key3B8DF6DB',
    ]);
  });

  it.each([
    ['fulcio', 'ECC_NIST_P384'],
    ['timestamp-tsa-1', 'ECC_NIST_P384'],
    ['ct-ct2026-1', 'ECC_NIST_P256'],
    ['rekor-log2026-1', 'ECC_NIST_P256'],
    ['tuf-online', 'ECC_NIST_P256'],
  ])('makes the key of %s on %s, to sign and nothing else, kept whatever happens to the stack', (id, KeySpec) => {
    const keys = resources(templates.get('Keys-eu-central-1'), 'AWS::KMS::Key');
    const key = keys.find(([, { Properties }]) => JSON.stringify(Properties['Tags']).includes(`"${id}"`))?.[1];
    expect(key).toMatchObject({
      ...{ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' },
      Properties: { KeySpec, KeyUsage: 'SIGN_VERIFY', MultiRegion: false, PendingWindowInDays: 30 },
    });
  });

  it('takes the algorithms that the servers use', () => {
    const shard = { shard: 's', origin: 'o', key: 'awskms' as const, operator: 'o' };
    const chainPem = '';
    const ctLog = { shard: 's', origin: 'o', publicKeyPem: '' };
    const specs = [
      fulcioService({ key: 'awskms', chainPem, issuersConfig: '', issuers: 1, ctLog, backend: 'aws' }),
      rekorService(shard, { backend: 'aws' }),
      timestampAuthorityService({ ...shard, name: 's', host: 'h' }, { chainPem, backend: 'aws' }),
    ];
    const expected = new Map(specs.map(({ role, keys }) => [role, keys[0]?.algorithm]));
    const kinds = { fulcio: 'fulcio', rekor: 'rekor-log2026-1', tsa: 'timestamp-tsa-1' };
    for (const [role, id] of Object.entries(kinds)) {
      const key = placedKeys(deployment).find((each) => each.id === id);
      const algorithm = key?.signingAlgorithm === 'ECDSA_SHA_384' ? 'ecdsa-p384-sha384' : 'ecdsa-p256-sha256';
      expect([role, algorithm]).toEqual([role, expected.get(role as 'fulcio')]);
    }
  });

  it('names each key by an alias', () => {
    const aliases = resources(templates.get('Keys-eu-west-1'), 'AWS::KMS::Alias');
    const names = aliases.map(([, { Properties }]) => Properties['AliasName']);
    expect(names).toEqual(['alias/acme/rekor-log2026-2', 'alias/acme/timestamp-tsa-2']);
  });

  it('is deployed by the role that may make keys and not sign, and is not deleted by mistake', () => {
    const app = new App({ builtinCloudFormationValidation: false });
    const stack = new KeysStack(app, 'Keys', { deployment, region: 'eu-central-1' });
    const artifact = app.synth().getStackArtifact(stack.artifactId);
    expect(artifact.manifest.properties).toMatchObject({
      cloudFormationExecutionRoleArn: `arn:aws:iam::${keysAccount}:role/acme-keys-deployment`,
    });
    expect(stack.terminationProtection).toBe(true);
    expect(stack.account).toBe(keysAccount);
    expect(Object.keys(artifact.template.Parameters ?? {})).toEqual([]);
  });

  it('makes no key for a CT log that keeps its own', () => {
    const upstream = placedKeys(sampleDeployment({ ctLogServer: 'upstream' })).map(({ id }) => id);
    expect(upstream.filter((id) => id.startsWith('ct-'))).toEqual([]);
  });
});

describe('the policy of a key', () => {
  it('names no account, no pattern of actions, and nobody in more than one way', () => {
    for (const [id, { Statement }] of policies.keys) {
      expect(JSON.stringify(Statement).length).toBeLessThan(32_768);
      const allows = Statement.filter(({ Effect }) => Effect === 'Allow');
      const principals = allows.flatMap(({ Principal }) =>
        typeof Principal === 'object' && 'AWS' in Principal ? Principal.AWS : ['*'],
      );
      expect([id, new Set(principals).size]).toEqual([id, principals.length]);
      for (const principal of principals) expect(principal).toMatch(/^arn:aws:iam::\d{12}:role\/acme-[a-z0-9-]+$/);
      expect(Statement.flatMap(({ Action }) => Action).filter((action) => action.includes('*'))).toEqual([]);
    }
    expect(policies.keys.size).toBe(7);
  });

  it('lets a role that is the service, in the main account, and no other sign', () => {
    const use = policies.keys.get('fulcio')?.Statement.find(({ Sid }) => Sid === 'Use');
    expect(use?.Principal).toEqual({ AWS: [`arn:aws:iam::${mainAccount}:role/acme-fulcio-task`] });
  });
});

describe('a frozen log', () => {
  const { aws, ...rest } = sampleDeployment();
  const frozen = { ...rest, aws: { ...aws, frozen: ['log2026-1'] } };
  const after = policiesOf(synthesise(frozen));

  it('has a key that nobody signs with, and roles that may do nothing', () => {
    const Statement = after.keys.get('rekor-log2026-1')?.Statement ?? [];
    expect(Statement.map(({ Sid }) => Sid)).not.toContain('Use');
    expect(Statement).toContainEqual({
      ...{ Sid: 'NobodySigns', Effect: 'Deny', Principal: '*' },
      ...{ Action: 'kms:Sign', Resource: '*' },
    });
    for (const kind of ['task', 'execution'])
      expect(after.roles.get(`acme-rekor-log2026-1-${kind}`)?.Statement).toEqual([]);
  });

  it('changes nothing for another one', () => {
    expect(after.keys.get('rekor-log2026-2')).toEqual(policies.keys.get('rekor-log2026-2'));
    expect(after.roles.get('acme-rekor-log2026-2-task')).toEqual(policies.roles.get('acme-rekor-log2026-2-task'));
  });
});

describe('logicalId', () => {
  it.each([
    ['fulcio', 'Fulcio'],
    ['tuf-online', 'TufOnline'],
    ['rekor-log2026-1', 'RekorLog2026No1'],
    ['rekor-log20261', 'RekorLog20261'],
    ['ct-2026-1', 'CtNo2026No1'],
  ])('turns %s into %s', (id, logical) => {
    expect(logicalId(id)).toBe(logical);
    expect(keyOutput(id)).toBe(`${logical}Arn`);
  });
});
