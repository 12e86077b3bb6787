import { type Plan, planEvent } from '../../ceremony/plan.ts';
import { parseIntent } from '../../src/config/intent.ts';
import type { RootPolicy } from '../../src/config/root-policy.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { trustFileNames } from '../../src/trust/compile.ts';
import type { TrustFiles } from '../../src/trust/lint.ts';
import { keyId, tufKey } from '../../src/tuf/key.ts';
import { readRepository } from '../../src/tuf/repository.ts';
import { edited, sampleFiles } from '../src/trust/sample.ts';
import { delegationOf } from '../support/delegated-role.ts';
import {
  holderIds,
  now,
  online,
  publishedRepository,
  readerOf,
  rootPolicy,
  seededSigner,
} from '../support/root-of-trust.ts';

const sample = await sampleFiles();
const filesOf = ({ trustedRoot, signingConfig }: TrustFiles): ReadonlyMap<string, Uint8Array> =>
  new Map([
    [trustFileNames.trustedRoot, trustedRoot],
    [trustFileNames.signingConfig, signingConfig],
  ]);
const { store, pinnedRoot } = await publishedRepository({ targets: filesOf(sample) });
const current = await readRepository({ read: readerOf(store), pinnedRoot });

interface Wanted {
  readonly policy?: RootPolicy;
  /** Names of the seeded keys that holders have now. */
  readonly keys?: Readonly<Record<string, string>>;
  readonly forTargets?: Readonly<Record<string, string>>;
  readonly onlineKey?: string;
  readonly files?: ReadonlyMap<string, Uint8Array>;
  readonly delegations?: JsonObject;
}

/** The plan of an event that leads from the sample to what is wanted. */
function eventPlan(intent: string, wanted: Wanted = {}): Plan {
  const { policy = rootPolicy(), keys = {}, forTargets = {}, onlineKey = 'online', files, delegations } = wanted;
  const named = new Set([...policy.root.holders, ...policy.targets.holders]);
  const publicKeys = (names: readonly (readonly [string, string])[]) =>
    new Map(names.map(([id, name]) => [id, seededSigner(name).publicKey]));
  return planEvent({
    intent: parseIntent(intent, 'intent.yaml'),
    policy,
    now,
    current,
    keys: {
      holders: publicKeys([...named].map((id) => [id, keys[id] ?? id])),
      forTargets: publicKeys(Object.entries(forTargets)),
      online: seededSigner(onlineKey).publicKey,
    },
    targets: files ?? current.targetFiles,
    targetsVersion: 2,
    ...(delegations && { delegations }),
  });
}

function change(plan: Plan, role: 'root' | 'targets', edit: (signed: JsonObject) => JsonObject): Plan {
  const payloads = plan.payloads.map((payload) =>
    payload.role === role ? { ...payload, signed: { ...payload.signed, ...edit(payload.signed) } } : payload,
  );
  return { ...plan, payloads };
}

const text = (kind: string, ...lines: readonly string[]) =>
  [`kind: ${kind}`, 'reason: a test', ...lines, ''].join('\n');
const renew = text('renew');
const replaceAlice = text('replace-key', 'holder: alice');
const revokeAlice = text('revoke-key', 'holder: alice', 'since: 2026-11-20T00:00:00Z');
const rotateTargets = text('rotate-targets-keys', 'holders: [alice, bob, carol]');
const delegateNpm = text(
  'delegate',
  'role: npm',
  'threshold: 1',
  'keys: [npm.pem]',
  'paths: [npm/*]',
  'terminating: true',
);
const updateTargets = (...lines: readonly string[]) => text('update-targets', ...lines);

const people = (ids: readonly string[], threshold = 3) => ({ threshold, holders: ids });
const policyOf = (role: 'root' | 'targets', ids: readonly string[], threshold?: number): RootPolicy => {
  const policy = rootPolicy();
  return { ...policy, [role]: { ...policy[role], ...people(ids, threshold) } };
};
const without = (ids: readonly string[]): RootPolicy => {
  const policy = rootPolicy();
  const of = (role: 'root' | 'targets') => ({ ...policy[role], ...people(ids) });
  return { ...policy, root: of('root'), targets: of('targets'), ceremony: { ...policy.ceremony, tolerance: 1 } };
};

const npm = tufKey(seededSigner('npm').publicKey);
const delegating = (role: Parameters<typeof delegationOf>[0]): JsonObject => ({
  keys: { [keyId(npm)]: npm },
  roles: [delegationOf(role)],
});
const bob = tufKey(seededSigner('bob').publicKey);

const three = { alice: 'alice 2', bob: 'bob 2', carol: 'carol 2' };
const relabelled = change(eventPlan(replaceAlice, { keys: { alice: 'alice 2' } }), 'root', ({ keys, roles }) => {
  const other: JsonObject = { ...bob, 'x-owner': 'bob' };
  const { [keyId(bob)]: _, ...rest } = keys as Readonly<Record<string, Json>>;
  const listed = JSON.stringify(roles).replaceAll(keyId(bob), keyId(other));
  return { keys: { ...rest, [keyId(other)]: other }, roles: JSON.parse(listed) as Json };
});

const noLog = filesOf(edited(sample, ['root.ctlogs', []]));
const withoutFile = (name: string) => new Map([...filesOf(sample)].filter(([other]) => other !== name));
const badFile = filesOf(edited(sample, ['root.tlogs.0.baseUrl', 'not a url']));
const moreFiles = new Map([...filesOf(sample), ['more.txt', new Uint8Array([1])] as const]);

