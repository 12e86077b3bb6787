import { cp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { openEvent } from '../../../ceremony/event/event.ts';
import { addSignature, type SignatureDocument } from '../../../ceremony/event/signature-file.ts';
import { pinOf } from '../../../ceremony/pinned-root.ts';
import { reviewPacket } from '../../../ceremony/review/review.ts';
import { signReview } from '../../../ceremony/sign-review.ts';
import { parseMetadata } from '../../../src/tuf/metadata.ts';
import { CeremonyBench, policyText } from '../../support/ceremony-bench.ts';
import { eventCases } from '../../support/ceremony-events.ts';
import { holderIds, now, seededSigner } from '../../support/root-of-trust.ts';

const genesis = await CeremonyBench.published();
afterAll(() => genesis[Symbol.asyncDispose]());
const two = ['alice', 'bob'].map(seededSigner);

/** An event that two holders have signed. */
async function signedByTwo(intent: string): Promise<CeremonyBench> {
  const bench = await genesis.copy();
  await bench.plan('event', intent);
  await bench.freeze('event');
  await bench.sign('event', two);
  return bench;
}

const fates = (all: readonly { role: string; by: string; why: string }[]) =>
  all.map(({ role, by, why }) => `${role} by ${by}: ${why.replaceAll(/[0-9a-f]{16}/g, '…')}`).sort();
const same = 'the same bytes are planned again';

describe('amendEvent', () => {
  it('keeps every signature where only the reason changes; the plan is another', async () => {
    await using bench = await signedByTwo(eventCases.renew.intent);
    const before = await openEvent(bench.layout.event('event'));
    const { event, died, kept } = await bench.amend('event', 'kind: renew\nreason: before the holidays\n');
    expect(died).toEqual([]);
    expect(fates(kept)).toEqual([
      `root by alice: ${same}`,
      `root by bob: ${same}`,
      `targets by alice: ${same}`,
      `targets by bob: ${same}`,
    ]);
    expect([event.plan.revision, event.frozen, event.planDigest === before.planDigest]).toEqual([2, false, false]);
    await bench.freeze('event');
    await bench.sign('event', [seededSigner('carol')]);
    expect((await bench.publish('event')).repository.versions).toMatchObject({ root: 2, targets: 2 });
  });

  it('lets die what is signed anew, and says why; what stays the same to the bit survives', async () => {
    await using bench = await signedByTwo(eventCases.renew.intent);
    await bench.target('note.txt', 'second\n');
    const { died, kept } = await bench.amend('event', `${eventCases.renew.intent}targets: true\n`);
    expect(fates(kept)).toEqual([`root by alice: ${same}`, `root by bob: ${same}`]);
    const why = 'targets v2 has other bytes now: sha256 …, not …';
    expect(fates(died)).toEqual([`targets by alice: ${why}`, `targets by bob: ${why}`]);
  });

  it('lets die what is signed no more', async () => {
    await using bench = await signedByTwo(eventCases.renew.intent);
    const { died } = await bench.amend('event', eventCases.renewRoot.intent);
    const why = 'targets is not signed in this revision';
    expect(fates(died)).toEqual([`targets by alice: ${why}`, `targets by bob: ${why}`]);
    expect(await readdir(bench.layout.event('event').payloads)).toEqual(['root.v2.canonical', 'root.v2.json']);
  });

  it('lets die the signature of who is not asked any more, though the bytes are the same', async () => {
    await using bench = await genesis.copy();
    await eventCases.addHolder.prepare(bench);
    await bench.plan('event', eventCases.addHolder.intent);
    await bench.freeze('event');
    await bench.sign('event', [seededSigner('frank')]);
    await bench.policy(policyText(holderIds));
    bench.signers.delete('frank');
    const { died } = await bench.amend('event', eventCases.renew.intent);
    expect(fates(died).at(-1)).toBe('targets by frank: this key is not asked to sign targets v2 any more');
    await bench.freeze('event');
    await bench.sign('event');
    expect((await bench.publish('event')).repository.versions.root).toBe(2);
  });

  it('refuses packets and signatures of the old revision from then on', async () => {
    await using bench = await signedByTwo(eventCases.renew.intent);
    const old = await bench.packet('event');
    const pinned = pinOf(parseMetadata(await bench.pinnedRoot(), 'root'));
    const review = reviewPacket(old, { pinned, now });
    const [late] = (await signReview(review, seededSigner('carol'))) as [SignatureDocument];
    const { event } = await bench.amend('event', 'kind: renew\nreason: another\n');
    const frozen = await bench.freeze('event');
    const now2 = await bench.review('event');
    await expect(addSignature(frozen, now2, late)).rejects.toThrowToolkit('CER_SIGNATURE_OTHER_PLAN', { revision: 1 });
    await expect(addSignature(event, review, late)).rejects.toThrowToolkit('CER_SIGNATURE_OTHER_PLAN');
    const { plan, intent } = await bench.packet('event');
    const mixed = () => reviewPacket({ ...old, plan }, { pinned, now });
    expect(mixed).toThrowToolkit('CER_PACKET_CONTRADICTS', { what: 'intent.yaml' });
    expect(reviewPacket({ ...old, plan, intent }, { pinned, now }).plan.revision).toBe(2);
  });

  it('changes nothing where the amended plan is refused', async () => {
    await using bench = await signedByTwo(eventCases.renew.intent);
    const none = bench.amend('event', eventCases.updateTargets.intent);
    await expect(none).rejects.toThrowToolkit('CER_NOTHING_TO_SIGN');
    await bench.enrol('alice', seededSigner('alice 2'));
    await expect(bench.amend('event', eventCases.renew.intent)).rejects.toThrowToolkit('CER_PLAN_REFUSED');
    const event = await openEvent(bench.layout.event('event'));
    expect([event.frozen, event.plan.revision]).toEqual([true, 1]);
    await bench.sign('event', [seededSigner('carol')]);
    expect((await bench.publish('event')).repository.versions.root).toBe(2);
  });

  it('puts the old revision away whole', async () => {
    await using bench = await signedByTwo(eventCases.renew.intent);
    const { layout, planBytes } = await openEvent(bench.layout.event('event'));
    await bench.amend('event', eventCases.renewRoot.intent);
    const away = layout.superseded(1);
    expect(new Uint8Array(await readFile(join(away, 'plan.json')))).toEqual(planBytes);
    expect((await readdir(away)).sort()).toEqual(['intent.yaml', 'payloads', 'plan.json', 'plan.sha256', 'signatures']);
    expect(await readdir(join(away, 'signatures'))).toHaveLength(4);
  });

  it('goes on after it was interrupted, when the old revision is gone and the new one not written', async () => {
    await using bench = await signedByTwo(eventCases.renew.intent);
    const { layout } = await openEvent(bench.layout.event('event'));
    await bench.amend('event', eventCases.renewRoot.intent);
    // What a crash leaves right before plan.json is replaced.
    const away = layout.superseded(1);
    await rm(layout.signatures, { recursive: true });
    for (const name of ['plan.json', 'intent.yaml', 'payloads/targets.v2.canonical']) {
      await cp(join(away, name), join(layout.directory, name));
    }
    const { event } = await bench.amend('event', eventCases.renewRoot.intent);
    expect([event.plan.revision, event.plan.payloads.length]).toEqual([2, 1]);
  });
});
