import { readdir, writeFile } from 'node:fs/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { openEvent } from '../../../ceremony/event/event.ts';
import { addMs } from '../../../src/core/clock.ts';
import { CeremonyBench } from '../../support/ceremony-bench.ts';
import { eventCases } from '../../support/ceremony-events.ts';
import { inDays, seededSigner } from '../../support/root-of-trust.ts';

const genesis = await CeremonyBench.published();
afterAll(() => genesis[Symbol.asyncDispose]());

describe('planNewEvent', () => {
  it.each(['', 'Event', '../event', 'event/..', '-event', 'event-', 'a b', 'x'.repeat(65)])(
    'refuses the name %p',
    async (name) => {
      await expect(genesis.plan(name, eventCases.renew.intent)).rejects.toThrowToolkit('CER_EVENT_NAME', { name });
    },
  );

  it('accepts another try until the plan is frozen, and refuses one afterwards, amended or not', async () => {
    await using bench = await genesis.copy();
    await bench.plan('event', eventCases.renew.intent);
    await bench.plan('event', eventCases.renewRoot.intent);
    await bench.freeze('event');
    const again = () => bench.plan('event', eventCases.renew.intent);
    await expect(again()).rejects.toThrowToolkit('CER_EVENT_FROZEN', { revision: 1 });
    await bench.amend('event', eventCases.renew.intent);
    await expect(again()).rejects.toThrowToolkit('CER_EVENT_FROZEN', { revision: 2 });
  });
});

describe('openEvent', () => {
  it('refuses where none is planned', async () => {
    await expect(openEvent(genesis.layout.event('none'))).rejects.toThrowToolkit('CER_NO_EVENT');
  });

  it('refuses a plan that was edited after it was frozen', async () => {
    await using bench = await genesis.copy();
    await bench.plan('event', eventCases.renew.intent);
    await bench.freeze('event');
    const { plan } = bench.layout.event('event');
    await writeFile(plan, (await bench.text(plan)).replace('in time', 'in town'));
    await expect(bench.review('event')).rejects.toThrowToolkit('CER_PLAN_CHANGED');
    await expect(bench.amend('event', eventCases.renew.intent)).rejects.toThrowToolkit('CER_PLAN_CHANGED');
    await writeFile(plan, `${await bench.text(plan)} `);
    await expect(bench.review('event')).rejects.toThrowToolkit('CER_PLAN_FILE');
  });
});

describe('a rehearsal', () => {
  it('refuses to pass for real, and the real thing to pass for one', async () => {
    await using bench = await CeremonyBench.begin();
    bench.rehearsal = true;
    await bench.run('genesis', 'kind: genesis\nreason: begin\n');
    const { repository } = await bench.run('renew', eventCases.renew.intent);
    expect(repository.root.signed).toMatchObject({ 'x-sigstead-rehearsal': true });
    await using real = await genesis.copy();
    for (const [on, what] of [
      [bench, 'false'],
      [real, 'true'],
    ] as const) {
      on.rehearsal = !on.rehearsal;
      await on.plan('event', eventCases.renew.intent);
      const contradiction = { what: 'rehearsal', got: what };
      await expect(on.review('event')).rejects.toThrowToolkit('CER_PACKET_CONTRADICTS', contradiction);
    }
  });
});

describe('assembleEvent', () => {
  it('refuses to replace a key without the one that goes, unless it is lost', async () => {
    await using bench = await genesis.copy();
    await eventCases.replaceKey.prepare(bench);
    await bench.plan('event', eventCases.replaceKey.intent);
    await bench.freeze('event');
    await bench.sign('event');
    await expect(bench.assemble('event')).rejects.toThrowToolkit('CER_THRESHOLD_NOT_MET', { have: 0, need: 1 });
    await bench.plan('lost', `${eventCases.replaceKey.intent}lost: [alice]\n`);
    await bench.freeze('lost');
    await bench.sign('lost');
    await bench.assemble('lost');
  });
});

