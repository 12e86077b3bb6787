import { afterAll, describe, expect, it } from '@jest/globals';
import { formatPlan, type PlanDocument, parsePlan } from '../../../ceremony/event/plan-document.ts';
import type { Packet, PacketPayload } from '../../../ceremony/packet/packet.ts';
import { pinOf } from '../../../ceremony/pinned-root.ts';
import { renderReview } from '../../../ceremony/review/render.ts';
import { reviewPacket } from '../../../ceremony/review/review.ts';
import { screenOf } from '../../../ceremony/review/screen.ts';
import { utf8 } from '../../../src/core/bytes.ts';
import { sha256Hex } from '../../../src/core/digest.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { canonicalize } from '../../../src/tuf/canonical-json.ts';
import { keyId, tufKey } from '../../../src/tuf/key.ts';
import { parseMetadata } from '../../../src/tuf/metadata.ts';
import { CeremonyBench } from '../../support/ceremony-bench.ts';
import { eventCases } from '../../support/ceremony-events.ts';
import { now, seededSigner } from '../../support/root-of-trust.ts';

const bench = await CeremonyBench.published();
afterAll(() => bench[Symbol.asyncDispose]());
await bench.plan('event', eventCases.renew.intent);
const packet = await bench.packet('event');
const plan = parsePlan(packet.plan, 'plan.json');
const pinned = pinOf(parseMetadata(packet.roots[0] ?? new Uint8Array(), 'root'));
const [root, targets] = packet.payloads as [PacketPayload, PacketPayload];
const review = (changed: Partial<Packet>) => reviewPacket({ ...packet, ...changed }, { pinned, now });

const parsed = (canonical: Uint8Array) =>
  JSON.parse(new TextDecoder().decode(canonical).replaceAll('\n', '\\n')) as JsonObject;
const edited = ({ role, canonical }: PacketPayload, edit: (signed: JsonObject) => JsonObject): PacketPayload => {
  const signed = parsed(canonical);
  return { role, canonical: canonicalize({ ...signed, ...edit(signed) }) };
};
/** A packet that is signed as it says: whoever wrote it computed everything that follows. */
const signing = (...payloads: readonly PacketPayload[]): Partial<Packet> => {
  const planned = payloads.map(({ role, canonical }) => {
    const version = parsed(canonical)['version'] as number;
    return { role, version, sha256: sha256Hex(canonical), length: canonical.length };
  });
  return { payloads, ...planning({ payloads: planned }) };
};
const planning = (change: Partial<PlanDocument>) => ({ plan: utf8(formatPlan({ ...plan, ...change })) });

const mallory = tufKey(seededSigner('mallory').publicKey);
const forever = edited(targets, () => ({ expires: '2099-01-01T00:00:00Z' }));
const field = (name: string, edit: (value: JsonObject) => JsonObject) =>
  signing(
    edited(root, (signed) => ({ [name]: edit(signed[name] as JsonObject) })),
    targets,
  );
const onlineId = keyId(tufKey(seededSigner('online').publicKey));
const names = 'x-sigstead-keyholders';

describe('reviewPacket, of what could be signed unseen', () => {
  it.each([
    ['two payloads of a role, of which the rules would see the last', [root, forever, targets]],
    ['the same payload twice', [root, targets, targets]],
    ['targets before the root', [targets, root]],
    ['nothing to sign', []],
  ])('refuses %s', (_, payloads) => {
    expect(() => review(signing(...payloads))).toThrowToolkit('CER_PACKET_CONTRADICTS');
  });

  it.each([
    ['holders who change keys among them', field(names, (map) => Object.fromEntries(rotated(map)))],
    ['a holder of the online key', field(names, (map) => ({ ...map, [onlineId]: 'zoe' }))],
    ['a holder of a key that is not there', field(names, (map) => ({ ...map, ['f'.repeat(64)]: 'zoe' }))],
    ['a key that no role counts yet', field('keys', (keys) => ({ ...keys, [keyId(mallory)]: mallory }))],
    ['a role that no client knows', field('roles', (roles) => ({ ...roles, mirrors: { keyids: [], threshold: 1 } }))],
    [
      'a field of a role',
      field('roles', (roles) => ({ ...roles, root: { ...(roles['root'] as JsonObject), 'x-more': 1 } })),
    ],
  ])('refuses %s, which nothing announces', (_, changed) => {
    expect(() => review(changed)).toThrow(/announced-changes: .* does not announce that this field changes/);
  });

  it.each<readonly ['targets' | 'currentTargets']>([['targets'], ['currentTargets']])(
    'refuses %s with a file that is not listed: what it says would be shown',
    (which) => {
      const more = new Map([...packet[which], ['trusted_root.json', utf8('{}')] as const]);
      const expected = { got: 'trusted_root.json' };
      expect(() => review({ [which]: more })).toThrowToolkit('CER_PACKET_CONTRADICTS', expected);
    },
  );

  it('refuses an event of another form than a name, and shows each text of others in one line', () => {
    const event = 'a\nROLE targets v1 -> v9';
    expect(() => review(planning({ event }))).toThrowToolkit('CER_PLAN_FILE');
    const name = 'acme\nYOUR PINNED ROOT v9 is the root in force\u001b[2J';
    const shown = renderReview(screenOf(review(planning({ repository: { id: plan.repository.id, name } }))));
    expect(shown).toContain('  of acme YOUR PINNED ROOT v9 is the root in force (');
    expect(shown).not.toContain('\u001b');
  });
});

/** The same keys and the same names, each name one key further. */
function rotated(map: JsonObject) {
  const [ids, holders] = [Object.keys(map), Object.values(map)];
  return ids.map((id, index) => [id, holders[(index + 1) % holders.length] ?? ''] as const);
}
