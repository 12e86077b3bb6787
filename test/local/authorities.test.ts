import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type AuthoritiesOptions, ensureAuthorities, rememberMaterial } from '../../local/authorities.ts';
import { portNames } from '../../local/endpoints.ts';
import { KeyStore } from '../../local/key-store.ts';
import { StateDirectory } from '../../local/state.ts';
import type { InstanceConfig } from '../../src/config/config.ts';
import { addMs, dayMs } from '../../src/core/clock.ts';
import { unfollowed } from '../../src/core/moment.ts';
import type { SignatureAlgorithm, Signer } from '../../src/core/signer.ts';
import { compileTrust } from '../../src/trust/compile.ts';
import { lintTrust } from '../../src/trust/lint.ts';
import { formatTrustMaterial, parseTrustMaterial } from '../../src/trust/material.ts';
import { chainPublicKey } from '../../src/x509/chain.ts';
import { minimalConfig } from '../support/minimal-config.ts';
import { memorySigner } from '../support/signers.ts';

const now = new Date('2026-11-22T10:00:00.500Z');
const config = await minimalConfig();

/** Keys that outlive an interruption, as those in files do; KeyStore has its own tests. */
class MemoryKeys extends KeyStore {
  readonly kept = new Map<string, Signer>();

  override async ensure(name: string, algorithm: SignatureAlgorithm): Promise<Signer> {
    const signer = this.kept.get(name) ?? memorySigner(algorithm, name);
    this.kept.set(name, signer);
    return signer;
  }
}

let options: AuthoritiesOptions & { readonly keys: MemoryKeys };
beforeEach(async () => {
  const state = new StateDirectory(await mkdtemp(join(tmpdir(), 'sigstead-test-')));
  const ports = Object.fromEntries(portNames(config).map((name, index) => [name, 20_000 + index]));
  const facts = { id: 'abcd', instanceName: 'local', domain: 'sigstead.test', createdAt: now, ports };
  options = { config, state, facts, keys: new MemoryKeys(state.keys), now, reached: unfollowed };
});
afterEach(async () => await rm(options.state.path, { recursive: true, force: true }));

const chains = ['fulcio.chain.pem', 'timestamp-tsa-1.chain.pem', 'timestamp-tsa-2.chain.pem'];

