import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { type InstanceConfig, parseConfig, readConfig } from '../../../src/config/config.ts';
import { configRules } from '../../../src/config/config-rules.ts';
import { ToolkitError } from '../../../src/core/error.ts';
import { validConfig, withLine } from './examples.ts';

const parse = (text: string) => parseConfig(text, '/srv/acme/sigstead.yaml');
const parseWith = (start: string, line: string) => parse(withLine(validConfig, start, line));
const awsWith = (more: string) => `aws: { account: "012345678901", regions: [eu-central-1], ${more} }`;

/** DESIGN §4, with values where it has dots and alternatives. */
const designed = `instance: { name: acme, domain: sigstore.acme.example }
root: root-signing/policy.yaml   # thresholds, holders, expiries live there and only there
issuers:                         # Fulcio identities; presets fill the rest
  - { preset: github-actions-enterprise, enterprise: acme }
  - { preset: entra-id, tenant: 00000000-0000-0000-0000-000000000000, clientId: sigstore }
logs:
  rekor: [{ shard: log2026-1, key: awskms, operator: log2026-1.acme.example }]
  ct:    [{ shard: ct2026-1, key: awskms }]
timestamps:                      # each service its own operator: clients use one service per operator
  - { name: tsa-1, key: awskms, operator: tsa-1.acme.example }
  - { name: tsa-2, key: awskms, operator: tsa-2.acme.example }
selection: { timestamps: any }   # "all" puts both on each bundle; sigstore-js can sign only with "any"
monitors: { identities: policy/identities.yaml, alerts: [{ sns: security }] }
aws: { account: "111122223333", keysAccount: "444455556666", regions: [eu-central-1], availability: ha, access: public }
`;

