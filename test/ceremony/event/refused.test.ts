import { afterAll, describe, expect, it } from '@jest/globals';
import { CeremonyBench, policyText } from '../../support/ceremony-bench.ts';
import { type EventCase, eventCases } from '../../support/ceremony-events.ts';
import { holderIds, seededSigner } from '../../support/root-of-trust.ts';

const genesis = await CeremonyBench.published();
afterAll(() => genesis[Symbol.asyncDispose]());

interface RefusedPlan {
  readonly what: string;
  readonly event: EventCase;
  /** What people did instead of what the event needs. */
  readonly instead?: (bench: CeremonyBench) => Promise<void>;
  readonly code: string;
  readonly message: RegExp;
}

const nothing = async () => undefined;
const withPolicy = (text: string) => (bench: CeremonyBench) => bench.policy(text);
const four = holderIds.slice(1);

const refusedPlans: readonly RefusedPlan[] = [
  {
    what: 'add-holder of somebody who is in no policy',
    event: eventCases.addHolder,
    instead: (bench) => bench.enrol('frank', seededSigner('frank')),
    code: 'CER_NOTHING_TO_SIGN',
    message: /add-holder changes nothing/,
  },
  {
    what: 'add-holder of somebody who did not enroll',
    event: eventCases.addHolder,
    instead: withPolicy(policyText([...holderIds, 'frank'])),
    code: 'CER_HOLDERS',
    message: /missing: frank/,
  },
  {
    what: 'add-holder of another than is announced',
    event: eventCases.addHolder,
    instead: async (bench) => {
      await bench.policy(policyText([...holderIds, 'grace']));
      await bench.enrol('grace', seededSigner('grace'));
    },
    code: 'CER_PLAN_REFUSED',
    message: /add-holder does not announce that grace is added \(root, targets\).*expected another key of frank/,
  },
  {
    what: 'remove-holder while the policy keeps the holder',
    event: eventCases.removeHolder,
    instead: nothing,
    code: 'CER_NOTHING_TO_SIGN',
    message: /remove-holder changes nothing/,
  },
  {
    what: 'remove-holder of another than is announced',
    event: eventCases.removeHolder,
    instead: withPolicy(policyText(['alice', 'bob', 'carol', 'dave'])),
    code: 'CER_PLAN_REFUSED',
    message: /does not announce that erin is removed.*expected a key of alice to leave the root/,
  },
  {
    what: 'remove-holder who still signs targets',
    event: eventCases.removeHolder,
    instead: withPolicy(
      policyText(holderIds, (text) => text.replace('root: {', `root: { holders: [${four.join(', ')}],`)),
    ),
    code: 'CER_PLAN_REFUSED',
    message: /expected a key of alice to leave the root, got none/,
  },
  {
    what: 'remove-holder that lowers the tolerance below the policy',
    event: eventCases.removeHolder,
    instead: withPolicy(policyText(four, (text) => text.replace('tolerance: 1', 'tolerance: 2'))),
    code: 'CER_PLAN_REFUSED',
    message: /tolerance-kept: roles.root: expected that 2 of its keys may be lost, got 1 \(3 of 4 sign\)/,
  },
  {
    what: 'replace-key without a new key',
    event: eventCases.replaceKey,
    instead: nothing,
    code: 'CER_NOTHING_TO_SIGN',
    message: /replace-key changes nothing/,
  },
  {
    what: 'replace-key where another holder’s key changes too',
    event: eventCases.replaceKey,
    instead: async (bench) => {
      for (const id of ['alice', 'bob']) await bench.enrol(id, seededSigner(`${id} 2`));
    },
    code: 'CER_PLAN_REFUSED',
    message: /does not announce that bob is removed.*does not announce that bob is added/,
  },
  {
    what: 'replace-key where only a second key comes, for targets',
    event: eventCases.replaceKey,
    instead: (bench) => bench.enrol('alice', seededSigner('alice targets'), 'targets'),
    code: 'CER_PLAN_REFUSED',
    message: /expected a key of alice to leave the root, got none/,
  },
  {
    what: 'replace-quorum where one of them enrolled nothing',
    event: eventCases.replaceQuorum,
    instead: async (bench) => {
      for (const id of ['alice', 'bob']) await bench.enrol(id, seededSigner(`${id} 2`));
    },
    code: 'CER_PLAN_REFUSED',
    message: /expected another key of carol, got none/,
  },
  {
    what: 'set-threshold where the policy says the same',
    event: eventCases.setThreshold,
    instead: nothing,
    code: 'CER_NOTHING_TO_SIGN',
    message: /set-threshold changes nothing/,
  },
  {
    what: 'set-threshold of the other role',
    event: eventCases.setThreshold,
    instead: withPolicy(
      policyText(holderIds, (text) => text.replace('targets: { threshold: 3', 'targets: { threshold: 4')),
    ),
    code: 'CER_PLAN_REFUSED',
    message: /roles.targets.threshold: set-threshold does not announce that 3 becomes 4/,
  },
  {
    what: 'set-threshold that lets fewer be lost than the policy wants',
    event: eventCases.setThreshold,
    instead: withPolicy(policyText(holderIds, (text) => text.replace('root: { threshold: 3', 'root: { threshold: 5'))),
    code: 'CER_PLAN_REFUSED',
    message: /tolerance-kept: roles.root: expected that 1 of its keys may be lost, got 0/,
  },
  {
    what: 'rotate-online to the same key',
    event: eventCases.rotateOnline,
    instead: nothing,
    code: 'CER_NOTHING_TO_SIGN',
    message: /rotate-online changes nothing/,
  },
  {
    what: 'rotate-online to the key of a holder',
    event: eventCases.rotateOnline,
    instead: (bench) => bench.rotateOnline('alice'),
    code: 'CER_PLAN_REFUSED',
    message: /online-key-apart/,
  },
  {
    what: 'recover-fast-forward with the key that signed the versions',
    event: eventCases.recoverFastForward,
    instead: nothing,
    code: 'CER_NOTHING_TO_SIGN',
    message: /recover-fast-forward changes nothing/,
  },
  {
    what: 'revoke-key of a key that stays',
    event: eventCases.revokeKey,
    instead: nothing,
    code: 'CER_NOTHING_TO_SIGN',
    message: /revoke-key changes nothing/,
  },
  {
    what: 'revoke-key of a key that leaves targets alone',
    event: eventCases.revokeKey,
    instead: (bench) => bench.enrol('alice', seededSigner('alice targets'), 'targets'),
    code: 'CER_PLAN_REFUSED',
    message: /expected a key of alice to leave the root, got none/,
  },
  {
    what: 'revoke-key where so many keys are lost that nobody can sign',
    event: { ...eventCases.revokeKey, intent: `${eventCases.revokeKey.intent}lost: [bob, carol]\n` },
    code: 'CER_PLAN_REFUSED',
    message: /quorums-reachable: root: root of root v1: expected 3 keys that are not lost, got 2/,
  },
  {
    what: 'rotate-targets-keys where one of them enrolled nothing',
    event: eventCases.rotateTargetsKeys,
    instead: (bench) => bench.enrol('alice', seededSigner('alice targets'), 'targets'),
    code: 'CER_PLAN_REFUSED',
    message: /expected another key of bob.*expected another key of carol/,
  },
  {
    what: 'rotate-targets-keys that changes a key for root',
    event: eventCases.rotateTargetsKeys,
    instead: async (bench) => {
      for (const id of ['alice', 'bob', 'carol']) await bench.enrol(id, seededSigner(`${id} 2`));
    },
    code: 'CER_PLAN_REFUSED',
    message: /does not announce that alice is added \(root, targets\)/,
  },
  {
    what: 'update-targets without another file',
    event: eventCases.updateTargets,
    instead: nothing,
    code: 'CER_NOTHING_TO_SIGN',
    message: /update-targets changes nothing/,
  },
  {
    what: 'update-targets where a key changes too',
    event: eventCases.updateTargets,
    instead: async (bench) => {
      await bench.target('note.txt', 'second\n');
      await bench.enrol('alice', seededSigner('alice 2'));
    },
    code: 'CER_PLAN_REFUSED',
    message: /update-targets does not announce that alice is added/,
  },
  {
    what: 'renew where a key changes unseen',
    event: eventCases.renew,
    instead: (bench) => bench.enrol('alice', seededSigner('alice 2')),
    code: 'CER_PLAN_REFUSED',
    message: /renew does not announce that alice is added/,
  },
  {
    what: 'genesis where there is a root of trust',
    event: { what: 'genesis', intent: 'kind: genesis\nreason: begin\n' },
    code: 'CER_ALREADY_BEGUN',
    message: /expected nothing yet, found a root of trust/,
  },
];

