import { generateKeyPairSync } from 'node:crypto';
import type { PreflightInput } from '../../lib/preflight.ts';
import { parseConfig } from '../../src/config/config.ts';
import type { TrustMaterial } from '../../src/trust/material.ts';
import { sampleDeployment } from './access/support.ts';

export const sample: PreflightInput = { ...sampleDeployment(), caller: {} };
export const publicKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;

/** A valid configuration beside that of the sample, as far as the parser can tell. */
export function configured(lines: Readonly<Record<string, string>>): PreflightInput['config'] {
  const all = {
    instance: '{ name: acme, domain: sigstore.acme.example }',
    root: 'policy.yaml',
    issuers: '[{ preset: github-actions }]',
    logs: '{ ct: [{ shard: ct2026-1 }], rekor: [{ shard: log2026-1 }] }',
    timestamps: '[{ name: tsa-1 }]',
    ...lines,
  };
  const text = Object.entries(all).map(([key, value]) => `${key}: ${value}\n`);
  return parseConfig(text.join(''), '/deployment/sigstead.yaml');
}

export function withConfig(lines: Readonly<Record<string, string>>): PreflightInput {
  return { ...sample, config: configured(lines) };
}

export function withAws(aws: Partial<PreflightInput['aws']>, input = sample): PreflightInput {
  return { ...input, aws: { ...input.aws, ...aws } };
}

export function trusting(rekor: readonly string[], ct: readonly string[]): PreflightInput {
  const validFor = { start: new Date('2026-01-01T00:00:00Z') };
  const log = (shard: string) => ({
    ...{ shard, origin: `${shard}.acme.example`, operator: 'acme' },
    publicKey,
    validFor,
  });
  const material: TrustMaterial = {
    ...{ fulcio: [], timestamps: [], oidc: [], selection: { timestamps: 'any' } },
    ct: ct.map(log),
    rekor: rekor.map((shard) => ({ ...log(shard), url: `https://${shard}.acme.example`, signing: true })),
  };
  return { ...sample, material };
}

export function recordedAt(arn: string): PreflightInput {
  return { ...sample, record: { ...sample.record, keys: new Map([['fulcio', { arn, publicKey }]]) } };
}

/** A shard twice: the parser refuses it, and another reader of a configuration need not. */
export function shardTwice(): PreflightInput {
  const { config } = sample;
  return { ...sample, config: { ...config, logs: { ...config.logs, ct: [...config.logs.ct, ...config.logs.ct] } } };
}
