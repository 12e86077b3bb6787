import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { configJsonSchema, parseConfig, readConfig } from '../../../src/config/config.ts';
import { parseRootPolicy, readRootPolicy, rootPolicyJsonSchema } from '../../../src/config/root-policy.ts';
import type { Json, JsonObject } from '../../../src/core/json.ts';

const root = `${import.meta.dirname}/../../..`;
const textOf = (path: string) => readFileSync(`${root}/${path}`, 'utf8');

/** All property names of a JSON Schema. */
function keysOf(schema: Json | undefined): readonly string[] {
  if (Array.isArray(schema)) return schema.flatMap(keysOf);
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties, items, oneOf } = schema as JsonObject;
  const own = Object.entries((properties ?? {}) as JsonObject).flatMap(([key, value]) => [key, ...keysOf(value)]);
  return [...own, ...keysOf(items), ...keysOf(oneOf)];
}

describe('examples/', () => {
  it('minimal.yaml is accepted: one test user, one shard of each log, two timestamp authorities, nothing odd', async () => {
    const config = await readConfig(`${root}/examples/minimal.yaml`);
    expect(config.instance.name).toBe('local');
    expect(config.issuers).toEqual([{ preset: 'local', users: [{ email: 'dev@example.com' }], clientId: 'sigstore' }]);
    expect([config.logs.rekor.length, config.logs.ct.length, config.timestamps.length]).toEqual([1, 1, 2]);
    expect(config.warnings).toEqual([]);
  });

  for (const name of ['minimal', 'production']) {
    it(`${name}.yaml points at a root policy that is accepted: 3 of 5 for root and targets`, async () => {
      const { rootPolicyFile } = await readConfig(`${root}/examples/${name}.yaml`);
      const policy = await readRootPolicy(rootPolicyFile);
      expect(policy.holders).toHaveLength(5);
      expect([policy.root.threshold, policy.targets.threshold]).toEqual([3, 3]);
      expect(policy.warnings).toEqual([]);
    });
  }

  it('production.yaml has no warnings, and every preset in its comments is accepted', () => {
    const text = textOf('examples/production.yaml');
    const enabled = text.replaceAll('  # - { preset:', '  - { preset:');
    expect(parseConfig(text, 'p').warnings).toEqual([]);
    const presets = parseConfig(enabled, 'p').issuers.map(({ preset }) => preset);
    expect(presets.toSorted()).toEqual([...presetsOf(configJsonSchema())].toSorted());
  });

  it('production.yaml explains every key', () => {
    const text = textOf('examples/production.yaml');
    const missing = keysOf(configJsonSchema()).filter((key) => !new RegExp(`\\b${key}\\b`).test(text));
    expect(missing).toEqual([]);
  });

  it('root-signing/policy.yaml has every key', () => {
    const text = textOf('examples/root-signing/policy.yaml');
    const missing = keysOf(rootPolicyJsonSchema()).filter((key) => !new RegExp(`\\b${key}:`).test(text));
    expect(missing).toEqual([]);
  });
});

function presetsOf(schema: JsonObject): readonly string[] {
  const text = JSON.stringify(schema);
  return [...text.matchAll(/"preset":\{[^}]*"const":"([a-z-]+)"/g)].map((match) => match[1] ?? '');
}

describe('configJsonSchema', () => {
  it('is what docs/sigstead.schema.json holds', () => {
    expect(JSON.parse(textOf('docs/sigstead.schema.json'))).toEqual(configJsonSchema());
  });

  it('describes every key for an editor', () => {
    expect(undescribed(configJsonSchema())).toEqual([]);
  });
});

describe('rootPolicyJsonSchema', () => {
  it('is what docs/root-policy.schema.json holds', () => {
    expect(JSON.parse(textOf('docs/root-policy.schema.json'))).toEqual(rootPolicyJsonSchema());
  });

  it('describes every key for an editor', () => {
    expect(undescribed(rootPolicyJsonSchema())).toEqual([]);
  });

  it('names what the parser accepts', () => {
    expect(parseRootPolicy(textOf('examples/root-signing/policy.yaml'), 'p').root.threshold).toBe(3);
  });
});

function undescribed(schema: Json | undefined, at = ''): readonly string[] {
  if (Array.isArray(schema)) return schema.flatMap((item) => undescribed(item, at));
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties, items, oneOf } = schema as JsonObject;
  const own = Object.entries((properties ?? {}) as JsonObject).flatMap(([key, value]) => [
    ...((value as JsonObject)['description'] === undefined ? [`${at}.${key}`] : []),
    ...undescribed(value, `${at}.${key}`),
  ]);
  return [...own, ...undescribed(items, `${at}[]`), ...undescribed(oneOf, at)];
}
