import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Template } from 'aws-cdk-lib/assertions';
import { placedKeys, placedServices } from '../../../lib/access/placement.ts';
import { executionStatements, taskStatements } from '../../../lib/access/task-policy.ts';
import { networkEdges } from '../../../lib/constructs/security-groups.ts';
import type { Deployment } from '../../../lib/deployment.ts';
import { readinessOf, readinessProblems } from '../../../lib/readiness.ts';
import { freezeCommand } from '../../../lib/render-freeze.ts';
import { publicKey } from '../../support/recorded-deployment.ts';
import { hsmDeployment, now, productionDeployment, readyService, resourcesOf, synthesise } from './support.ts';

const inHsm = ['fulcio', 'ct-ct2026-1', 'timestamp-tsa-1'];

interface Container {
  readonly Image: unknown;
  readonly Command: readonly string[];
  readonly Environment: readonly { readonly Name: string; readonly Value: unknown }[];
  readonly Secrets?: readonly { readonly Name: string; readonly ValueFrom: unknown }[];
}

let deployment: Deployment;
let templates: ReadonlyMap<string, Template>;
beforeAll(async () => {
  deployment = await hsmDeployment();
  templates = synthesise(deployment);
}, 120_000);

/** The containers of a service's task definitions: the server, and for a log what ends it. */
function containersOf(service: string): readonly Container[] {
  return resourcesOf(templates.get(service), 'AWS::ECS::TaskDefinition').map(
    ({ Properties }) => (Properties['ContainerDefinitions'] as readonly Container[])[0] as Container,
  );
}

function serviceOf(id: string) {
  const service = placedServices(deployment).find((one) => one.id === id);
  if (!service) throw new Error(`no service ${id}`);
  return service;
}

describe('a service whose key is in an HSM', () => {
  it.each([
    ['fulcio', '--kms-resource=pkcs11://token=servers;object=fulcio;type=private', 'fulcio-pkcs11'],
    [
      'timestamp-tsa-1',
      '--kms-key-resource=pkcs11://token=servers;object=tsa;type=private',
      'timestamp-server-aws-pkcs11',
    ],
    ['ct-ct2026-1', '--signer_kms_key=pkcs11://token=servers;object=ct;type=private', 'ct-log-pkcs11'],
    ['ct-ct2026-1', '--kms-key=pkcs11://token=servers;object=ct;type=private', 'ct-log-pkcs11'],
  ])('%s is started with %s, from the image %s', (service, flag, image) => {
    const container = containersOf(service).find(({ Command }) => Command.includes(flag));
    expect(JSON.stringify(container?.Image)).toContain(`/${image}@sha256:`);
    expect(container?.Environment).toContainEqual({
      Name: 'SIGSTEAD_PKCS11_MODULE',
      Value: '/opt/hsm/lib/module.so',
    });
    const pin = container?.Secrets?.find(({ Name }) => Name === 'SIGSTEAD_PKCS11_PIN');
    expect(JSON.stringify(pin?.ValueFrom)).toContain(`secret:acme/hsm/${service}/pin"`);
    expect(JSON.stringify(container)).not.toContain('awskms');
  });

  it('is compared by the gate of a log, which finds it as the server does', () => {
    const [server] = containersOf('ct-ct2026-1');
    const gate = server?.Environment.find(({ Name }) => Name === 'SIGSTEAD_GATE')?.Value;
    const parts = (gate as { 'Fn::Join': [string, readonly unknown[]] })['Fn::Join'][1];
    const { key } = JSON.parse(parts.map((part) => (typeof part === 'string' ? part : 'db.example')).join(''));
    expect(key).toBe('pkcs11://token=servers;object=ct;type=private');
    expect(server?.Command).toContain('--signer_kms_key=pkcs11://token=servers;object=ct;type=private');
  });

  it('has no key in KMS, and a task role that asks KMS for nothing', () => {
    const ids = placedKeys(deployment).map(({ id }) => id);
    for (const id of inHsm) {
      expect(ids).not.toContain(id);
      expect(JSON.stringify(taskStatements(serviceOf(id), deployment))).not.toContain('kms:');
    }
    expect(ids).toContain('timestamp-tsa-2');
  });

  it('is started by a role that reads its own PIN and no other', () => {
    for (const { id } of placedServices(deployment)) {
      const secrets = executionStatements(serviceOf(id), deployment).filter(({ Sid }) => Sid === 'HsmPin');
      const region = deployment.names.writeRegion;
      const arn = `arn:aws:secretsmanager:${region}:012345678901:secret:acme/hsm/${id}/pin-??????`;
      expect(secrets.map(({ Action, Resource }) => [Action, Resource])).toEqual(
        inHsm.includes(id) ? [['secretsmanager:GetSecretValue', arn]] : [],
      );
    }
  });

  it('alone reaches the HSM, on its ports', () => {
    const edges = networkEdges(deployment, deployment.names.writeRegion).filter(({ to }) => to === '10.64.8.0/22');
    expect(edges.map(({ from, port }) => `${from} ${port}`).toSorted()).toEqual(
      inHsm.flatMap((id) => [`${id} 2223`, `${id} 2225`]).toSorted(),
    );
  });

  it('is told of an HSM with few sessions', async () => {
    const shy = synthesise(await hsmDeployment(undefined, {}, { exclusive: true }));
    const [container] = resourcesOf(shy.get('fulcio'), 'AWS::ECS::TaskDefinition').map(({ Properties }) =>
      JSON.stringify(Properties['ContainerDefinitions']),
    );
    expect(container).toContain('{"Name":"SIGSTEAD_PKCS11_EXCLUSIVE","Value":"1"}');
  }, 60_000);

  it('is not taken for one whose key was in an HSM before', async () => {
    const inKms = await productionDeployment();
    const record = { ...inKms.record, ...(deployment.record.hsmKeys && { hsmKeys: deployment.record.hsmKeys }) };
    const ready = readyService({ ...inKms, record }, 'fulcio');
    expect([ready.key?.arn, ready.hsmKey]).toEqual([inKms.record.keys.get('fulcio')?.arn, undefined]);
  });

  it('is not taken for one whose key was in KMS before', async () => {
    const former = (await productionDeployment()).record.keys.get('ct-ct2026-1');
    if (!former) throw new Error('expected a key in KMS');
    const keys = new Map(deployment.record.keys).set('ct-ct2026-1', former);
    const ready = readyService({ ...deployment, record: { ...deployment.record, keys } }, 'ct-ct2026-1');
    const recorded = deployment.record.hsmKeys?.get('ct-ct2026-1');
    expect([ready.hsmKey?.uri, ready.key]).toEqual([recorded?.uri, undefined]);
    expect(ready.log?.publicKeyPem).toBe(recorded?.publicKey.export({ type: 'spki', format: 'pem' }));
  });

  it('can be frozen without its database, with the same key', () => {
    const [hsm, key] = [deployment.aws.hsm, deployment.record.hsmKeys?.get('ct-ct2026-1')];
    if (!hsm || !key) throw new Error('expected a key in the HSM');
    const log = { kind: 'ct', origin: 'ct.acme.example', publicKeyPem: '' } as const;
    const place = { names: deployment.names, region: 'eu-central-1', log, hsm: { ...hsm, uri: key.uri } };
    expect(freezeCommand('ct-ct2026-1', place)).toContain('--kms-key=pkcs11://token=servers;object=ct;type=private');
  });
});

