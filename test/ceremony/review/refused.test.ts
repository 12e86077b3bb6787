import { afterAll, describe, expect, it } from '@jest/globals';
import { formatPlan, type PlanDocument, parsePlan } from '../../../ceremony/event/plan-document.ts';
import type { Packet } from '../../../ceremony/packet/packet.ts';
import { type PinnedRoot, pinOf } from '../../../ceremony/pinned-root.ts';
import { reviewPacket } from '../../../ceremony/review/review.ts';
import { utf8 } from '../../../src/core/bytes.ts';
import { addMs, dayMs, minuteMs } from '../../../src/core/clock.ts';
import { sha256Hex } from '../../../src/core/digest.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { canonicalize } from '../../../src/tuf/canonical-json.ts';
import { keyId, tufKey } from '../../../src/tuf/key.ts';
import { parseMetadata, type RootMetadata } from '../../../src/tuf/metadata.ts';
import { CeremonyBench, policyText } from '../../support/ceremony-bench.ts';
import { eventCases } from '../../support/ceremony-events.ts';
import { forge, holderIds, holders, inDays, now, seededSigner } from '../../support/root-of-trust.ts';

const bench = await CeremonyBench.published();
afterAll(() => bench[Symbol.asyncDispose]());
await bench.run('first', eventCases.renew.intent);
await eventCases.replaceKey.prepare(bench);
await bench.target('note.txt', 'second\n');
await bench.plan('event', `${eventCases.replaceKey.intent}targets: true\n`);
const packet = await bench.packet('event');
const plan = parsePlan(packet.plan, 'plan.json');
const roots = packet.roots.map((bytes) => parseMetadata(bytes, 'root'));
const [oldRoot, root] = roots as [RootMetadata, RootMetadata];
const olderTargets = bench.store.files.get('1.targets.json');
const quorum = [...holders('alice', 'bob', 'carol').values()];

const review = (changed: Partial<Packet> = {}, pinned: PinnedRoot | undefined = pinOf(root), at: Date = now) =>
  reviewPacket({ ...packet, ...changed }, { pinned, now: at });
/** A packet whose plan says something else; somebody computed everything that follows from it. */
const planning = (change: Partial<PlanDocument>): Partial<Packet> => ({
  plan: utf8(formatPlan({ ...plan, ...change })),
});

/** A packet with another payload, and the plan that goes with it. */
function signing(role: 'root' | 'targets', edit: (signed: JsonObject) => JsonObject): Partial<Packet> {
  const payloads = packet.payloads.map((payload) => {
    if (payload.role !== role) return payload;
    const signed = JSON.parse(new TextDecoder().decode(payload.canonical).replaceAll('\n', '\\n')) as JsonObject;
    return { role, canonical: canonicalize({ ...signed, ...edit(signed) }) };
  });
  const planned = plan.payloads.map((each, index) => {
    const canonical = payloads[index]?.canonical ?? new Uint8Array();
    return { ...each, sha256: sha256Hex(canonical), length: canonical.length };
  });
  return { payloads, ...planning({ payloads: planned }) };
}

const other = 'f'.repeat(64);
const first = plan.payloads[0];
const mallory = tufKey(seededSigner('mallory').publicKey);

