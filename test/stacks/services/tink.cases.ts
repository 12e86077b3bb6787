import { beforeAll, describe, expect, it } from '@jest/globals';
import { placedKeys, placedServices } from '../../../lib/access/placement.ts';
import { taskStatements } from '../../../lib/access/task-policy.ts';
import type { Deployment } from '../../../lib/deployment.ts';
import { readinessOf, readinessProblems } from '../../../lib/readiness.ts';
import { gateOf } from '../../../lib/render.ts';
import { freezeCommand } from '../../../lib/render-freeze.ts';
import { publicKey, wrappedKeyset } from '../../support/recorded-deployment.ts';
import { complete, now, productionDeployment, readyService, resourcesOf, synthesise } from './support.ts';

// biome-ignore lint/suspicious/noTemplateCurlyInString: entry expands it
const keysetPath = '${file:tink-keyset.json}';
const kek = 'arn:aws:kms:eu-central-1:210987654321:key/0a1b2c3d-0000-4000-8000-000000000000';
const id = 'rekor-log2026-1';

interface Container {
  readonly Command: readonly string[];
  readonly Environment: readonly { readonly Name: string; readonly Value: unknown }[];
}

async function tinkDeployment(): Promise<Deployment> {
  const { config, aws } = await productionDeployment();
  const rekor = config.logs.rekor.map((shard) => ({ ...shard, key: `tink:${kek}` as const }));
  return await complete({ config: { ...config, logs: { ...config.logs, rekor } }, aws });
}

let deployment: Deployment;
let containers: readonly Container[];
beforeAll(async () => {
  deployment = await tinkDeployment();
  const template = [...synthesise(deployment)].find(([stack]) => stack === id)?.[1];
  containers = resourcesOf(template, 'AWS::ECS::TaskDefinition').map(
    ({ Properties }) => (Properties['ContainerDefinitions'] as readonly Container[])[0] as Container,
  );
}, 120_000);

describe('a Rekor shard whose key is in a keyset', () => {
  it.each([
    ['/bin/rekor-aws', `--signer-tink-kek-uri=aws-kms://${kek}`, `--signer-tink-keyset-path=${keysetPath}`],
    ['/bin/freeze-log', `--tink-kek=aws-kms://${kek}`, `--tink-keyset=${keysetPath}`],
  ])('%s is told %s, and finds the keyset as a file', (program, ...flags) => {
    const container = containers.find(({ Command }) => Command[0] === program);
    expect(container?.Command).toEqual(expect.arrayContaining(flags));
    expect(JSON.stringify(container?.Command)).not.toContain('awskms');
    const files = container?.Environment.find(({ Name }) => Name === 'SIGSTEAD_FILES')?.Value;
    expect(JSON.stringify(files)).toContain('tink-keyset.json');
    expect(JSON.stringify(files)).toContain('AQICAHg=');
  });

  it('can be frozen without its database, with the same keyset', () => {
    const tink = deployment.record.tinkKeys?.get(id);
    if (!tink) throw new Error('expected a keyset');
    const log = { kind: 'rekor', origin: 'log.acme.example', publicKeyPem: '' } as const;
    const command = freezeCommand(id, { names: deployment.names, region: 'eu-central-1', log, tink });
    expect(command).toEqual(expect.arrayContaining([`--tink-kek=aws-kms://${kek}`, `--tink-keyset=${keysetPath}`]));
  });

  it('has no signing key in KMS, and the one task role that unwraps its keyset', () => {
    expect(placedKeys(deployment).map((key) => key.id)).not.toContain(id);
    const unwraps = { Sid: 'Unwrap', Effect: 'Allow', Action: 'kms:Decrypt', Resource: kek };
    for (const service of placedServices(deployment)) {
      const statements = taskStatements(service, deployment).filter(({ Action }) => String(Action).includes('Decrypt'));
      expect(statements).toEqual(service.id === id ? [unwraps] : []);
    }
    const own = placedServices(deployment).find((service) => service.id === id);
    expect(own && JSON.stringify(taskStatements(own, deployment))).not.toContain('kms:Sign');
    expect(own && taskStatements({ ...own, frozen: true }, deployment)).toEqual([]);
  });

  it('has a start gate that knows its public key, and no key to compare it with', () => {
    const service = readyService(deployment, id);
    const tink = deployment.record.tinkKeys?.get(id);
    if (!tink || !service.log) throw new Error('expected a log with a keyset');
    const database = { host: 'database.acme.example', caPem: '' };
    const gate = gateOf(service.spec, {
      names: deployment.names,
      region: service.region,
      log: service.log,
      tink,
      database,
    });
    expect(gate.publicKeyPem).toContain('PUBLIC KEY');
    expect(gate).not.toHaveProperty('key');
  });

  it('waits until keyset and public key are recorded', () => {
    const { tinkKeys: _, ...record } = deployment.record;
    const { material: __, ...rest } = deployment;
    expect(readinessOf({ ...rest, material: undefined, record }, { now }).waiting).toContainEqual(
      expect.objectContaining({
        service: id,
        next: `sigstead aws record --public-key ${id}=FILE --keyset ${id}=FILE`,
      }),
    );
  });

  it.each([
    ['another KMS key than the configuration names', { uri: `tink:${kek.replace('0a1b', 'ffff')}` }, 'AWS_KEY_SOURCE'],
    ['another key than verifiers trust', { publicKey: publicKey('prime256v1') }, 'AWS_LOG_KEY'],
  ])('is not deployed with %s', (_, change, code) => {
    const other = { uri: `tink:${kek}`, publicKey: publicKey('prime256v1'), keyset: wrappedKeyset };
    const recorded = { ...(deployment.record.tinkKeys?.get(id) ?? other), ...change };
    const record = { ...deployment.record, tinkKeys: new Map([[id, recorded]]) };
    expect(() => readinessOf({ ...deployment, record }, { now })).toThrowToolkit(code, { service: id });
  });

  it('is not deployed with a key on another curve, and a hint says how it gets one', () => {
    const recorded = { uri: `tink:${kek}`, publicKey: publicKey('secp384r1'), keyset: wrappedKeyset };
    const record = { ...deployment.record, tinkKeys: new Map([[id, recorded]]) };
    const [problem] = readinessProblems({ ...deployment, material: undefined, record }, now);
    expect(problem?.code).toBe('AWS_KEY_KIND');
    expect(problem?.message).toMatch(/^deployment\.json: tinkKeys\.rekor-log2026-1: /);
    expect(problem?.hint).toMatch(/another keyset, take the entry out .* --public-key (\S+)=FILE --keyset \1=FILE$/);
  });

  it('has the key of its keyset, where one in KMS is still recorded', async () => {
    const { keys } = (await productionDeployment()).record;
    const record = { ...deployment.record, keys };
    expect(readyService({ ...deployment, material: undefined, record }, id).key).toBeUndefined();
  });

  it('is not deployed with a key in KMS that was recorded for it', async () => {
    const { record } = await productionDeployment();
    expect(() => readinessOf({ ...deployment, record }, { now })).toThrowToolkit('AWS_KEY_SOURCE', { service: id });
  });
});
