import { describe, expect, it } from '@jest/globals';
import { assemble, payloadStatus } from '../../ceremony/assemble.ts';
import { type FrozenPlan, freeze } from '../../ceremony/freeze.ts';
import { lintPlan } from '../../ceremony/lint.ts';
import { planGenesis, planRenewal } from '../../ceremony/plan.ts';
import { type PayloadSignature, signPlan } from '../../ceremony/sign.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import type { Signer } from '../../src/core/signer.ts';
import { canonicalize } from '../../src/tuf/canonical-json.ts';
import { readRepository } from '../../src/tuf/repository.ts';
import {
  freshSigner,
  holderIds,
  holders,
  now,
  online,
  publishedRepository,
  readerOf,
  rootPolicy,
  seededSigner,
  targets,
} from '../support/root-of-trust.ts';

const policy = rootPolicy();
const publicKeys = new Map(holderIds.map((id) => [id as string, seededSigner(id).publicKey]));
const genesisPlan = () => planGenesis({ policy, holders: publicKeys, online: online.publicKey, targets, now });
const signersOf = (...ids: readonly string[]): readonly Signer[] => [...holders(...ids).values()];
const plan = freeze(genesisPlan());

describe('freeze', () => {
  it('fixes the digest of each payload, and one of them all', () => {
    expect(plan.payloads.map(({ role, version }) => `${role} v${version}`)).toEqual(['root v1', 'targets v1']);
    for (const { signed, digest } of plan.payloads) expect(digest).toBe(sha256Hex(canonicalize(signed)));
    expect(freeze(genesisPlan()).digest).toBe(plan.digest);
    const later = freeze(
      planGenesis({
        ...genesisPlan(),
        holders: publicKeys,
        online: online.publicKey,
        targets,
        now: new Date(now.getTime() + 1_000),
      }),
    );
    expect(later.digest).not.toBe(plan.digest);
  });

  it('refuses a plan that does not lint, with every finding', () => {
    const broken = { ...genesisPlan(), policy: rootPolicy({ root: { ...policy.root, threshold: 2, expiryDays: 10 } }) };
    expect(lintPlan(broken)).toHaveLength(2);
    expect(() => freeze(broken)).toThrowToolkit('CER_PLAN_REFUSED', {
      findings: [
        expect.objectContaining({ rule: 'expiry-within-policy' }),
        expect.objectContaining({ rule: 'holders-complete' }),
      ],
    });
  });

  it('keeps a copy: who edits the plan afterwards changes nothing', async () => {
    const draft = genesisPlan();
    const frozen = freeze(draft);
    Reflect.set(draft.payloads[0]?.signed ?? {}, 'version', 9);
    const { metadata } = assemble(frozen, await signPlan(frozen, signersOf('alice', 'bob', 'carol')));
    expect(metadata.root?.version).toBe(1);
  });
});

describe('signPlan', () => {
  it('signs every payload that lists the key, detached', async () => {
    const signatures = await signPlan(plan, signersOf('alice'));
    expect(signatures.map(({ role, digest }) => [role, digest])).toEqual(
      plan.payloads.map(({ role, digest }) => [role, digest]),
    );
  });

  it('refuses to sign what changed after it was frozen', async () => {
    const frozen = freeze(genesisPlan());
    Reflect.set(frozen.payloads[0]?.signed ?? {}, 'x-slipped-in', true);
    await expect(signPlan(frozen, signersOf('alice'))).rejects.toThrowToolkit('CER_DIGEST_CHANGED', { role: 'root' });
  });

  it('refuses a signer that the root does not list', async () => {
    const stranger = { signer: 'memory:mallory' };
    await expect(signPlan(plan, signersOf('mallory'))).rejects.toThrowToolkit('CER_SIGNER_UNKNOWN', stranger);
  });

  it('lets a holder of another role of the root stand by', async () => {
    const pair = { ...policy.targets, threshold: 2, holders: ['alice', 'bob'] };
    const some = rootPolicy({ targets: pair, ceremony: { ...policy.ceremony, tolerance: 0 } });
    const { store, pinnedRoot } = await publishedRepository({ policy: some });
    const current = await readRepository({ read: readerOf(store), pinnedRoot });
    const renewal = freeze(planRenewal({ policy: some, now, current, roles: ['targets'], targetsVersion: 2 }));
    expect(await signPlan(renewal, signersOf('alice', 'bob', 'carol'))).toHaveLength(2);
  });

  it('refuses a token that returns a signature which does not verify', async () => {
    const alice = seededSigner('alice');
    const faulty = { ...alice, sign: async () => seededSigner('bob').sign(new Uint8Array()) };
    await expect(signPlan(plan, [faulty])).rejects.toThrowToolkit('CER_SIGNATURE_INVALID', { signer: 'memory:alice' });
  });
});