/** A rule of events, a plan that violates it, and how it is told. */
export const eventViolations: readonly (readonly [string, string, Plan, RegExp])[] = [
  [
    'tolerance-kept',
    'a threshold that leaves fewer to lose than the policy wants',
    eventPlan(text('set-threshold', 'role: root'), { policy: policyOf('root', holderIds, 4) }),
    /roles.root: expected that 2 of its keys may be lost, got 1 \(4 of 5 sign\)/,
  ],
  [
    'quorums-reachable',
    'a quorum of which too many keys are lost',
    eventPlan(text('renew', 'roles: [targets]', 'lost: [alice, bob, carol]')),
    /targets: targets of root v1: expected 3 keys that are not lost, got 2/,
  ],
  [
    'announced-changes',
    'a field of the root that changes by the way',
    change(eventPlan(renew), 'root', () => ({ 'x-note': 1 })),
    /x-note: renew does not announce that this field changes/,
  ],
  [
    'announced-changes',
    'a threshold that changes by the way',
    eventPlan(text('set-threshold', 'role: root'), {
      policy: { ...policyOf('root', holderIds, 2), targets: { ...rootPolicy().targets, threshold: 2 } },
    }),
    /roles.targets.threshold: set-threshold does not announce that 3 becomes 2/,
  ],
  [
    'announced-changes',
    'a private key that comes back under another id',
    relabelled,
    /expected the id [0-9a-f]{64} to stay, got the same private key under another/,
  ],
  [
    'announced-changes',
    'a revocation after which the key still signs root',
    eventPlan(revokeAlice, { forTargets: { alice: 'alice targets' } }),
    /intent: revoke-key: expected a key of alice to leave the root, got none/,
  ],
  [
    'announced-changes',
    'a key that is added beside the one that it should replace',
    eventPlan(replaceAlice, { forTargets: { alice: 'alice targets' } }),
    /intent: replace-key: expected a key of alice to leave the root, got none/,
  ],
  [
    'announced-changes',
    'an online key that changes by the way',
    change(eventPlan(renew, { onlineKey: 'online' }), 'root', ({ roles, keys }) => {
      const key = tufKey(seededSigner('online 2').publicKey);
      const old = keyId(tufKey(online.publicKey));
      const { timestamp } = roles as Readonly<Record<string, JsonObject>>;
      const both = { ...timestamp, keyids: [old, keyId(key)] };
      return {
        keys: { ...(keys as JsonObject), [keyId(key)]: key },
        roles: { ...(roles as JsonObject), timestamp: both },
      };
    }),
    /renew does not announce that key [0-9a-f]{8} is added \(timestamp\)/,
  ],
  [
    'replay-ended',
    'a rotation of two keys, after which three still vouch for the targets that are replaced',
    eventPlan(text('rotate-targets-keys', 'holders: [alice, bob]'), {
      forTargets: { alice: 'alice targets', bob: 'bob targets' },
    }),
    /roles.targets: expected fewer than 3 of the former keys to stay, got 3/,
  ],
  [
    'announced-targets',
    'a file that is added by the way',
    eventPlan(renew, { files: moreFiles }),
    /targets.more.txt: renew does not announce that it is added/,
  ],
  [
    'announced-targets',
    'an update that updates nothing',
    { ...eventPlan(renew), announced: parseIntent(updateTargets(), 'intent.yaml') },
    /targets: expected a change, got the targets that are in force/,
  ],
  [
    'announced-delegations',
    'a role that is added by the way',
    eventPlan(renew, { delegations: delegating({}) }),
    /delegations.npm: renew does not announce that it is added in this way/,
  ],
  [
    'delegation-paths',
    'a role for every file',
    eventPlan(delegateNpm.replace('npm/*', '"*/*"'), { delegations: delegating({ paths: ['*/*'] }) }),
    /delegations.npm: expected a part of the namespace, got all of it: \*\/\*/,
  ],
  [
    'trust-files',
    'a trusted_root.json that clients would not read',
    eventPlan(updateTargets(), { files: badFile }),
    /not a url/,
  ],
  [
    'trust-kept',
    'a log that leaves trusted_root.json',
    eventPlan(updateTargets(), { files: noLog }),
    /trusted_root.json: expected .* to stay, got none/,
  ],
  [
    'trust-kept',
    'a trusted_root.json that goes as a whole',
    eventPlan(updateTargets(), { files: withoutFile(trustFileNames.trustedRoot) }),
    /trusted_root.json: expected the file to stay, got none/,
  ],
];

/** Plans of events that comply with every rule. */
export const compliantEvents: readonly Plan[] = [
  eventPlan(renew),
  eventPlan(text('renew', 'lost: [alice, bob]')),
  eventPlan(replaceAlice, { keys: { alice: 'alice 2' } }),
  eventPlan(revokeAlice, { policy: without(holderIds.slice(1)) }),
  eventPlan(text('replace-quorum', 'holders: [alice, bob, carol]'), { keys: three }),
  eventPlan(rotateTargets, { forTargets: three }),
  eventPlan(text('rotate-online'), { onlineKey: 'online 2' }),
  eventPlan(text('set-threshold', 'role: root'), { policy: policyOf('root', holderIds, 2) }),
  eventPlan(updateTargets(), { files: moreFiles }),
  eventPlan(delegateNpm, { delegations: delegating({}) }),
];

/** What only `revokes: true` lets pass. */
export const announcedRevocation = eventPlan(updateTargets('revokes: true'), { files: noLog });
