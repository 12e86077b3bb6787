import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { attestationPolicyOf } from '../../ceremony/attestation-policy.ts';
import { amendEvent } from '../../ceremony/event/amend.ts';
import { assembleEvent } from '../../ceremony/event/assemble-event.ts';
import { digestLine, type Event, openEvent, packetOf } from '../../ceremony/event/event.ts';
import { planNewEvent } from '../../ceremony/event/plan-event.ts';
import { publishEvent } from '../../ceremony/event/publish-event.ts';
import { addSignature } from '../../ceremony/event/signature-file.ts';
import { acceptEnrolment, writeInvitation } from '../../ceremony/holders/accept.ts';
import { formatEnrolment } from '../../ceremony/holders/enrolment.ts';
import { type KeyScope, makeInvitation } from '../../ceremony/holders/invitation.ts';
import { enrol } from '../../ceremony/holders/proof.ts';
import type { Packet } from '../../ceremony/packet/packet.ts';
import { pinOf } from '../../ceremony/pinned-root.ts';
import { type Review, reviewPacket } from '../../ceremony/review/review.ts';
import { formatIdentity, newIdentity } from '../../ceremony/root-signing/identity.ts';
import { RootSigningLayout } from '../../ceremony/root-signing/layout.ts';
import { recordOnlineKey } from '../../ceremony/root-signing/online-key.ts';
import { openRootSigning, type RootSigning } from '../../ceremony/root-signing/open.ts';
import { payloadsFor, signReview } from '../../ceremony/sign-review.ts';
import { parseIntent } from '../../src/config/intent.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { createFile } from '../../src/core/files.ts';
import type { Signer } from '../../src/core/signer.ts';
import { fileKeyUri } from '../../src/keys/key-uri.ts';
import { holderIds, MemoryStore, now, seededSigner } from './root-of-trust.ts';

/** A policy file for these holders, 3 of them sign. */
export function policyText(
  ids: readonly string[] = holderIds,
  change: (text: string) => string = (text) => text,
): string {
  const holders = ids.map((id) => `  - { id: ${id}, name: ${id} Example }`).join('\n');
  return change(`holders:
${holders}
root: { threshold: 3, expiryDays: 180, resignDays: 60 }
targets: { threshold: 3, expiryDays: 90, resignDays: 30 }
online: { key: file }
ceremony: { tolerance: 1, planDays: 21 }
snapshot: { expiryDays: 14, resignDays: 7 }
timestamp: { expiryDays: 3, resignDays: 2 }
`);
}

/** `root-signing/` of five holders with seeded keys, in a directory of its own, and a store to publish to. */
export class CeremonyBench implements AsyncDisposable {
  readonly layout: RootSigningLayout;
  store = new MemoryStore();
  /** The key of each holder now, by id; `ID for targets` where there is a second. */
  readonly signers = new Map<string, Signer>();
  online = onlineSigner('online');
  formerOnline: Signer | undefined;
  now = now;
  rehearsal = false;

  private constructor(directory: string) {
    this.layout = new RootSigningLayout(directory);
  }

  /** Five holders are enrolled; nothing is planned. */
  static async begin(ids: readonly string[] = holderIds): Promise<CeremonyBench> {
    const bench = new CeremonyBench(await mkdtemp(join(tmpdir(), 'sigstead-ceremony-')));
    await createFile(bench.layout.identity, formatIdentity(newIdentity('test')));
    await bench.policy(policyText(ids));
    await recordOnlineKey(bench.layout, bench.online);
    await bench.target('note.txt', 'first\n');
    for (const id of ids) await bench.enrol(id, seededSigner(id));
    return bench;
  }

  /** Ready, and its first event published. */
  static async published(): Promise<CeremonyBench> {
    const bench = await CeremonyBench.begin();
    await bench.run('genesis', 'kind: genesis\nreason: begin\n');
    return bench;
  }

  /** The first root: what clients pin. */
  async pinnedRoot(): Promise<Uint8Array> {
    const { recorded } = await this.open();
    if (!recorded) throw new Error('there is no root yet');
    return recorded.roots[0].bytes;
  }