describe('assemble', () => {
  const sign = (...ids: readonly string[]): Promise<readonly PayloadSignature[]> => signPlan(plan, signersOf(...ids));

  it('puts exactly the signatures given into the files, and the five keys', async () => {
    const { metadata } = assemble(plan, await sign('dave', 'alice', 'carol'));
    expect(metadata.root?.signatures).toHaveLength(3);
    expect(metadata.root?.keys.size).toBe(6);
    expect(metadata.targets?.signatures).toHaveLength(3);
  });

  it('gives the same bytes whatever the order of the signatures', async () => {
    const signatures = await sign('alice', 'bob', 'carol');
    const [a, b] = [signatures, [...signatures].reverse()].map((order) => assemble(plan, order).metadata.root?.bytes);
    expect(a).toEqual(b);
  });

  it('refuses one signature less than the threshold, in any payload', async () => {
    await expect(sign('alice', 'bob').then((some) => assemble(plan, some))).rejects.toThrowToolkit(
      'CER_THRESHOLD_NOT_MET',
      { role: 'root', have: 2, need: 3 },
    );
    const signatures = await sign('alice', 'bob', 'carol');
    const partial = signatures.filter(({ role }, index) => role === 'root' || index % 2 === 0);
    expect(() => assemble(plan, partial)).toThrowToolkit('CER_THRESHOLD_NOT_MET', { role: 'targets' });
    expect(() => assemble(plan, [])).toThrowToolkit('CER_THRESHOLD_NOT_MET', { have: 0 });
  });

  it('refuses a holder who signs twice', async () => {
    const signatures = [...(await sign('alice', 'bob')), ...(await sign('alice'))];
    expect(() => assemble(plan, signatures)).toThrowToolkit('CER_SIGNATURE_REPEATED');
  });

  it('refuses a signature for another plan, or another payload', async () => {
    const signatures = await sign('alice', 'bob', 'carol');
    const edit = (change: Partial<PayloadSignature>) =>
      signatures.map((s, index) => (index === 0 ? { ...s, ...change } : s));
    for (const change of [
      { digest: '0'.repeat(64) },
      { version: 2 },
      { role: 'snapshot' as const },
      { keyid: 'f'.repeat(64) },
    ]) {
      expect(() => assemble(plan, edit(change))).toThrowToolkit('CER_SIGNATURE_FOREIGN');
    }
  });

  it('refuses one flipped bit, even where enough others signed', async () => {
    const signatures = await sign('alice', 'bob', 'carol', 'dave', 'erin');
    const flipped = signatures.map((s, index) =>
      index === 0 ? { ...s, sig: s.sig.replace(/.$/, (c) => (c === '0' ? '1' : '0')) } : s,
    );
    expect(() => assemble(plan, flipped)).toThrowToolkit('CER_SIGNATURE_INVALID', { role: 'root' });
  });

  it('wants a new root signed by the old quorum and the new', async () => {
    const { store, pinnedRoot } = await publishedRepository();
    const current = await readRepository({ read: readerOf(store), pinnedRoot });
    const renewal: FrozenPlan = freeze(planRenewal({ policy, now, current, roles: ['root'], targetsVersion: 2 }));
    const [payload] = renewal.payloads;
    const status = payload ? payloadStatus(payload, await signPlan(renewal, signersOf('alice', 'bob'))) : [];
    expect(status.map(({ quorum, have, need }) => `${quorum}: ${have}/${need}`)).toEqual([
      'root of root v1: 2/3',
      'root of root v2: 2/3',
    ]);
  });

  it('accepts Ed25519 holders', async () => {
    const signers = holderIds.map((id) => [id as string, { ...freshSigner('ed25519'), uri: `memory:${id}` }] as const);
    const { store } = await publishedRepository({ holders: new Map(signers) });
    expect(store.files.has('timestamp.json')).toBe(true);
  });
});
