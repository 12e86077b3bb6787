import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Invocation, OptionSpec } from '../../src/cli/command.ts';
import { readFileCapped } from '../../src/core/files.ts';
import { maxMetadataBytes } from '../../src/tuf/layout.ts';
import { parseMetadata } from '../../src/tuf/metadata.ts';
import { openEvent, packetOf } from '../event/event.ts';
import { parsePlan } from '../event/plan-document.ts';
import { assertNotOvertaken } from '../event/staleness.ts';
import { maxPacketBytes, type Packet, parsePacket } from '../packet/packet.ts';
import { type PinnedRoot, PinnedRoots, pinOf } from '../pinned-root.ts';
import { type Review, reviewPacket } from '../review/review.ts';
import { type ReviewScreen, screenOf } from '../review/screen.ts';
import { openRootSigning } from '../root-signing/open.ts';
import { assertOffline, networkOption } from './offline.ts';
import { dirOption, eventOf, layoutOf, toolOf, usage } from './settings.ts';

export const holderOptions = {
  ...dirOption,
  ...networkOption,
  packet: { type: 'string', value: 'FILE', help: 'the packet of the event (default: the event in DIR)' },
  'pinned-root': {
    type: 'string',
    value: 'FILE',
    help: 'a root of this repository that you had before (default: the last one you saw)',
  },
  home: {
    type: 'string',
    value: 'DIR',
    help: 'where the roots that you saw are kept (default: sigstead/holder in $XDG_CONFIG_HOME or ~/.config)',
  },
} as const satisfies Record<string, OptionSpec>;

/** Remembers what this holder saw and signed. */
export async function rememberSigned({ review, pinned }: HolderView): Promise<void> {
  const { id } = review.plan.repository;
  if (review.root) await pinned.remember(id, pinOf(review.root));
  await pinned.rememberSigned(id, review.plan.policySha256, plannedRoot(review));
}

export interface HolderView {
  readonly packet: Packet;
  readonly review: Review;
  readonly pinned: PinnedRoots;
  /** What this holder is about to see. */
  readonly screen: ReviewScreen;
}

/** Judges an event as its holder does: from the holder's own root. */
export async function holderView(invocation: Invocation): Promise<HolderView> {
  const { options, clock } = invocation;
  const packet = await packetFor(invocation);
  const pinned = new PinnedRoots(homeOf(invocation));
  const file = options.text('pinned-root');
  const { repository } = parsePlan(packet.plan, 'plan.json');
  const named =
    file === undefined
      ? undefined
      : pinOf(parseMetadata(await readFileCapped(resolve(file), maxMetadataBytes.root), 'root'));
  // Only a holder who has seen none needs to be told one; an older one takes nobody back.
  const pin = (await pinned.pinFor(repository.id, packet.roots)) ?? named;
  const review = reviewPacket(packet, { pinned: pin, now: clock.now() });
  if (pin && pin === named) await pinned.remember(repository.id, named);
  const memory = {
    policyBefore: await pinned.policyOf(repository.id),
    signedOther: await pinned.signedOther(repository.id, plannedRoot(review)),
  };
  return { packet, pinned, review, screen: screenOf(review, memory) };
}

function plannedRoot({ frozen }: Review): PinnedRoot | undefined {
  const root = frozen.payloads.find(({ role }) => role === 'root');
  return root && { version: root.version, sha256: root.digest };
}

async function packetFor(invocation: Invocation): Promise<Packet> {
  const { options, positionals } = invocation;
  const file = options.text('packet');
  if ((file === undefined) === (positionals[0] === undefined)) throw usage('expected an event or --packet FILE');
  if (file !== undefined) {
    assertOffline(invocation);
    return parsePacket(await readFileCapped(resolve(file), maxPacketBytes), file);
  }
  const rootSigning = await openRootSigning(layoutOf(invocation));
  const event = await openEvent(eventOf(invocation));
  assertNotOvertaken(event, rootSigning);
  return packetOf(event, rootSigning, toolOf(invocation));
}

function homeOf({ options, environment }: Invocation): string {
  const named = options.text('home');
  if (named !== undefined) return resolve(named);
  const config = environment['XDG_CONFIG_HOME'] || join(environment['HOME'] ?? homedir(), '.config');
  return join(config, 'sigstead', 'holder');
}
