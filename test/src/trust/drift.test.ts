import { describe, expect, it } from '@jest/globals';
import { compileTrust } from '../../../src/trust/compile.ts';
import { assertNoDrift, findDrift, type LiveIdentity } from '../../../src/trust/drift.ts';
import { keyIdOf } from '../../../src/trust/keys.ts';
import { chainOf, chainPublicKey } from '../../../src/x509/chain.ts';
import { daysAgo, ecKey, ed25519Key, edited, fulcioChain, now, sampleMaterial } from './sample.ts';

const material = await sampleMaterial();
const files = compileTrust(material, { now });
const published = files.trustedRoot;
const publishedAt = 'https://tuf.acme.example/targets/trusted_root.json';
const options = { now, publishedAt };

const live: readonly LiveIdentity[] = [
  ...material.fulcio.map(({ chain }) => ({ service: 'fulcio', name: 'fulcio', chain }) as const),
  ...material.rekor.map(({ shard, publicKey }) => ({ service: 'rekor', name: shard, publicKey }) as const),
  ...material.ct.map(({ shard, publicKey }) => ({ service: 'ct-log', name: shard, publicKey }) as const),
  ...material.timestamps.map(({ name, chain }) => ({ service: 'tsa', name, chain }) as const),
];

/** The live instance with one identity replaced. */
const withLive = (name: string, change: Partial<LiveIdentity>) =>
  live.map((identity) => (identity.name === name ? { ...identity, ...change } : identity));

describe('findDrift', () => {
  it('accepts an instance that runs what is published', () => {
    expect(findDrift(live, published, options)).toEqual([]);
  });

  it('refuses a key that is not published, and names both keys and the place', () => {
    const publicKey = ed25519Key();
    const expected = keyIdOf(material.rekor[0]?.publicKey ?? publicKey);
    expect(findDrift(withLive('log2026-1', { publicKey }), published, options)).toEqual([
      {
        rule: 'live-key-published',
        severity: 'error',
        where: 'rekor log2026-1',
        message: `uses key ${keyIdOf(publicKey)}, and ${publishedAt} has ${expected} at tlogs[0] (https://log2026-1.acme.example)`,
      },
      {
        rule: 'published-key-live',
        severity: 'warning',
        where: `${publishedAt} tlogs[0]`,
        message: `no running server uses key ${expected} (https://log2026-1.acme.example)`,
      },
    ]);
  });

  it('refuses the key of another kind of service', () => {
    const [ct] = material.ct;
    const findings = findDrift(
      withLive('log2026-1', { publicKey: ct?.publicKey ?? ecKey('prime256v1') }),
      published,
      options,
    );
    expect(findings).toContainEqual(expect.objectContaining({ rule: 'live-key-published', where: 'rekor log2026-1' }));
  });

  it('refuses a server of a kind that is not published at all', () => {
    const { trustedRoot } = edited(files, ['root.timestampAuthorities', []]);
    expect(findDrift(live, trustedRoot, options)[0]?.message).toContain(`and ${publishedAt} has no entry of this kind`);
  });

  it('refuses another chain of a published key', () => {
    const [fulcio] = material.fulcio;
    const [intermediate] = fulcio?.chain.der ?? [];
    const chain = chainOf(...(intermediate ? [intermediate] : []));
    expect(findDrift(withLive('fulcio', { chain }), published, options)).toEqual([
      expect.objectContaining({
        rule: 'live-chain-published',
        severity: 'error',
        where: 'fulcio fulcio',
        message: `serves another chain for key ${keyIdOf(chainPublicKey(chain))} than certificateAuthorities[0] of ${publishedAt}`,
      }),
    ]);
  });

  it('refuses a chain with a new key', async () => {
    const findings = findDrift(withLive('fulcio', { chain: await fulcioChain() }), published, options);
    expect(findings.map(({ rule }) => rule)).toEqual(['live-key-published', 'published-key-live']);
  });

  it('refuses another origin of a published key', () => {
    expect(findDrift(withLive('log2026-1', { origin: 'log2026-1.acme.example' }), published, options)).toEqual([]);
    expect(findDrift(withLive('log2026-1', { origin: 'rekor.acme.example' }), published, options)).toEqual([
      {
        rule: 'live-origin-published',
        severity: 'error',
        where: 'rekor log2026-1',
        message: `signs checkpoints as rekor.acme.example, and tlogs[0] of ${publishedAt} is https://log2026-1.acme.example`,
      },
    ]);
  });

  it('refuses an identity without key and chain: a server that did not answer is not in order', () => {
    const findings = findDrift([{ service: 'tsa', name: 'tsa-1' }], published, options);
    expect(findings[0]).toMatchObject({ rule: 'live-key-published', severity: 'error', where: 'tsa tsa-1' });
  });

  it.each([
    ['has ended', '2026-11-22T09:59:59Z', ['live-key-valid']],
    ['ends now', '2026-11-22T10:00:00Z', []],
  ])('judges a published key whose period %s', (_, end, rules) => {
    const { trustedRoot } = edited(files, ['root.ctlogs.0.publicKey.validFor.end', end]);
    expect(findDrift(live, trustedRoot, options).map(({ rule }) => rule)).toEqual(rules);
  });

  it('refuses a key before its published start', () => {
    const [finding] = findDrift(live, published, { ...options, now: daysAgo(6.5) });
    expect(finding).toMatchObject({
      rule: 'live-key-valid',
      where: 'tsa tsa-1',
      message: expect.stringContaining('trusts from 2026-11-16T10:00:00Z, and it is 2026-11-15T22:00:00Z'),
    });
  });

  it('warns about a published entry that nobody answers for, unless it has ended', () => {
    const without = live.filter(({ name }) => name !== 'tsa-1');
    expect(findDrift(without, published, options)).toEqual([
      expect.objectContaining({
        rule: 'published-key-live',
        severity: 'warning',
        where: `${publishedAt} timestampAuthorities[0]`,
      }),
    ]);
    const { trustedRoot } = edited(files, ['root.timestampAuthorities.0.validFor.end', '2026-11-20T00:00:00Z']);
    expect(findDrift(without, trustedRoot, options)).toEqual([]);
  });
});

describe('assertNoDrift', () => {
  it('accepts warnings', () => {
    expect(() => assertNoDrift(live.slice(1), published, options)).not.toThrow();
  });

  it('refuses drift as evidence', () => {
    const drifted = withLive('ct2026-1', { publicKey: ecKey('prime256v1') });
    expect(() => assertNoDrift(drifted, published, options)).toThrowToolkit('TRUST_DRIFT', { publishedAt });
    expect(() => assertNoDrift(drifted, published, options)).toThrow(/^ct-log ct2026-1: uses key [0-9a-f]{64}, and /);
    expect(() => assertNoDrift(drifted, published, options)).toThrow(expect.objectContaining({ fault: 'evidence' }));
  });
});
