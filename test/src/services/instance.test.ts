import { describe, expect, it } from '@jest/globals';
import { ctLogService, databaseCaFile } from '../../../src/services/ct-log.ts';
import { publicEdgeLimits, rekorEdge, timestampEdge } from '../../../src/services/edge.ts';
import { instanceServices } from '../../../src/services/instance.ts';
import { startGroups } from '../../../src/services/order.ts';
import { rekorService } from '../../../src/services/rekor.ts';
import type { ServiceSpec } from '../../../src/services/service.ts';
import { minimalConfig } from '../../support/minimal-config.ts';
import { flagText, localIssuerUrl, referencesOf, sampleSpecs } from '../../support/specs.ts';
import { ecKey, fulcioChain, sampleMaterial } from '../trust/sample.ts';

const config = await minimalConfig();
const material = await sampleMaterial();
const specs = { posix: await sampleSpecs('posix', material), aws: await sampleSpecs('aws', material) };
const upstream = config.logs.ct.map((shard) =>
  ctLogService(shard, { fulcioRootsPem: 'roots', backend: 'aws', server: 'upstream' }),
);
const each = [
  ...(['posix', 'aws'] as const).flatMap((backend) => specs[backend].map((spec) => [backend, spec.id, spec] as const)),
  ...upstream.map((spec) => ['aws', `${spec.id} of upstream`, spec] as const),
];

