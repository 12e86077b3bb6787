import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { deploymentFilesAt, synthesisFilesAt } from '../../../operate/aws/settings.ts';
import { ToolkitError } from '../../../src/core/error.ts';
import { emptyRecord, formatDeploymentRecord } from '../../../src/services/deployment.ts';
import { projectDirectory } from '../../support/instance.ts';
import { configOf, instanceFiles } from './deployed.ts';

async function refusal(read: Promise<unknown>): Promise<ToolkitError> {
  const error = await read.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ToolkitError) return error;
  throw new Error(`expected a refusal, got ${String(error)}`);
}

const witnessed = '{ shard: log2026-1, witnesses: w.policy }, { shard: log2026-2, witnesses: v.policy }';

describe('deploymentFilesAt', () => {
  it('reads what there is', async () => {
    await using files = await instanceFiles();
    expect(await deploymentFilesAt(files.at('sigstead.yaml'))).toMatchObject({
      ...{ recordFile: files.at('deployment.json'), materialFile: files.at('trust-material.json') },
      ...{ record: emptyRecord, material: undefined },
    });
  });

  it('tells what is wrong in each of three files at once, with the fix of each', async () => {
    await using files = await instanceFiles({ timestamps: '{ name: tsa-1, key: fil }' });
    await files.write(
      'deployment.json',
      '{ "format": "sigstead deployment v1", "keys": {}, "images": { "fulcio": "x" } }',
    );
    await files.write('trust-material.json', '{ "fulcio": 1 }');
    const { code, fault, message, hint, data } = await refusal(deploymentFilesAt(files.at('sigstead.yaml')));
    expect([code, fault]).toEqual(['CFG_INVALID', 'input']);
    expect(message).toContain(`${files.at('sigstead.yaml')}:5:`);
    expect(message).toContain('timestamps[0].key: expected awskms');
    expect(message).toContain(`${files.at('deployment.json')}: images.fulcio: expected sha256:`);
    expect(message).toContain(`${files.at('trust-material.json')}: fulcio: expected a list`);
    expect(hint).toContain(`sigstead writes ${files.at('deployment.json')}: run \`sigstead aws record\``);
    expect(hint).toContain(`sigstead writes ${files.at('trust-material.json')}; restore`);
    const told = data['errors'] as readonly ToolkitError[];
    expect(told.map((each) => each.code)).toEqual(['CFG_INVALID', 'SVC_DEPLOYMENT', 'TRUST_MATERIAL']);
  });

  it('tells what is wrong in every witness policy, also of a configuration that is wrong itself', async () => {
    await using files = await instanceFiles({ rekor: witnessed });
    await files.write('w.policy', 'quorum none\n');
    await files.write('deployment.json', '[]');
    const valid = await refusal(deploymentFilesAt(files.at('sigstead.yaml')));
    expect(valid.code).toBe('CFG_WITNESSES_INVALID');
    for (const name of [
      'w.policy:1:8: ',
      'v.policy: no such witness policy',
      'deployment.json: expected a JSON object',
    ])
      expect(valid.message).toContain(files.at(name));
    await files.write('sigstead.yaml', configOf({ rekor: witnessed, issuers: '{ preset: githup }' }));
    const invalid = await refusal(deploymentFilesAt(files.at('sigstead.yaml')));
    expect(invalid.code).toBe('CFG_INVALID');
    for (const name of ['sigstead.yaml:3:', 'w.policy:1:8: ', 'v.policy: no such', 'deployment.json: expected'])
      expect(invalid.message).toContain(files.at(name));
    expect(invalid.hint).toContain(`${files.at('w.policy')}: `);
  });

  it('refuses a configuration that is not for AWS together with its records', async () => {
    await using files = await instanceFiles({ aws: '' });
    await files.write('trust-material.json', '{}');
    const { code, message } = await refusal(deploymentFilesAt(files.at('sigstead.yaml')));
    expect(code).toBe('OPS_NOT_ON_AWS');
    expect(message).toMatch(/expected a section aws, got none\n.*trust-material\.json: fulcio: expected a list/);
  });

  it('says of one broken file what it says by itself', async () => {
    await using files = await instanceFiles();
    const record = new TextDecoder().decode(formatDeploymentRecord(emptyRecord));
    await files.write('deployment.json', record.replace('"images"', '"image"'));
    const error = await refusal(deploymentFilesAt(files.at('sigstead.yaml')));
    expect(error.code).toBe('SVC_DEPLOYMENT');
    expect(error.data).not.toHaveProperty('errors');
  });
});

describe('synthesisFilesAt', () => {
  it('tells what is wrong with the root policy, too', async () => {
    await using files = await instanceFiles({ issuers: '{ preset: githup }' });
    await files.write('deployment.json', '{');
    const missing = await refusal(synthesisFilesAt(files.at('sigstead.yaml')));
    for (const text of [
      'sigstead.yaml:3:',
      'deployment.json: expected a JSON document',
      'policy.yaml: no such root policy',
    ])
      expect(missing.message).toContain(files.at(text));
    expect(missing.hint).toContain(`${files.at('deployment.json')}: it is cut off`);
    await files.write('sigstead.yaml', configOf());
    await files.write('deployment.json', formatDeploymentRecord(emptyRecord));
    await files.write('policy.yaml', 'holders: 1');
    expect((await refusal(synthesisFilesAt(files.at('sigstead.yaml')))).code).toBe('CFG_POLICY_INVALID');
  });

  it('leaves it to the reader of the configuration to say that there is none', async () => {
    await using files = await instanceFiles();
    expect((await refusal(synthesisFilesAt(files.at('other.yaml')))).code).toBe('CFG_MISSING');
  });

  it('reads the example', async () => {
    const { config } = await synthesisFilesAt(join(projectDirectory, 'examples', 'production.yaml'));
    expect(config.instance.name).toBe('acme');
  });
});