describe('parseConfig', () => {
  it('accepts the configuration of the design and fills in its defaults', () => {
    const expected: InstanceConfig = {
      file: '/srv/acme/sigstead.yaml',
      text: designed,
      instance: { name: 'acme', domain: 'sigstore.acme.example' },
      rootPolicyFile: '/srv/acme/root-signing/policy.yaml',
      issuers: [
        { preset: 'github-actions-enterprise', enterprise: 'acme' },
        { preset: 'entra-id', tenant: '00000000-0000-0000-0000-000000000000', clientId: 'sigstore' },
      ],
      fulcio: { key: 'awskms', operator: 'fulcio.sigstore.acme.example', organization: 'acme' },
      logs: {
        rekor: [
          {
            shard: 'log2026-1',
            origin: 'log2026-1.sigstore.acme.example',
            key: 'awskms',
            operator: 'log2026-1.acme.example',
            region: 'eu-central-1',
          },
        ],
        ct: [
          {
            shard: 'ct2026-1',
            origin: 'ct2026-1.sigstore.acme.example',
            key: 'awskms',
            operator: 'ct2026-1.sigstore.acme.example',
            region: 'eu-central-1',
          },
        ],
      },
      timestamps: ['tsa-1', 'tsa-2'].map((name) => ({
        name,
        host: `${name}.sigstore.acme.example`,
        key: 'awskms',
        operator: `${name}.acme.example`,
        region: 'eu-central-1',
      })),
      selection: { timestamps: 'any' },
      monitors: { identities: '/srv/acme/policy/identities.yaml', alerts: [{ sns: 'security' }] },
      aws: {
        account: '111122223333',
        keysAccount: '444455556666',
        regions: ['eu-central-1'],
        availability: 'ha',
        access: 'public',
        writers: 'anyone',
        clientNetworks: ['10.0.0.0/8'],
        network: '10.64.0.0/16',
        keyAdministrators: [],
        breakGlass: [],
        publishers: [],
        auditors: [],
        frozen: [],
        ctLogServer: 'kms',
      },
      warnings: [],
    };
    expect(parse(designed)).toEqual(expected);
  });

  it('accepts what may be left out, left out', () => {
    const config = parse(withLine(withLine(withLine(validConfig, 'fulcio:', ''), 'selection:', ''), 'aws:', ''));
    expect(config.fulcio).toEqual({ key: 'awskms', operator: 'fulcio.sigstore.acme.example', organization: 'acme' });
    expect(config.selection).toEqual({ timestamps: 'any' });
    expect([config.aws, config.monitors]).toEqual([undefined, undefined]);
    expect(parse(validConfig).aws).toMatchObject({
      keysAccount: '012345678901',
      availability: 'ha',
      access: 'private',
    });
  });

  // What comes close to a refused input (refused-inputs.txt) and is fine.
  for (const [line, replacement] of [
    ...['10.64.0.0/17', '10.64.8.0/22', '10.64.255.255/32', '10.63.0.0/16', '10.65.0.0/16'].map(
      (range) => ['aws:', awsWith(`hsm: { module: /a, network: ${range} }`)] as const,
    ),
    ['aws:', awsWith('network: 10.9.4.0/22, hsm: { module: /a, network: 10.9.8.0/22 }')],
    ['aws:', awsWith('network: 10.9.4.0/22, hsm: { module: /a, network: 10.9.3.0/24 }')],
    ['instance:', `instance: { name: ${'a'.repeat(32)}, domain: a.example }`],
    ['root:', 'root: /etc/sigstead/policy.yaml'],
    ['root:', 'root: "ünïcode and space.yaml"'],
    ['fulcio:', 'fulcio: { key: "pkcs11:token=a;object=fulcio?module-path=/usr/lib/softhsm.so" }'],
    ['fulcio:', 'fulcio: { key: "pkcs11:id=%01", operator: notsigstore.dev }'],
    ['- { name: tsa-2', '  - { name: tsa-2, key: "pkcs11:object=tsa-2" }'],
    ['- { preset: github', '  - { preset: custom, url: "http://127.0.0.1:5556/dex", type: email }'],
    ['- { preset: github', '  - { preset: custom, url: "http://localhost:5556", type: email }'],
    ['- { preset: github', '  - { preset: custom, url: "http://[::1]:5556/", type: email }'],
    ['- { preset: github', '  - { preset: custom, url: "https://idp.acme.example:8443/@tenant", type: email }'],
    ['- { preset: github', '  - { preset: custom, url: https://a.example, type: spiffe, spiffeTrustDomain: prod }'],
    [
      '- { preset: github',
      '  - { preset: custom, url: https://id.a.example, type: username, subjectDomain: a.example }',
    ],
    [
      '- { preset: github',
      '  - { preset: custom, url: https://id.a.example, type: uri, subjectDomain: https://a.example }',
    ],
    ['- { preset: github', '  - { preset: custom, url: https://a.example, type: email, skipEmailVerification: true }'],
    ['- { preset: github', '  - { preset: gitlab }\n  - { preset: gitlab, url: https://gitlab.acme.example }'],
    ['rekor:', '  rekor: [{ shard: log2026-1 }, { shard: log2027-1, origin: log.acme.example }]'],
    ['aws:', 'aws: { account: "000000000000", regions: [us-gov-east-1, us-gov-west-1] }'],
  ] as const) {
    it(`accepts ${replacement.trim()}`, () => {
      expect(parseWith(line, replacement).warnings).toEqual([]);
    });
  }

  it('accepts Windows line ends and a byte order mark', () => {
    const text = `\ufeff${validConfig.replaceAll('\n', '\r\n')}`;
    expect(parse(text)).toEqual({ ...parse(validConfig), text });
  });

  it('keeps the URL of an issuer as it is written', () => {
    expect(parse(validConfig).issuers[1]).toMatchObject({ url: 'https://idp.acme.example/', clientId: 'sigstore' });
  });

  it('warns about a lone timestamp authority', () => {
    expect(parseWith('- { name: tsa-2', '').warnings).toMatchObject([
      { rule: 'two-timestamp-authorities', line: 12, column: 3, path: 'timestamps' },
    ]);
  });

  it('warns about a selection that sigstore-js does not know', () => {
    expect(parseWith('selection:', 'selection: { timestamps: all }').warnings).toMatchObject([
      { rule: 'timestamps-any', line: 14, column: 26, path: 'selection.timestamps' },
    ]);
  });

  it('has no more warnings than these tests know', () => {
    const warnings = configRules.filter(({ severity }) => severity === 'warning').map(({ id }) => id);
    // The one of witnesses is tested beside their policy.
    expect(warnings).toEqual(['two-timestamp-authorities', 'witnesses-fail-closed', 'timestamps-any']);
  });
});