  /** Another one in the same state: what happens to it does not happen to this. */
  async copy(): Promise<CeremonyBench> {
    const bench = new CeremonyBench(await mkdtemp(join(tmpdir(), 'sigstead-ceremony-')));
    await cp(this.layout.directory, bench.layout.directory, { recursive: true });
    const { store, online, formerOnline, now: at } = this;
    Object.assign(bench, { store: new MemoryStore(store.files), online, formerOnline, now: at });
    for (const [id, signer] of this.signers) bench.signers.set(id, signer);
    return bench;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.layout.directory, { recursive: true, force: true });
  }

  async policy(text: string): Promise<void> {
    await writeFile(this.layout.policy, text);
  }

  async target(name: string, text: string): Promise<void> {
    const path = join(this.layout.targets, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }

  async enrol(id: string, signer: Signer, keys: KeyScope = 'all'): Promise<void> {
    const { identity, policy } = await this.facts();
    const holder = { id, name: `${id} Example` };
    const invitation = makeInvitation({ repository: identity, holder, keys, now: this.now, validDays: 14 });
    await writeInvitation(this.layout.directory, invitation);
    const enrolment = await enrol({ invitation, signer, device: { kind: 'file' }, now: this.now });
    const options = { repository: identity.id, policy, now: this.now };
    await acceptEnrolment(this.layout.directory, utf8(formatEnrolment(enrolment)), options);
    this.signers.set(keys === 'all' ? id : `${id} for targets`, signer);
  }

  async rotateOnline(name: string): Promise<void> {
    this.formerOnline = this.online;
    this.online = onlineSigner(name);
    await recordOnlineKey(this.layout, this.online);
  }

  async open(): Promise<RootSigning> {
    return await openRootSigning(this.layout);
  }

  async plan(name: string, intent: string): Promise<Event> {
    const rootSigning = await this.open();
    const options = {
      rootSigning,
      intent: parseIntent(intent, 'intent.yaml'),
      name,
      now: this.now,
      rehearsal: this.rehearsal,
    };
    return await planNewEvent(options);
  }

  async freeze(name: string): Promise<Event> {
    const event = await openEvent(this.layout.event(name));
    await createFile(event.layout.planDigest, digestLine(event.planDigest));
    return await openEvent(event.layout);
  }

  async amend(name: string, intent: string) {
    const rootSigning = await this.open();
    const event = await openEvent(this.layout.event(name));
    return await amendEvent(event, {
      rootSigning,
      intent: parseIntent(intent, 'intent.yaml'),
      now: event.plan.planned,
      rehearsal: this.rehearsal,
    });
  }

  async packet(name: string): Promise<Packet> {
    return packetOf(await openEvent(this.layout.event(name)), await this.open(), 'test');
  }

  /** As a holder does who saw everything that was published so far. */
  async review(name: string): Promise<Review> {
    const { recorded } = await this.open();
    return reviewPacket(await this.packet(name), { pinned: recorded && pinOf(recorded.root), now: this.now });
  }

  /** Everybody signs what their key is asked for; `without` are not there. */
  async sign(name: string, signers: Iterable<Signer> = this.signers.values()): Promise<void> {
    const event = await openEvent(this.layout.event(name));
    const review = await this.review(name);
    for (const signer of signers) {
      if (payloadsFor(review, signer).length === 0) continue;
      for (const signature of await signReview(review, signer)) await addSignature(event, review, signature);
    }
  }

  async publish(name: string) {
    await this.assemble(name);
    return await this.publishAssembled(name);
  }

  async assemble(name: string) {
    return await assembleEvent(await openEvent(this.layout.event(name)), await this.review(name));
  }

  async publishAssembled(name: string) {
    const event = await openEvent(this.layout.event(name));
    const { store, online, formerOnline, now: at } = this;
    return await publishEvent({ rootSigning: await this.open(), event, store, online, formerOnline, now: at });
  }

  /** A whole event; former keys of holders sign too. */
  async run(name: string, intent: string, former: readonly Signer[] = []) {
    await this.plan(name, intent);
    await this.freeze(name);
    await this.sign(name, [...this.signers.values(), ...former]);
    return await this.publish(name);
  }

  async text(path: string): Promise<string> {
    return await readFile(path, 'utf8');
  }

  async facts() {
    const { readIdentity } = await import('../../ceremony/root-signing/identity.ts');
    const { readRootPolicy } = await import('../../src/config/root-policy.ts');
    return {
      identity: await readIdentity(this.layout),
      policy: attestationPolicyOf(await readRootPolicy(this.layout.policy)),
    };
  }
}

/** The record names a key by a URI that can be opened. */
function onlineSigner(name: string): Signer {
  return { ...seededSigner(name), uri: fileKeyUri(`/keys/${name}.pem`) };
}
