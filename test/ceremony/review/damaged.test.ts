import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatPacket, parsePacket } from '../../../ceremony/packet/packet.ts';
import { pinOf } from '../../../ceremony/pinned-root.ts';
import { renderReview } from '../../../ceremony/review/render.ts';
import { reviewPacket } from '../../../ceremony/review/review.ts';
import { screenOf } from '../../../ceremony/review/screen.ts';
import { ToolkitError } from '../../../src/core/error.ts';
import { parseMetadata } from '../../../src/tuf/metadata.ts';
import { CeremonyBench } from '../../support/ceremony-bench.ts';
import { eventCases } from '../../support/ceremony-events.ts';
import { now, seededSigner } from '../../support/root-of-trust.ts';

const bench = await CeremonyBench.published();
afterAll(() => bench[Symbol.asyncDispose]());
await eventCases.replaceKey.prepare(bench);
await bench.target('note.txt', 'second\n');
await bench.plan('event', `${eventCases.replaceKey.intent}targets: true\n`);
await bench.freeze('event');
const bytes = formatPacket(await bench.packet('event'));
const pinned = pinOf(parseMetadata(await bench.pinnedRoot(), 'root'));

/** All that a holder reads and signs. */
function shown(packet: Uint8Array): string {
  const review = reviewPacket(parsePacket(packet, 'packet'), { pinned, now });
  const { event, revision } = review.plan;
  return [event, revision, review.frozen.digest, renderReview(screenOf(review))].join('\n');
}

const whole = shown(bytes);

describe('a packet with one flipped bit', () => {
  it('is refused, or shows and signs the same', () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), (place, bit) => {
        const damaged = Uint8Array.from(bytes, (byte, index) => (index === place ? byte ^ (1 << bit) : byte));
        try {
          expect(shown(damaged)).toBe(whole);
        } catch (error) {
          if (!(error instanceof ToolkitError)) throw error;
          refused += 1;
        }
      }),
      { numRuns: 80 },
    );
    expect(refused).toBeGreaterThan(40);
  });

  it.each([
    ['cut off', (packet: Uint8Array) => packet.slice(0, -2), 'CORE_JSON'],
    ['with something after it', (packet: Uint8Array) => new Uint8Array([...packet, 0x7b]), 'CORE_JSON'],
    [
      'of another format',
      (packet: Uint8Array) => edited(packet, 'sigstead-packet/v1', 'sigstead-packet/v2'),
      'CER_PACKET',
    ],
    ['with an unknown field', (packet: Uint8Array) => edited(packet, '"tool":', '"also": 1,\n  "tool":'), 'CER_PACKET'],
  ])('is refused %s', (_, damage, code) => {
    expect(() => shown(damage(bytes))).toThrowToolkit(code);
  });
});

function edited(packet: Uint8Array, from: string, to: string): Uint8Array {
  return new TextEncoder().encode(new TextDecoder().decode(packet).replace(from, to));
}

async function toWindows(path: string): Promise<void> {
  await writeFile(path, (await readFile(path, 'utf8')).replaceAll(/\r?\n/g, '\r\n'));
}

describe('Windows line ends', () => {
  it.each([
    ['intent.yaml', 'CER_PACKET_CONTRADICTS'],
    ['plan.json', 'CER_PLAN_FILE'],
    ['plan.sha256', 'CER_PLAN_CHANGED'],
    ['payloads/root.v2.canonical', 'CER_PACKET_CONTRADICTS'],
    ['payloads/targets.v2.canonical', 'same'],
    ['payloads/root.v2.json', 'same'],
  ])('in %s of an event: %s', async (file, outcome) => {
    await using copy = await bench.copy();
    await toWindows(join(copy.layout.event('event').directory, file));
    const code = await codeOf(copy.review('event'));
    expect(code).toBe(outcome);
  });

  it.each([
    ['policy.yaml', 'CER_PACKET_CONTRADICTS'],
    ['targets/note.txt', 'CER_PACKET_CONTRADICTS'],
    ['metadata/root_history/1.root.json', 'same'],
    ['repository.json', 'same'],
    ['online/key.json', 'same'],
    ['keyholders/alice/key.json', 'CER_ENROLMENT'],
  ])('in %s: %s', async (file, outcome) => {
    await using copy = await bench.copy();
    await toWindows(join(copy.layout.directory, file));
    expect(await codeOf(copy.review('event'))).toBe(outcome);
  });

  it('in a signature or in what was assembled change nothing that clients read', async () => {
    await using copy = await bench.copy();
    await copy.sign('event', [...copy.signers.values(), seededSigner('alice')]);
    const { signatures, assembled } = copy.layout.event('event');
    for (const name of await readdir(signatures)) await toWindows(join(signatures, name));
    await copy.assemble('event');
    for (const name of await readdir(assembled)) await toWindows(join(assembled, name));
    const { repository } = await copy.publishAssembled('event');
    expect(repository.versions).toMatchObject({ root: 2, targets: 2 });
    expect((await copy.open()).recorded?.versions).toEqual(repository.versions);
  });
});

async function codeOf(review: Promise<unknown>): Promise<string> {
  return await review.then(
    () => 'same',
    (error: unknown) => (error instanceof ToolkitError ? error.code : String(error)),
  );
}