describe('parseConfig, for any input', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9]{0,9}$/);
  const names = fc.uniqueArray(name, { minLength: 4, maxLength: 12 }).filter((list) => !list.includes('fulcio'));
  const key = fc.constantFrom('awskms', 'file', undefined);

  it('accepts what it accepted, written by another YAML writer', () => {
    const config = fc.record({ domain: name, names, key, users: fc.uniqueArray(name, { minLength: 1 }) });
    fc.assert(
      fc.property(config, fc.constantFrom(0, 2, 5), ({ domain, names, key, users }, lineFolding) => {
        const raw = JSON.parse(JSON.stringify(rawConfig(domain, names, key, users)));
        const text = stringify(raw, { lineWidth: lineFolding * 40, aliasDuplicateObjects: false });
        expect(parse(text)).toEqual({ ...parse(JSON.stringify(raw)), text });
      }),
      { numRuns: 50 },
    );
  });

  it('answers damaged files with a configuration or with problems inside the file', () => {
    const damage = fc.record({ at: fc.nat(designed.length), drop: fc.nat(12), insert: fc.string({ maxLength: 4 }) });
    fc.assert(
      fc.property(damage, ({ at, drop, insert }) => {
        const text = `${designed.slice(0, at)}${insert}${designed.slice(at + drop)}`;
        for (const { line, column } of problemsOf(text)) {
          expect(line).toBeLessThanOrEqual(text.split(/\r\n|[\r\n]/).length);
          expect(column).toBeGreaterThan(0);
        }
      }),
      { numRuns: 100 },
    );
  });
});

function rawConfig(domain: string, names: readonly string[], key: string | undefined, users: readonly string[]) {
  const [rekor, ct, ...authorities] = names;
  return {
    instance: { name: domain, domain: `${domain}.example` },
    root: 'policy.yaml',
    issuers: [{ preset: 'local', users: users.map((user) => ({ email: `${user}@acme.example` })) }],
    logs: { rekor: [{ shard: rekor, key }], ct: [{ shard: ct, key }] },
    timestamps: authorities.map((authority) => ({ name: authority, key })),
  };
}

function problemsOf(text: string): readonly { line: number; column: number }[] {
  try {
    parse(text);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ToolkitError);
    expect(error).toMatchObject({ code: 'CFG_INVALID', fault: 'input' });
    return (error as ToolkitError).data['problems'] as readonly { line: number; column: number }[];
  }
}

describe('readConfig', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'config-'));
  });
  afterEach(async () => await rm(directory, { recursive: true }));

  it('accepts a file and resolves its paths', async () => {
    const file = join(directory, 'sigstead.yaml');
    await writeFile(file, validConfig);
    await expect(readConfig(file)).resolves.toMatchObject({
      file,
      rootPolicyFile: join(directory, 'root-signing/policy.yaml'),
    });
  });

  it('refuses a file that is not there, and says what to copy', async () => {
    const file = join(directory, 'sigstead.yaml');
    await expect(readConfig(file)).rejects.toThrowToolkit('CFG_MISSING', { file });
    await expect(readConfig(file)).rejects.toMatchObject({
      hint: `start from the commented example and its policy: mkdir -p ${directory} && cp -r examples/root-signing ${directory} && cp examples/minimal.yaml ${file}`,
    });
  });

  it('refuses a file of more than 1 MiB, and one that is not UTF-8', async () => {
    const file = join(directory, 'sigstead.yaml');
    await writeFile(file, Buffer.alloc((1 << 20) + 1, '#'));
    await expect(readConfig(file)).rejects.toThrowToolkit('CORE_TOO_LARGE', { path: file });
    await writeFile(file, Buffer.from([0x61, 0x3a, 0x20, 0xff]));
    await expect(readConfig(file)).rejects.toThrowToolkit('CORE_ENCODING');
  });
});