describe('reviewPacket', () => {
  it('accepts the packet, from the root in force and from one before it', () => {
    expect(review().frozen.payloads.map(({ role, version }) => `${role} v${version}`)).toEqual([
      'root v3',
      'targets v3',
    ]);
    expect(review({}, pinOf(oldRoot)).pinnedVersion).toBe(1);
  });

  it.each<readonly [string, Partial<Packet>, string]>([
    ['another intent', { intent: utf8(`${new TextDecoder().decode(packet.intent)}# x\n`) }, 'intent.yaml'],
    ['another policy', { policy: utf8(policyText([...holderIds], (text) => `${text}# x\n`)) }, 'policy.yaml'],
    ['a plan of another kind', planning({ kind: 'renew' }), 'kind'],
    ['a plan with another reason', planning({ reason: 'because' }), 'reason'],
    ['a plan that may be signed for longer than the policy says', planning({ signUntil: inDays(22) }), 'signUntil'],
    [
      'a plan that builds on another root',
      planning({ base: { ...plan.base, root: { version: 2, sha256: other } } as never }),
      'base root',
    ],
    [
      'a plan that calls the root in force by another version',
      planning({ base: { ...plan.base, root: { ...plan.base?.root, version: 7 } } as never }),
      'base root version',
    ],
    [
      'a plan that builds on other targets',
      planning({ base: { ...plan.base, targets: { version: 2, sha256: other } } as never }),
      'base targets',
    ],
    ['a plan that builds on nothing', planning({ base: undefined }), 'base root'],
    ['a plan that says that nobody is exposed', planning({ exposedUntil: undefined }), 'exposedUntil'],
    ['a plan that says that exposure ends sooner', planning({ exposedUntil: inDays(1) }), 'exposedUntil'],
    ['a plan that calls the real thing a rehearsal', planning({ rehearsal: true }), 'rehearsal'],
    ['older targets as those in force', { targetsMetadata: olderTargets }, 'base targets'],
    ['no targets in force', { targetsMetadata: undefined }, 'targets in force'],
    [
      'another file as the one in force',
      { currentTargets: new Map([['note.txt', utf8('zero\n')]]) },
      'target note.txt in force',
    ],
    ['no file in force', { currentTargets: new Map() }, 'target note.txt in force'],
    [
      'another file to be signed',
      { targets: new Map([['note.txt', utf8('third\n')]]) },
      'target note.txt to be signed',
    ],
    ['no file to be signed', { targets: new Map() }, 'target note.txt to be signed'],
    ['the payloads in another order', { payloads: [...packet.payloads].reverse() }, 'payloads'],
    ['a payload less', { payloads: packet.payloads.slice(0, 1) }, 'payloads'],
    ['a payload more', { payloads: [...packet.payloads, ...packet.payloads.slice(1)] }, 'payloads'],
    ['other bytes to sign', { payloads: signing('root', () => ({ 'x-more': 1 })).payloads ?? [] }, 'root payload'],
    [
      'a plan with another length',
      planning({ payloads: plan.payloads.map((each) => ({ ...each, length: 1 })) }),
      'root length',
    ],
    [
      'a plan with another version',
      planning({ payloads: plan.payloads.map((each) => ({ ...each, version: 9 })) }),
      'root version',
    ],
    [
      'a plan with another digest',
      planning({ payloads: first ? [{ ...first, sha256: other }, ...plan.payloads.slice(1)] : [] }),
      'root payload',
    ],
  ])('refuses %s', (_, changed, what) => {
    expect(() => review(changed)).toThrowToolkit('CER_PACKET_CONTRADICTS', { what });
  });

  it.each([
    ['genesis', ''],
    ['regenesis', `replaces: ${other}\n`],
  ])('refuses a %s where there is a root, however it is wrapped', async (kind, more) => {
    await using evil = await CeremonyBench.begin();
    await evil.plan('again', `kind: ${kind}\nreason: routine\n${more}`);
    const again = await evil.packet('again');
    const { recorded } = await bench.open();
    const pinned = recorded && pinOf(recorded.root);
    const judge = (changed: Partial<Packet>) => () => reviewPacket({ ...again, ...changed }, { pinned, now });
    expect(judge({})).toThrowToolkit('CER_ROOT_OLDER', { pinned: 2, packet: 0 });
    const some = { what: 'roots in force', expected: 'none' };
    expect(judge({ roots: packet.roots })).toThrowToolkit('CER_PACKET_CONTRADICTS', some);
    const { roots: chain, targetsMetadata, currentTargets } = packet;
    expect(judge({ roots: chain, targetsMetadata, currentTargets })).toThrowToolkit('CER_PACKET_CONTRADICTS', some);
  });

  it.each<readonly [string, Partial<Packet>, RegExp]>([
    [
      'a key that nobody announced',
      signing('root', ({ keys, roles }) => {
        const { root: role, ...others } = roles as Readonly<Record<string, JsonObject>>;
        const keyids = [...((role?.['keyids'] ?? []) as string[]), keyId(mallory)];
        return {
          keys: { ...(keys as JsonObject), [keyId(mallory)]: mallory },
          roles: { ...others, root: { ...role, keyids } },
        };
      }),
      /announced-changes/,
    ],
    ['a field that nobody announced', signing('root', () => ({ 'x-sigstead-rehearsal': true })), /announced-changes/],
    ['a root that skips a version', signing('root', () => ({ version: 4 })), /root version|version-increments/],
    ['targets for ten years', signing('targets', () => ({ expires: '2036-11-22T10:00:00Z' })), /expiry-within-policy/],
  ])('refuses %s, though the plan was made for it', (_, changed, message) => {
    expect(() => review(changed)).toThrow(message);
  });
});