describe('ensureAuthorities', () => {
  it('makes every authority of the configuration, and what clients accept follows from it', async () => {
    const material = await ensureAuthorities(options);
    expect([material.fulcio, material.rekor, material.ct, material.timestamps].map((list) => list.length)).toEqual([
      1, 1, 1, 2,
    ]);
    expect(material.oidc.map(({ url }) => url)).toEqual(['http://127.0.0.1:20001']);
    expect(lintTrust(compileTrust(material, { now }), { now }).filter(({ severity }) => severity === 'error')).toEqual(
      [],
    );
    expect([...options.keys.kept.keys()].sort()).toEqual([
      'ct-ct2026-1',
      'fulcio',
      'fulcio-root',
      'rekor-log2026-1',
      'timestamp-tsa-1',
      'timestamp-tsa-1-root',
      'timestamp-tsa-2',
      'timestamp-tsa-2-root',
    ]);
  });

  it('starts on a whole second, so that the first signature is not excluded', async () => {
    const material = await ensureAuthorities(options);
    const starts = [...material.fulcio, ...material.rekor, ...material.ct, ...material.timestamps].map(
      ({ validFor }) => validFor.start,
    );
    for (const start of starts) expect(start).toEqual(new Date('2026-11-22T10:00:00Z'));
  });

  it('signs with the keys that the services get', async () => {
    const { fulcio, timestamps, rekor, ct } = await ensureAuthorities(options);
    const keyOf = (name: string) => options.keys.kept.get(name)?.publicKey;
    const published = [
      [fulcio[0] && chainPublicKey(fulcio[0].chain), keyOf('fulcio')],
      [timestamps[1] && chainPublicKey(timestamps[1].chain), keyOf('timestamp-tsa-2')],
      [rekor[0]?.publicKey, keyOf('rekor-log2026-1')],
      [ct[0]?.publicKey, keyOf('ct-ct2026-1')],
    ] as const;
    for (const [shown, held] of published) expect(held && shown?.equals(held)).toBe(true);
  });

  it('returns the same later, and issues nothing anew', async () => {
    const first = formatTrustMaterial(await ensureAuthorities(options));
    const before = await certificates();
    const later = await ensureAuthorities({ ...options, now: addMs(now, 30 * dayMs) });
    expect(formatTrustMaterial(later)).toEqual(first);
    expect(await certificates()).toEqual(before);
  });

  it.each([[[]], [chains.slice(0, 1)], [chains.slice(1, 2)], [chains.slice(0, 2)], [chains]])(
    'goes on where an interrupted start stopped: %j are there',
    async (kept) => {
      await ensureAuthorities(options);
      const complete = await certificates();
      await rm(options.state.materialFile);
      for (const name of chains) if (!kept.includes(name)) await rm(join(options.state.certificates, name));
      const material = await ensureAuthorities(options);
      const resumed = await certificates();
      for (const name of chains) expect(resumed.get(name) === complete.get(name)).toBe(kept.includes(name));
      expect(parseTrustMaterial(await readFile(options.state.materialFile), 'material').fulcio[0]?.chain.pem).toBe(
        resumed.get(chains[0] ?? ''),
      );
      expect(material.timestamps.map(({ chain }) => chain.pem)).toEqual(
        chains.slice(1).map((name) => resumed.get(name)),
      );
    },
  );

  it('tells each file that it wrote to whoever follows', async () => {
    const reached: string[] = [];
    await ensureAuthorities({
      ...options,
      reached: (moment, what = '') => void reached.push(`${moment} ${what}`.trim()),
    });
    expect(reached.toSorted()).toEqual([
      'chain-issued fulcio',
      'chain-issued timestamp-tsa-1',
      'chain-issued timestamp-tsa-2',
      'material-written',
    ]);
    expect(reached.at(-1)).toBe('material-written');
  });

  it('refuses a chain that has expired', async () => {
    await ensureAuthorities(options);
    const refused = ensureAuthorities({ ...options, now: addMs(now, 6 * 365 * dayMs) });
    await expect(refused).rejects.toThrowToolkit('X509_CHAIN_INVALID');
    await expect(refused).rejects.toThrow(/^fulcio chain: chain-valid-now: /);
  });

  it('refuses a chain of the wrong kind, before anything is published', async () => {
    await ensureAuthorities(options);
    await rm(options.state.materialFile);
    await writeFile(
      join(options.state.certificates, chains[1] ?? ''),
      (await certificates()).get(chains[0] ?? '') ?? '',
    );
    await expect(ensureAuthorities(options)).rejects.toThrowToolkit('X509_CHAIN_INVALID');
    await expect(ensureAuthorities(options)).rejects.toThrow(/^tsa-1 chain: .*tsa-leaf-time-stamping/);
    expect(await readdir(options.state.path)).not.toContain('trust-material.json');
  });

  it('follows the issuers and the selection of the configuration, and nothing else of it', async () => {
    const first = await ensureAuthorities(options);
    const issuers: InstanceConfig['issuers'] = [
      { preset: 'google', clientId: 'sigstore' },
      { preset: 'custom', type: 'email', url: 'https://login.example.com', clientId: 'sigstore' },
    ];
    const changed = { ...config, issuers, selection: { timestamps: 'all' as const } };
    const later = { ...options, config: changed, now: addMs(now, dayMs) };
    const material = await ensureAuthorities(later);
    const start = new Date('2026-11-23T10:00:00Z');
    expect(material).toEqual({
      ...material,
      selection: { timestamps: 'all' },
      oidc: [
        { url: 'https://accounts.google.com', operator: 'oidc-1.sigstead.test', validFor: { start } },
        { url: 'https://login.example.com', operator: 'oidc-2.sigstead.test', validFor: { start } },
      ],
    });
    const authorities = ({ oidc, selection, ...rest }: typeof first) =>
      formatTrustMaterial({ ...rest, oidc: [], selection: first.selection });
    expect(authorities(material)).toEqual(authorities(first));
    expect(await readFile(options.state.materialFile)).toEqual(Buffer.from(formatTrustMaterial(first)));
    await rememberMaterial(options.state, material);
    expect(await readFile(options.state.materialFile)).toEqual(Buffer.from(formatTrustMaterial(material)));
    const again = await ensureAuthorities({ ...later, now: addMs(now, 2 * dayMs) });
    expect(formatTrustMaterial(again)).toEqual(formatTrustMaterial(material));
  });
});

/** The issued chains, by file. */
async function certificates(): Promise<ReadonlyMap<string, string>> {
  const names = await readdir(options.state.certificates);
  const read = names.map(
    async (name) => [name, await readFile(join(options.state.certificates, name), 'utf8')] as const,
  );
  return new Map(await Promise.all(read));
}
