import { describe, expect, it } from '@jest/globals';
import { readinessOf } from '../../../lib/readiness.ts';
import { renderContainer } from '../../../lib/render.ts';
import { parseChain } from '../../../src/x509/chain.ts';
import { now, productionDeployment, readyService, resourceOf, synthesise } from './support.ts';

const gated = await productionDeployment({ writers: 'certificate' });
const open = await productionDeployment();
const id = 'rekor-log2026-1';

function rendered(deployment = gated) {
  const { spec, region, key, log } = readyService(deployment, id);
  if (!key || !log) throw new Error('a log has a key');
  return renderContainer(spec, {
    ...{ names: deployment.names, region, key, log },
    database: { host: 'db.example', caPem: 'CA\n' },
  });
}

function issuersOf({ environment }: { readonly environment: Readonly<Record<string, string>> } = { environment: {} }) {
  const files = JSON.parse(environment['SIGSTEAD_FILES'] ?? '{}') as Record<string, string>;
  return parseChain(files['writer-issuers.pem'] ?? '', 'issuers').der;
}

describe('a Rekor whose writers hold a certificate', () => {
  it('answers nobody but the gate in its task', () => {
    const { command, ports, health } = rendered();
    expect(command).toEqual(
      expect.arrayContaining(['--http-address=127.0.0.1', '--http-port=3002', '--grpc-address=127.0.0.1']),
    );
    expect(ports.map(({ name }) => name)).toEqual(['behind', 'grpc', 'metrics']);
    expect(health?.command.at(-1)).toBe('http://127.0.0.1:3002/healthz');
  });

  it('has a gate, with the limit of the edge and no secret', () => {
    const { writeGate: gate } = rendered();
    expect(gate).toMatchObject({
      entryPoint: ['/entry'],
      command: [
        '/bin/write-gate',
        ...['--listen=0.0.0.0:3000', '--rekor=127.0.0.1:3002'],
        // biome-ignore lint/suspicious/noTemplateCurlyInString: entry expands it
        ...['--issuers=${file:writer-issuers.pem}', '--max-body=65536'],
      ],
      secrets: {},
      ports: [{ name: 'http', port: 3000 }],
      health: { command: ['CMD', '/entry', 'health', 'http://127.0.0.1:3000/healthz'] },
    });
    expect(Object.keys(gate?.environment ?? {})).toEqual(['SIGSTEAD_FILES']);
  });

  it('trusts what Fulcio issues under, now and before, and not the roots', () => {
    const [current] = gated.material?.fulcio ?? [];
    if (!gated.material || !current) throw new Error('the instance has a Fulcio');
    expect(issuersOf(rendered().writeGate)).toEqual([current.chain.der[0]]);
    const before = open.material?.fulcio[0];
    if (!before) throw new Error('the other instance has a Fulcio');
    const periods = { retired: new Date('2027-01-01T00:00:00Z'), revoked: new Date('2026-11-22T09:00:00Z') };
    const withOld = (end: Date) =>
      rendered({
        ...gated,
        material: {
          ...gated.material,
          fulcio: [{ ...before, signing: false, validFor: { ...before.validFor, end } }, current],
        } as NonNullable<typeof gated.material>,
      });
    expect(issuersOf(withOld(periods.retired).writeGate)).toEqual([before.chain.der[0], current.chain.der[0]]);
    expect(issuersOf(withOld(periods.revoked).writeGate)).toEqual([current.chain.der[0]]);
  });

  it('waits for the certificate of Fulcio', () => {
    const { material } = gated;
    if (!material) throw new Error('the instance is complete');
    const without = { ...gated, material: { ...material, fulcio: [] } };
    const waiting = readinessOf(without, { now }).waiting.find(({ service }) => service === id);
    expect(waiting?.missing).toBe('the Fulcio chain whose holders may write');
    expect(readinessOf({ ...without, aws: open.aws }, { now }).ready.map((ready) => ready.id)).toContain(id);
  });

  it('has a task of two containers, and the load balancer goes to the gate', () => {
    const template = synthesise(gated).get(id);
    const [task] = Object.values(template?.findResources('AWS::ECS::TaskDefinition') ?? {}).filter(
      ({ Properties }) => Properties.Family === `acme-${id}`,
    );
    const [server, gate] = task?.['Properties'].ContainerDefinitions ?? [];
    expect(gate).toMatchObject({
      ...{ Name: 'gate', Essential: true, ReadonlyRootFilesystem: true, User: '65532:65532', Image: server.Image },
      LinuxParameters: { Capabilities: { Drop: ['ALL'] } },
      DependsOn: [{ ContainerName: 'server', Condition: 'START' }],
      StopTimeout: 75,
    });
    expect(gate).not.toHaveProperty('Secrets');
    expect(resourceOf(template, 'AWS::ECS::Service').Properties['LoadBalancers']).toEqual([
      expect.objectContaining({ ContainerName: 'gate', ContainerPort: 3000 }),
    ]);
  });
});

describe('a Rekor that anyone may write to', () => {
  it('has no gate', () => {
    const { command, writeGate } = rendered(open);
    expect(writeGate).toBeUndefined();
    expect(command).toContain('--http-address=0.0.0.0');
  });
});
