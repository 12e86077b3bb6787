import { describe, expect, it } from '@jest/globals';
import { acceptInstance, type PastInstance, readPast } from '../../operate/accepted-instance.ts';
import { rememberConfiguration } from '../../operate/configuration.ts';
import { readRootPolicy } from '../../src/config/root-policy.ts';
import { localState } from '../support/local-state.ts';
import { minimalConfig } from '../support/minimal-config.ts';

const config = await minimalConfig();
const policy = await readRootPolicy(config.rootPolicyFile);
const wanted = { config, policy };

describe('acceptInstance', () => {
  const facts = { id: 'a', instanceName: 'local', domain: 'sigstead.test', createdAt: new Date(0), ports: {} };
  const past: PastInstance = { facts, config, policy };

  it('accepts a first instance, and the same one later', () => {
    for (const before of [undefined, past, { ...past, policy: undefined }]) {
      expect(acceptInstance(wanted, before, '/state')).toEqual(wanted);
    }
  });

  it('refuses another instance, another authority and another policy', () => {
    const refused = (change: Partial<typeof wanted>) => () => acceptInstance({ ...wanted, ...change }, past, '/state');
    const named = { ...config, instance: { ...config.instance, name: 'acme' } };
    expect(refused({ config: named })).toThrowToolkit('LOCAL_STATE_OTHER_INSTANCE', { state: '/state' });
    const operated = { ...config, fulcio: { ...config.fulcio, operator: 'ca.example.com' } };
    expect(refused({ config: operated })).toThrowToolkit('LOCAL_CONFIG_CHANGED', { file: config.file });
    const loose = { ...policy, root: { ...policy.root, threshold: 2 } };
    expect(refused({ policy: loose })).toThrowToolkit('LOCAL_CONFIG_CHANGED', { file: policy.file });
  });
});

describe('readPast', () => {
  it('refuses a state directory that has lost its configuration', async () => {
    await using local = await localState();
    const file = local.state.configurationFile;
    await expect(readPast(local.state)).rejects.toThrowToolkit('LOCAL_STATE_INVALID', { file });
    await rememberConfiguration(local.state, config);
    expect(await readPast(local.state)).toEqual({ facts: local.facts, config, policy: undefined });
  });
});
