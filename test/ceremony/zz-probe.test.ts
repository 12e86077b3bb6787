import { describe, expect, it } from '@jest/globals';
import { formatPlan, parsePlan } from '../../ceremony/event/plan-document.ts';
import { openEvent } from '../../ceremony/event/event.ts';
import { reviewPacket } from '../../ceremony/review/review.ts';
import { screenOf } from '../../ceremony/review/screen.ts';
import { pinOf } from '../../ceremony/pinned-root.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { CeremonyBench, policyText } from '../support/ceremony-bench.ts';
import { seededSigner, holderIds, online } from '../support/root-of-trust.ts';

const base = await CeremonyBench.published();
const attempt = async (what: string, f: () => Promise<unknown>) => {
  const t = performance.now();
  let r;
  try { r = 'ok ' + JSON.stringify(await f()); } catch (e) { r = `${(e as any).code} ${(e as any).message}`; }
  process.stderr.write(`PROBE ${what}: ${r.slice(0, 400)} [${Math.round(performance.now() - t)} ms]\n`);
};

describe('probe', () => {
  it('runs', async () => {
    await attempt('copy', async () => { await using b = await base.copy(); });
    await attempt('1 renew with edited targets', async () => {
      await using b = await base.copy();
      await b.target('note.txt', 'second\n');
      const { repository } = await b.run('renew', 'kind: renew\nreason: x\n');
      return [...repository.targetFiles].map(([n, x]) => [n, Buffer.from(x).toString()]);
    });
    await attempt('2 amend refused', async () => {
      await using b = await base.copy();
      await b.plan('renew', 'kind: renew\nreason: x\n'); await b.freeze('renew'); await b.sign('renew');
      await attempt('2a', () => b.amend('renew', 'kind: update-targets\nreason: x\n'));
      await attempt('2b', () => b.amend('renew', 'kind: renew\nreason: y\n'));
      await attempt('2c', () => b.plan('renew', 'kind: renew\nreason: y\n'));
    });
    await attempt('3 revoke-key where only a targets key was enrolled', async () => {
      await using b = await base.copy();
      await b.enrol('alice', seededSigner('alice targets'), 'targets');
      await b.plan('revoke', 'kind: revoke-key\nreason: stolen\nholder: alice\nsince: 2026-11-20T00:00:00Z\n');
      return screenOf(await b.review('revoke')).payloads[0]?.changes;
    });
    await attempt('3b replace-key where only a targets key was enrolled', async () => {
      await using b = await base.copy();
      await b.enrol('alice', seededSigner('alice targets'), 'targets');
      await b.plan('revoke', 'kind: replace-key\nreason: stolen\nholder: alice\n');
      return screenOf(await b.review('revoke')).payloads[0]?.changes;
    });
    await attempt('4 genesis packet over a chain, targets in force left out', async () => {
      await using evil = await base.copy();
      const { rm } = await import('node:fs/promises');
      await rm(evil.layout.metadata, { recursive: true });
      await evil.target('trusted_root.json', 'evil\n');
      await evil.plan('again', 'kind: genesis\nreason: routine\n');
      const packet = await evil.packet('again');
      const { recorded } = await base.open();
      const review = reviewPacket({ ...packet, roots: recorded!.roots.map(({ bytes }) => bytes) }, { pinned: pinOf(recorded!.root), now: base.now });
      const s = screenOf(review);
      return [s.pinnedRoot, s.baseRoot, s.payloads.map((p) => [p.role, p.version])];
    });
    await attempt('6 exposedUntil and rehearsal', async () => {
      await using b = await base.copy();
      await b.plan('renew', 'kind: renew\nreason: x\n');
      const packet = await b.packet('renew');
      const plan = parsePlan(packet.plan, 'plan');
      const { recorded } = await b.open();
      const lie = { ...packet, plan: utf8(formatPlan({ ...plan, exposedUntil: new Date('2026-11-23T00:00:00Z'), rehearsal: true, base: { root: { ...plan.base!.root, version: 7 }, targets: plan.base!.targets } })) };
      const s = screenOf(reviewPacket(lie, { pinned: pinOf(recorded!.root), now: b.now }));
      return [s.exposedUntil, s.rehearsal];
    });
    await attempt('7 holder named online', async () => {
      await using b = await base.copy();
      await b.policy(policyText([...holderIds, 'online']));
      await b.enrol('online', seededSigner('x online'));
      await b.run('add', 'kind: add-holder\nreason: joins\nholder: online\n');
      return 'accepted';
    });
    await attempt('8 remove-holder from root only', async () => {
      await using b = await base.copy();
      await b.policy(policyText(holderIds, (t) => t.replace('root: { threshold: 3,', 'root: { threshold: 3, holders: [bob, carol, dave, erin],')));
      await b.plan('rm', 'kind: remove-holder\nreason: leaves\nholder: alice\n');
      return screenOf(await b.review('rm')).payloads[0]?.changes;
    });
  });
});