describe('instanceServices', () => {
  it('returns each service of the configuration once, the same on both backends', () => {
    const ids = ['ct-ct2026-1', 'timestamp-tsa-1', 'timestamp-tsa-2', 'rekor-log2026-1', 'fulcio'];
    expect(specs.posix.map(({ id }) => id)).toEqual(ids);
    expect(specs.aws.map(({ id }) => id)).toEqual(ids);
  });

  it('runs the binaries of the backend', () => {
    const programs = (of: readonly ServiceSpec[]) => [...new Set(of.map(({ program }) => program))];
    expect(programs(specs.posix)).toEqual(['tesseract', 'timestamp-server', 'rekor', 'fulcio']);
    expect(programs(specs.aws)).toEqual(['ct-log', 'timestamp-server-aws', 'rekor-aws', 'fulcio']);
  });

  it.each([
    ['rekor-log2026-1', rekorEdge(publicEdgeLimits)],
    ['timestamp-tsa-1', timestampEdge(publicEdgeLimits)],
  ])('tells %s to take no larger body than the edge before it', (id, edge) => {
    const [atEdge] = edge.routes.flatMap((route) => (route.kind === 'forward' ? [route.maxBodyBytes] : []));
    for (const backend of ['posix', 'aws'] as const) {
      const spec = specs[backend].find((one) => one.id === id);
      expect(flagText(spec, 'max-request-body-size')).toBe(String(atEdge));
    }
  });

  it('starts Fulcio after the CT log that it submits to, and all else at once', () => {
    for (const backend of ['posix', 'aws'] as const) {
      expect(startGroups(specs[backend]).map((group) => group.map(({ id }) => id))).toEqual([
        ['ct-ct2026-1', 'timestamp-tsa-1', 'timestamp-tsa-2', 'rekor-log2026-1'],
        ['fulcio'],
      ]);
    }
  });

  describe('a shard with witnesses', () => {
    const [shard] = config.logs.rekor;
    if (!shard) throw new Error('the sample has one');
    const policy = { file: '/w.policy', text: 'quorum a\n', witnesses: [] };
    const witnessed = { ...shard, witnesses: { file: policy.file, policy } };
    const ct = { fulcioRootsPem: 'roots' };

    it.each([
      ['Rekor on one machine', rekorService(witnessed, { backend: 'posix' }), 'witness-policy-path'],
      ['Rekor on AWS', rekorService(witnessed, { backend: 'aws' }), 'witness-policy-path'],
      ['TesseraCT on one machine', ctLogService(witnessed, { ...ct, backend: 'posix' }), 'witness_policy_file'],
      ['our CT log', ctLogService(witnessed, { ...ct, backend: 'aws' }), 'witness_policy_file'],
      [
        "TesseraCT's own server on AWS",
        ctLogService(witnessed, { ...ct, backend: 'aws', server: 'upstream' }),
        'witness_policy_file',
      ],
    ])('hands their policy to %s', (_what, spec, name) => {
      expect(spec.files).toContainEqual({ name: 'witnesses.policy', content: policy.text });
      expect(spec.flags.find((flag) => flag.name === name)?.value).toEqual([
        { kind: 'file', file: 'witnesses.policy' },
      ]);
    });

    it('is not started where nobody read their policy: it would publish what nobody cosigned', () => {
      const unread = { ...shard, witnesses: { file: '/w.policy' } };
      expect(() => rekorService(unread, { backend: 'posix' })).toThrowToolkit('SVC_WITNESSES', { file: '/w.policy' });
      expect(() => ctLogService(unread, { ...ct, backend: 'aws' })).toThrowToolkit('SVC_WITNESSES');
    });
  });

  it('has Fulcio submit to the newest shard, whose key it checks', () => {
    const [old] = config.logs.ct;
    if (!old) throw new Error('the sample has one');
    const publicKey = ecKey('prime256v1');
    const [entry] = material.ct;
    if (!entry) throw new Error('the sample has one');
    const young = { ...entry, shard: 'ct2027-1', origin: 'ct2027-1.acme.example', publicKey };
    const two = {
      ...config,
      logs: { ...config.logs, ct: [old, { ...old, shard: young.shard, origin: young.origin }] },
    };
    const services = instanceServices(two, { ...material, ct: [entry, young] }, { backend: 'posix', localIssuerUrl });
    const fulcio = services.find(({ role }) => role === 'fulcio');
    expect(fulcio?.dependsOn).toEqual(['ct-ct2027-1']);
    expect(flagText(fulcio, 'ct-log-origin')).toBe('ct2027-1.acme.example');
    expect(fulcio?.files.find(({ name }) => name === 'ct-log.pub.pem')?.content).toBe(
      publicKey.export({ type: 'spki', format: 'pem' }),
    );
  });

  it('has the CT log accept every Fulcio root that ever was, each once', async () => {
    const [current] = material.fulcio;
    if (!current) throw new Error('the sample has one');
    const retired = { ...current, chain: await fulcioChain('retired'), signing: false };
    const services = await sampleSpecs('posix', { ...material, fulcio: [retired, current, current] });
    const roots = services[0]?.files[0]?.content ?? '';
    const rootOf = (pem: string) =>
      pem
        .trim()
        .split(/(?=-----BEGIN)/)
        .at(-1);
    expect(roots).toBe(`${rootOf(retired.chain.pem)}\n${rootOf(current.chain.pem)}\n`);
    expect(services.at(-1)?.files[0]?.content).toBe(current.chain.pem);
  });

  it.each(['fulcio', 'rekor', 'ct', 'timestamps'] as const)('refuses material that lacks an entry of %s', (part) => {
    const refused = () => instanceServices(config, { ...material, [part]: [] }, { backend: 'posix', localIssuerUrl });
    expect(refused).toThrowToolkit('SVC_MATERIAL', {
      name: { fulcio: 'fulcio', rekor: 'log2026-1', ct: 'ct2026-1', timestamps: 'tsa-1' }[part],
    });
  });
});