describe('planNewEvent', () => {
  it.each(refusedPlans.map((plan) => [plan.what, plan] as const))('refuses %s', async (_, plan) => {
    await using bench = await genesis.copy();
    await (plan.instead ?? plan.event.prepare)?.(bench);
    const refused = await bench.plan('event', plan.event.intent).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: plan.code, message: expect.stringMatching(plan.message) });
    await expect(bench.packet('event')).rejects.toThrowToolkit('CER_NO_EVENT');
  });

  it('refuses whatever follows on a root, where there is none', async () => {
    await using bench = await CeremonyBench.begin(['alice', 'bob', 'carol', 'dave']);
    await expect(bench.plan('event', eventCases.renew.intent)).rejects.toThrowToolkit('CER_NOT_BEGUN');
    await bench.policy(policyText(holderIds));
    await expect(bench.plan('event', 'kind: genesis\nreason: begin\n')).rejects.toThrowToolkit('CER_HOLDERS', {
      missing: ['erin'],
    });
  });
});

describe('publishEvent', () => {
  const quorumsMissing = [
    ['the new quorum alone', 'replaceQuorum', ['alice 2', 'bob 2', 'carol 2'], 'root of root v1', 0],
    ['the old quorum alone', 'replaceQuorum', ['alice', 'bob', 'carol'], 'root of root v2', 0],
    ['both quorums, one of each missing', 'replaceQuorum', ['alice', 'bob', 'alice 2', 'bob 2'], 'root of root v1', 2],
    ['two of three', 'renew', ['alice', 'bob'], 'root of root v1', 2],
    ['two of three and the new holder', 'addHolder', ['alice', 'bob', 'frank'], 'root of root v1', 2],
    ['a holder who left, for the third', 'removeHolder', ['alice', 'bob', 'carol'], 'root of root v2', 2],
    ['three where four are asked for from now on', 'setThreshold', ['alice', 'bob', 'carol'], 'root of root v2', 3],
  ] as const;

  it.each(quorumsMissing)('refuses to assemble what %s signed', async (_, key, names, quorum, have) => {
    await using bench = await genesis.copy();
    const event: EventCase = eventCases[key];
    await event.prepare?.(bench);
    await bench.plan('event', event.intent);
    await bench.freeze('event');
    await bench.sign('event', names.map(seededSigner));
    await expect(bench.assemble('event')).rejects.toThrowToolkit('CER_THRESHOLD_NOT_MET', {
      role: 'root',
      quorum,
      have,
    });
    expect(bench.store.writes).toEqual([]);
  });

  it('refuses targets that only those who sign them from now on signed', async () => {
    await using bench = await genesis.copy();
    await eventCases.rotateTargetsKeys.prepare(bench);
    await bench.plan('event', eventCases.rotateTargetsKeys.intent);
    await bench.freeze('event');
    await bench.sign('event', [...['bob targets', 'alice targets', 'carol targets'].map(seededSigner)]);
    await bench.sign('event', ['dave', 'erin'].map(seededSigner));
    await expect(bench.assemble('event')).rejects.toThrowToolkit('CER_THRESHOLD_NOT_MET', { role: 'root', have: 2 });
  });

  it('refuses another online key without the one that it replaces', async () => {
    await using bench = await genesis.copy();
    await bench.rotateOnline('online 2');
    bench.formerOnline = undefined;
    const published = bench.run('event', eventCases.rotateOnline.intent);
    await expect(published).rejects.toThrowToolkit('CER_FORMER_ONLINE_KEY', { root: 2, got: null });
    bench.formerOnline = seededSigner('online 3');
    await expect(bench.publishAssembled('event')).rejects.toThrowToolkit('CER_FORMER_ONLINE_KEY', {
      got: 'memory:online 3',
    });
    expect(bench.store.writes).toEqual([]);
    bench.formerOnline = genesis.online;
    expect((await bench.publishAssembled('event')).repository.root.version).toBe(2);
  });

  it('refuses an online key that the new root does not name', async () => {
    await using bench = await genesis.copy();
    await bench.rotateOnline('online 2');
    [bench.online, bench.formerOnline] = [seededSigner('online 3'), bench.formerOnline];
    const published = bench.run('event', eventCases.rotateOnline.intent);
    await expect(published).rejects.toThrowToolkit('CER_ONLINE_KEY', { root: 2, signer: 'memory:online 3' });
    expect(bench.store.writes).toEqual([]);
  });
});