describe('readinessOf refuses', () => {
  const withKey = (id: string, key: { uri?: string; publicKey?: ReturnType<typeof publicKey> }): Deployment => {
    const recorded = deployment.record.hsmKeys?.get(id);
    if (!recorded) throw new Error(`${id} is not recorded`);
    const hsmKeys = new Map(deployment.record.hsmKeys).set(id, { ...recorded, ...key });
    return { ...deployment, record: { ...deployment.record, hsmKeys } };
  };

  it('a chain that does not certify the key of the HSM', () => {
    const other = withKey('fulcio', { publicKey: publicKey('secp384r1') });
    expect(() => readinessOf(other, { now })).toThrowToolkit('AWS_CHAIN_KEY', { service: 'fulcio' });
  });

  it('a log that verifiers trust by another key', () => {
    const other = withKey('ct-ct2026-1', { publicKey: publicKey('prime256v1') });
    expect(() => readinessOf(other, { now })).toThrowToolkit('AWS_LOG_KEY', { service: 'ct-ct2026-1' });
  });

  it('a key on another curve', () => {
    const other = { ...withKey('ct-ct2026-1', { publicKey: publicKey('secp384r1') }), material: undefined };
    expect(() => readinessOf(other, { now })).toThrowToolkit('AWS_KEY_KIND', { service: 'ct-ct2026-1' });
    const [problem] = readinessProblems(other, now);
    expect(problem?.message).toMatch(/^deployment\.json: hsmKeys\.ct-ct2026-1: expected a key of kind ECC_NIST_P256/);
    expect(problem?.hint).toMatch(/^make another key in the HSM, take the entry out .* --public-key ct-ct2026-1=FILE$/);
  });

  it('another key than the configuration names', () => {
    const other = withKey('fulcio', { uri: 'pkcs11:token=servers;object=other;type=private' });
    expect(() => readinessOf(other, { now })).toThrowToolkit('AWS_KEY_SOURCE', { service: 'fulcio' });
    expect(readinessProblems(other, now)[0]?.message).toMatch(/^deployment\.json: hsmKeys\.fulcio: expected /);
  });

  it('one key for two services', () => {
    const shared = deployment.record.hsmKeys?.get('fulcio')?.publicKey;
    if (!shared) throw new Error('expected a key');
    const other = { ...withKey('timestamp-tsa-1', { publicKey: shared }), material: undefined };
    expect(() => readinessOf(other, { now })).toThrowToolkit('AWS_KEY_SHARED');
    const [problem] = readinessProblems(other, now);
    expect(problem?.message).toMatch(/^deployment\.json: hsmKeys\.timestamp-tsa-1: /);
    expect(problem?.hint).toMatch(/take the entry out .* --public-key timestamp-tsa-1=FILE$/);
  });

  it('to start a service whose key is not recorded, and says how it is', () => {
    const hsmKeys = new Map(deployment.record.hsmKeys);
    hsmKeys.delete('fulcio');
    const unrecorded = { ...deployment, record: { ...deployment.record, hsmKeys } };
    expect(readinessOf(unrecorded, { now }).waiting).toContainEqual(
      expect.objectContaining({ service: 'fulcio', next: 'sigstead aws record --public-key fulcio=FILE' }),
    );
  });
});