describe('reviewPacket, from the holder’s own root', () => {
  it('refuses where the holder has none', () => {
    expect(() => reviewPacket(packet, { pinned: undefined, now })).toThrowToolkit('CER_NOT_PINNED', { root: 2 });
  });

  it('refuses another root of the same version', () => {
    expect(() => review({}, { version: 2, sha256: other })).toThrowToolkit('CER_PINNED_OTHER', { version: 2 });
    expect(() => review({}, { version: 1, sha256: other })).toThrowToolkit('CER_PINNED_OTHER', { version: 1 });
  });

  it('refuses a chain that ends before it', () => {
    expect(() => review({}, { version: 3, sha256: other })).toThrowToolkit('CER_ROOT_OLDER', { pinned: 3, packet: 2 });
    expect(() => review({ roots: packet.roots.slice(0, 1) })).toThrowToolkit('CER_ROOT_OLDER', { packet: 1 });
    expect(() => review({ roots: [] })).toThrowToolkit('CER_ROOT_OLDER', { packet: 0 });
  });

  it('refuses a chain that begins after it, skips a root, or holds one that too few signed', async () => {
    expect(() => review({ roots: packet.roots.slice(1) }, pinOf(oldRoot))).toThrowToolkit('CER_PINNED_OTHER');
    const third = await forge(root.bytes, 'root', { version: 4 }, quorum);
    expect(() => review({ roots: [...packet.roots, third] })).toThrowToolkit('TUF_VERSION', { expected: 3, got: 4 });
    const two = await forge(root.bytes, 'root', {}, quorum.slice(0, 2));
    expect(() => review({ roots: [oldRoot.bytes, two] })).toThrowToolkit('TUF_THRESHOLD', { have: 2 });
  });

  it('refuses the packet of another repository', async () => {
    await using others = await CeremonyBench.begin(['frank', 'grace', 'heidi', 'ivan']);
    await others.run('genesis', 'kind: genesis\nreason: begin\n');
    await others.plan('event', eventCases.renew.intent);
    const theirs = await others.packet('event');
    const judged = () => reviewPacket(theirs, { pinned: pinOf(oldRoot), now });
    expect(judged).toThrowToolkit('CER_PINNED_OTHER', { version: 1 });
    // Who has the same keys elsewhere: only the id tells the two apart, and proofs of possession are made for one.
    const { id } = parsePlan(theirs.plan, 'plan.json').repository;
    const disguised = planning({ repository: { id, name: 'test' } });
    expect(() => review(disguised)).toThrowToolkit('CER_INVITATION_FOREIGN', { field: 'repository' });
  });
});

describe('reviewPacket, by the clock', () => {
  it.each([
    ['accepts', 'a clock a day ahead', addMs(now, dayMs)],
    ['accepts', 'a clock ten minutes behind', addMs(now, -10 * minuteMs)],
    ['accepts', 'the last second', inDays(21)],
    ['CER_PLAN_FUTURE', 'a clock a day behind', addMs(now, -dayMs)],
    ['CER_PLAN_FUTURE', 'a clock a second more than ten minutes behind', addMs(now, -10 * minuteMs - 1_000)],
    ['CER_PLAN_TOO_OLD', 'a second too late', addMs(inDays(21), 1_000)],
    ['CER_PLAN_TOO_OLD', 'a clock a day ahead on the last day', inDays(22)],
  ])('%s: %s', (code, _, at) => {
    const reviewed = () => review({}, pinOf(root), at);
    if (code === 'accepts') expect(reviewed).not.toThrow();
    else expect(reviewed).toThrowToolkit(code);
  });
});

describe('reviewPacket, of keys', () => {
  it('refuses a new key without its proof of possession', () => {
    const keyid = keyId(tufKey(seededSigner('alice 2').publicKey));
    const missing = { holder: 'alice', keyid };
    expect(() => review({ enrolments: [] })).toThrowToolkit('CER_KEY_NOT_ENROLLED', missing);
    const enrolments = packet.enrolments.filter((bytes) => !new TextDecoder().decode(bytes).includes('"id": "alice"'));
    expect(() => review({ enrolments })).toThrowToolkit('CER_KEY_NOT_ENROLLED', missing);
  });

  it('refuses a new key that is not attested as the policy wants', async () => {
    await using strict = await bench.copy();
    const attestation = 'planDays: 21, attestation: { touch: always }';
    await strict.policy(policyText(holderIds, (text) => text.replace('planDays: 21', attestation)));
    await strict.plan('strict', `${eventCases.replaceKey.intent}targets: true\n`);
    await expect(strict.review('strict')).rejects.toThrowToolkit('CER_ATTESTATION_POLICY', { holder: 'alice' });
  });
});