describe('publishEvent', () => {
  it('goes on where it was stopped after the last write, before anything was written down', async () => {
    await using bench = await genesis.copy();
    await eventCases.replaceKey.prepare(bench);
    await bench.plan('event', eventCases.replaceKey.intent);
    await bench.freeze('event');
    await bench.sign('event', [...bench.signers.values(), seededSigner('alice')]);
    await bench.assemble('event');
    await using stopped = await bench.copy();
    await bench.publishAssembled('event');
    stopped.store = bench.store;
    const { repository } = await stopped.publishAssembled('event');
    expect((await stopped.open()).recorded?.versions).toEqual(repository.versions);
  });

  it('refuses a plan that is not frozen', async () => {
    await using bench = await genesis.copy();
    await bench.plan('event', eventCases.renew.intent);
    await bench.sign('event');
    await expect(bench.publish('event')).rejects.toThrowToolkit('CER_NOT_FROZEN', { event: 'event' });
    expect(bench.store.writes).toEqual([]);
  });

  it('refuses the second of two events that were planned on one base', async () => {
    await using bench = await genesis.copy();
    await bench.target('note.txt', 'second\n');
    for (const [name, intent] of [
      ['first', eventCases.renewRoot.intent],
      ['second', eventCases.updateTargets.intent],
      ['third', eventCases.renew.intent],
    ] as const) {
      await bench.plan(name, intent);
      await bench.freeze(name);
      await bench.sign(name);
      await bench.assemble(name);
      bench.now = addMs(bench.now, 1_000);
    }
    await bench.publishAssembled('first');
    const writes = bench.store.writes.length;
    for (const name of ['second', 'third']) {
      const stale = { role: 'root', event: name, published: 2 };
      await expect(bench.publishAssembled(name)).rejects.toThrowToolkit('CER_PLAN_STALE', stale);
      // Nor does anybody sign it: the packet does not fit the root in force any more.
      await expect(bench.review(name)).rejects.toThrowToolkit('CER_PACKET_CONTRADICTS', { what: 'base root' });
    }
    expect(bench.store.writes).toHaveLength(writes);
    await bench.amend('second', eventCases.updateTargets.intent);
    await bench.freeze('second');
    expect((await bench.publish('second')).repository.versions).toMatchObject({ root: 2, targets: 2 });
  });

  it('refuses to publish to another repository than the one it was planned for', async () => {
    await using bench = await genesis.copy();
    await using other = await CeremonyBench.begin(['frank', 'grace', 'heidi', 'ivan']);
    await other.run('genesis', 'kind: genesis\nreason: begin\n');
    await bench.plan('event', eventCases.renew.intent);
    await bench.freeze('event');
    await bench.sign('event');
    await bench.assemble('event');
    bench.store = other.store;
    await expect(bench.publishAssembled('event')).rejects.toThrowToolkit('TUF_THRESHOLD');
    expect(other.store.writes).toHaveLength(5);
  });

  it('refuses a targets file that was changed after freezing, whoever has signed', async () => {
    await using bench = await genesis.copy();
    await bench.target('note.txt', 'second\n');
    await bench.plan('event', eventCases.updateTargets.intent);
    await bench.freeze('event');
    await bench.sign('event');
    await bench.assemble('event');
    await bench.target('note.txt', 'third\n');
    const what = { what: 'target note.txt to be signed' };
    await expect(bench.review('event')).rejects.toThrowToolkit('CER_PACKET_CONTRADICTS', what);
    await expect(bench.publishAssembled('event')).rejects.toThrowToolkit('TUF_HASH');
    expect(bench.store.writes).toEqual([]);
    await bench.target('note.txt', 'second\n');
    expect((await bench.publishAssembled('event')).repository.versions.targets).toBe(2);
  });

  it('refuses a plan older than the policy allows, and one from the future', async () => {
    await using bench = await genesis.copy();
    await bench.plan('event', eventCases.renew.intent);
    await bench.freeze('event');
    await bench.sign('event');
    await bench.assemble('event');
    bench.now = addMs(inDays(21), 1_000);
    await expect(bench.publishAssembled('event')).rejects.toThrowToolkit('CER_PLAN_TOO_OLD');
    bench.now = inDays(-1);
    await expect(bench.publishAssembled('event')).rejects.toThrowToolkit('CER_PLAN_FUTURE');
    bench.now = inDays(1);
    expect((await bench.publishAssembled('event')).repository.versions.root).toBe(2);
  });

  it('refuses assembled metadata that is not the plan’s', async () => {
    await using bench = await genesis.copy();
    await bench.plan('event', eventCases.renew.intent);
    await bench.freeze('event');
    await bench.sign('event');
    await bench.assemble('event');
    const { assembled } = bench.layout.event('event');
    expect(await readdir(assembled)).toEqual(['2.root.json', '2.targets.json']);
    await writeFile(`${assembled}/2.root.json`, await bench.pinnedRoot());
    await expect(bench.publishAssembled('event')).rejects.toThrowToolkit('CER_PACKET_CONTRADICTS');
  });
});