describe.each(each)('on %s, %s', (backend, _id, spec) => {
  const references = referencesOf(spec);
  const of = <K extends (typeof references)[number]['reference']['kind']>(kind: K) =>
    references.flatMap(({ reference }) =>
      reference.kind === kind ? [reference as Extract<typeof reference, { kind: K }>] : [],
    );

  it('refers to ports, files and keys that it has', () => {
    const ports = spec.ports.map(({ name }) => name);
    expect(ports).toEqual(expect.arrayContaining([spec.health.port, ...of('port').map(({ port }) => port)]));
    // The CA certificates of the databases come with the place, where there are databases.
    const brought: readonly string[] = spec.storage === 'bucket-and-database' ? [databaseCaFile] : [];
    const named = of('file').flatMap(({ file }) => (brought.includes(file) ? [] : [file]));
    expect(spec.files.map(({ name }) => name).sort()).toEqual([...new Set(named)].sort());
    const keys = [...of('key-path'), ...of('key-arn'), ...of('key-passphrase')].map(({ key }) => key);
    expect(spec.keys.map(({ name }) => name)).toEqual(expect.arrayContaining(keys));
  });

  it('refers to ports that its peers have, and waits for these peers', () => {
    for (const { service, port } of of('peer')) {
      const peer = specs[backend].find(({ id }) => id === service);
      expect(peer?.ports.find(({ name }) => name === port)?.reach).toMatch(/^(peers|edge)$/);
      expect(spec.dependsOn).toContain(service);
    }
    expect(specs[backend].map(({ id }) => id)).toEqual(expect.arrayContaining([...spec.dependsOn]));
  });

  it('takes each key as it says', () => {
    for (const { name, delivery } of spec.keys) {
      const takes = {
        path: of('key-path').some(({ key }) => key === name),
        passphrase: of('key-passphrase').some(({ key }) => key === name),
        arn: of('key-arn').some(({ key }) => key === name),
        secret: of('storage').some(({ part }) => part === 'private-key-secret'),
      };
      const none = { path: false, passphrase: false, arn: false, secret: false };
      expect(takes).toEqual(
        {
          'encrypted-file': { ...none, path: true, passphrase: true },
          'pipe-pkcs8': { ...none, path: true },
          'pipe-sec1': { ...none, path: true },
          kms: { ...none, arn: true },
          pkcs11: none,
          tink: none,
          'secrets-manager': { ...none, secret: true },
        }[delivery],
      );
    }
  });

  it('shows no secret in its arguments', () => {
    const secrets = references.filter(({ reference }) => isSecret(reference)).map(({ where }) => where);
    const inFlags = secrets.filter((where) => where.startsWith('--'));
    // Upstream's binaries know no other way to be told a database password.
    const forced: Partial<Record<string, readonly string[]>> = {
      'tesseract-aws': ['--db_password'],
      'rekor-aws': ['--aws-mysql-dsn'],
    };
    expect(inFlags).toEqual(forced[spec.program] ?? []);
    expect(spec.files.map(({ content }) => content).join('')).not.toContain('PRIVATE KEY');
  });

  it('refers to storage that it has, and on one machine to nothing that only AWS has', () => {
    const parts = new Set(of('storage').map(({ part }) => part));
    if (spec.storage === 'none') expect([...parts]).toEqual([]);
    else expect(parts.has(spec.storage === 'directory' ? 'directory' : 'bucket')).toBe(true);
    if (backend === 'posix') {
      expect([...parts].filter((part) => part !== 'directory')).toEqual([]);
      expect(of('key-arn')).toEqual([]);
    }
  });

  it('names each port, file, flag and variable once', () => {
    for (const named of [spec.ports, spec.files, spec.keys, spec.flags, spec.environment]) {
      const names = (named as readonly { readonly name: string }[]).map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it('binds to loopback on one machine, or says why it cannot', () => {
    if (backend !== 'posix') return;
    expect(JSON.stringify(spec.flags)).not.toContain('0.0.0.0');
    expect(JSON.stringify(spec.flags)).toContain('127.0.0.1');
    const open = spec.ports.filter(({ everyInterface }) => everyInterface !== undefined);
    expect(open.map(({ name }) => name)).toEqual(spec.role === 'fulcio' ? ['metrics'] : []);
  });
});

describe('the flags', () => {
  it('give Rekor the origin as its name, and no algorithm that makes it panic', () => {
    const rekor = specs.posix.find(({ role }) => role === 'rekor');
    expect(flagText(rekor, 'hostname')).toBe('log2026-1.sigstead.test');
    expect(flagText(rekor, 'client-signing-algorithms')?.split(',')).not.toContain('ed25519');
    expect(flagText(rekor, 'persistent-antispam')).toBe('true');
  });

  it('have the CT log accept certificates for code signing, of SHA-2 alone', () => {
    const log = specs.posix.find(({ role }) => role === 'ct-log');
    expect(flagText(log, 'ext_key_usages')).toBe('CodeSigning');
    expect(flagText(log, 'accept_sha1_signing_algorithms')).toBe('false');
    expect(flagText(log, 'origin')).toBe('ct2026-1.sigstead.test');
  });
});

/** The name of a secret in Secrets Manager is none. */
function isSecret(reference: { readonly kind: string; readonly part?: string }): boolean {
  if (reference.kind === 'storage') return reference.part === 'database-password' || reference.part === 'database-dsn';
  return reference.kind === 'key-passphrase';
}
