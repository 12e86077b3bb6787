import { keyId, tufKey } from '../../src/tuf/key.ts';
import type { ParsedMetadata } from '../../src/tuf/metadata.ts';
import { type CeremonyBench, policyText } from './ceremony-bench.ts';
import { holderIds, seededSigner } from './root-of-trust.ts';

/** One event on a bench that has seen its genesis. */
export interface EventCase {
  readonly what: string;
  readonly intent: string;
  /** What people do before it is planned. */
  readonly prepare?: (bench: CeremonyBench) => Promise<void>;
  /** Keys that the event takes out of the root, and that sign all the same. */
  readonly former?: readonly string[];
  /** True where clients that come in the middle of the publication cannot go on. */
  readonly interrupts?: true;
}

const rest = holderIds.slice(1);
const three = ['alice', 'bob', 'carol'];

async function enrolAnew(bench: CeremonyBench, ids: readonly string[]): Promise<void> {
  for (const id of ids) await bench.enrol(id, seededSigner(`${id} 2`));
}

async function join(bench: CeremonyBench): Promise<void> {
  await bench.policy(policyText([...holderIds, 'frank']));
  await bench.enrol('frank', seededSigner('frank'));
}

async function leave(bench: CeremonyBench): Promise<void> {
  await bench.policy(policyText(rest));
  bench.signers.delete('alice');
}

/** Every kind of event that follows on a first root, delegations aside. */
export const eventCases = {
  renew: { what: 'renew', intent: 'kind: renew\nreason: in time\n' },
  renewRoot: { what: 'renew of root alone', intent: 'kind: renew\nreason: in time\nroles: [root]\n' },
  renewTargets: { what: 'renew of targets alone', intent: 'kind: renew\nreason: in time\nroles: [targets]\n' },
  addHolder: { what: 'add-holder', intent: 'kind: add-holder\nreason: frank joins\nholder: frank\n', prepare: join },
  removeHolder: {
    what: 'remove-holder',
    intent: 'kind: remove-holder\nreason: alice leaves\nholder: alice\n',
    prepare: leave,
    former: ['alice'],
  },
  replaceKey: {
    what: 'replace-key',
    intent: 'kind: replace-key\nreason: new laptop\nholder: alice\n',
    prepare: (bench) => enrolAnew(bench, ['alice']),
    former: ['alice'],
  },
  replaceLostKey: {
    what: 'replace-key of a key that is lost',
    intent: 'kind: replace-key\nreason: left in a train\nholder: alice\nlost: [alice]\n',
    prepare: (bench) => enrolAnew(bench, ['alice']),
  },
  replaceQuorum: {
    what: 'replace-quorum',
    intent: `kind: replace-quorum\nreason: new tokens\nholders: [${three.join(', ')}]\n`,
    prepare: (bench) => enrolAnew(bench, three),
    former: three,
  },
  setThreshold: {
    what: 'set-threshold',
    intent: 'kind: set-threshold\nreason: four of five\nrole: root\n',
    prepare: (bench) =>
      bench.policy(policyText(holderIds, (text) => text.replace('root: { threshold: 3', 'root: { threshold: 4'))),
  },
  rotateOnline: {
    what: 'rotate-online',
    intent: 'kind: rotate-online\nreason: yearly\n',
    prepare: (bench) => bench.rotateOnline('online 2'),
  },
  rotateLostOnline: {
    what: 'rotate-online of a key that is lost',
    intent: 'kind: rotate-online\nreason: the account is closed\nlost: [online]\n',
    prepare: async (bench) => {
      await bench.rotateOnline('online 2');
      bench.formerOnline = undefined;
    },
    interrupts: true,
  },
  revokeKey: {
    what: 'revoke-key with a replacement',
    intent: 'kind: revoke-key\nreason: stolen\nholder: alice\nsince: 2026-11-20T00:00:00Z\n',
    prepare: (bench) => enrolAnew(bench, ['alice']),
  },
  revokeHolder: {
    what: 'revoke-key without a replacement',
    intent: 'kind: revoke-key\nreason: stolen\nholder: alice\nsince: 2026-11-20T00:00:00Z\n',
    prepare: leave,
  },
  recoverFastForward: {
    what: 'recover-fast-forward',
    intent: 'kind: recover-fast-forward\nreason: version 1000 was seen\nsince: 2026-11-20T00:00:00Z\n',
    prepare: (bench) => bench.rotateOnline('online 2'),
    interrupts: true,
  },
  rotateTargetsKeys: {
    what: 'rotate-targets-keys',
    intent: `kind: rotate-targets-keys\nreason: no replay\nholders: [${three.join(', ')}]\n`,
    prepare: async (bench) => {
      for (const id of three) await bench.enrol(id, seededSigner(`${id} targets`), 'targets');
    },
  },
  updateTargets: {
    what: 'update-targets',
    intent: 'kind: update-targets\nreason: another note\n',
    prepare: (bench) => bench.target('note.txt', 'second\n'),
  },
} as const satisfies Readonly<Record<string, EventCase>>;

/** Plans, signs and publishes one of them. */
export async function runCase(bench: CeremonyBench, event: EventCase) {
  await event.prepare?.(bench);
  return await bench.run('event', event.intent, event.former?.map(seededSigner));
}

const everyName = [
  ...[...holderIds, 'frank', 'online', 'mallory'].flatMap((name) => [name, `${name} 2`]),
  ...three.map((id) => `${id} targets`),
];
const nameOfKey = new Map(everyName.map((name) => [keyId(tufKey(seededSigner(name).publicKey)), name]));

/** Returns the names of seeded keys. */
export function namesOf(keyids: readonly string[]): readonly string[] {
  return keyids.map((keyid) => nameOfKey.get(keyid) ?? keyid).sort();
}

/** Returns whose seeded keys signed a file. */
export function signersOf({ signatures }: ParsedMetadata): readonly string[] {
  return namesOf(signatures.map(({ keyid }) => keyid));
}
