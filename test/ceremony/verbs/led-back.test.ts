import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { formatPacket } from '../../../ceremony/packet/packet.ts';
import { PinnedRoots, pinOf } from '../../../ceremony/pinned-root.ts';
import { assertNotBehind } from '../../../ceremony/verbs/resign-online.ts';
import { ceremonyReviewCommand } from '../../../ceremony/verbs/review.ts';
import { CeremonyBench } from '../../support/ceremony-bench.ts';
import { runCommand } from '../../support/invocation.ts';
import { now } from '../../support/root-of-trust.ts';

const bench = await CeremonyBench.published();
afterAll(() => bench[Symbol.asyncDispose]());
const intent = 'kind: renew\nreason: yearly\n';
await bench.plan('first', intent);
const packet = formatPacket(await bench.packet('first'));
const firstRoot = await bench.pinnedRoot();

describe('ceremonyReviewCommand', () => {
  it('takes nobody back behind the root that was seen last, whatever older one is named', async () => {
    await using later = await bench.copy();
    await later.freeze('first');
    await later.sign('first');
    await later.publish('first');
    const { recorded, identity } = await later.open();
    if (!recorded) throw new Error('nothing is recorded');
    const place = (name: string) => join(later.layout.directory, name);
    await writeFile(place('packet.json'), packet);
    await writeFile(place('1.root.json'), firstRoot);
    const words = ['--packet', place('packet.json'), '--pinned-root', place('1.root.json'), '--allow-network'];
    const review = async () =>
      await runCommand(ceremonyReviewCommand, [...words, '--home', place('home')], { clock: { now: () => now } });
    expect((await review()).outcome?.text).toContain('YOUR PINNED ROOT v1 is the root in force');
    await new PinnedRoots(place('home')).remember(identity.id, pinOf(recorded.root));
    await expect(review()).rejects.toThrowToolkit('CER_ROOT_OLDER', { pinned: 2, packet: 1 });
  });
});

describe('publishEvent', () => {
  it('refuses an intent other than the one that was planned: it says what is written first', async () => {
    await using changed = await bench.copy();
    await changed.freeze('first');
    await changed.sign('first');
    await changed.assemble('first');
    const { intent: path } = changed.layout.event('first');
    await writeFile(path, `${intent}lost: [online]\n`);
    const before = [...changed.store.writes];
    await expect(changed.publishAssembled('first')).rejects.toThrowToolkit('CER_PACKET_CONTRADICTS', { what: path });
    expect(changed.store.writes).toEqual(before);
  });
});

describe('assertNotBehind', () => {
  const versions = { root: 2, targets: 3, snapshot: 4, timestamp: 5 };

  it('accepts what was published last, and what was signed since', () => {
    const since = { ...versions, snapshot: 5, timestamp: 9 };
    for (const current of [versions, since]) assertNotBehind({ versions }, { versions: current }, 's3://acme');
  });

  it.each(['root', 'targets', 'snapshot', 'timestamp'] as const)('refuses a store that was led back: %s', (role) => {
    const older = { versions: { ...versions, [role]: versions[role] - 1 } };
    expect(() => assertNotBehind({ versions }, older, 's3://acme')).toThrowToolkit('CER_PUBLISHED_OTHER', { role });
  });
});
