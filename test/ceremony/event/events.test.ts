import { describe, expect, it } from '@jest/globals';
import { CeremonyBench, policyText } from '../../support/ceremony-bench.ts';
import { holderIds, seededSigner } from '../../support/root-of-trust.ts';

describe('publishEvent', () => {
  it('accepts genesis, and every role is there', async () => {
    await using bench = await CeremonyBench.published();
    const { recorded } = await bench.open();
    expect(recorded?.versions).toEqual({ root: 1, targets: 1, snapshot: 1, timestamp: 1 });
  });

  it('accepts another key of one holder, signed by the old and the new', async () => {
    await using bench = await CeremonyBench.published();
    await bench.enrol('alice', seededSigner('alice 2'));
    const { repository, changed } = await bench.run(
      'replace',
      'kind: replace-key\nreason: new laptop\nholder: alice\n',
      [seededSigner('alice')],
    );
    expect(repository.versions).toEqual({ root: 2, targets: 2, snapshot: 2, timestamp: 2 });
    expect(changed.at(-1)).toBe('2.root.json');
  });

  it('accepts another online key, which both keys sign', async () => {
    await using bench = await CeremonyBench.published();
    await bench.rotateOnline('online 2');
    const { repository } = await bench.run('rotate', 'kind: rotate-online\nreason: yearly\n');
    expect(repository.timestamp.signatures).toHaveLength(2);
  });

  it('accepts a holder more and a holder less', async () => {
    await using bench = await CeremonyBench.published();
    await bench.policy(policyText([...holderIds, 'frank']));
    await bench.enrol('frank', seededSigner('frank'));
    await bench.run('add', 'kind: add-holder\nreason: frank joins\nholder: frank\n');
    await bench.policy(policyText([...holderIds.slice(1), 'frank']));
    const { repository } = await bench.run('remove', 'kind: remove-holder\nreason: alice leaves\nholder: alice\n');
    expect(repository.root.roles.root.keyids).toHaveLength(5);
  });
});
