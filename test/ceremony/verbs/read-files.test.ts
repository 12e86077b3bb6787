import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readSteps } from '../../../ceremony/event/script.ts';
import { parseSignature } from '../../../ceremony/event/signature-file.ts';
import { parsePacket } from '../../../ceremony/packet/packet.ts';
import { PinnedRoots } from '../../../ceremony/pinned-root.ts';
import { readOnlineKey } from '../../../ceremony/root-signing/online-key.ts';
import { ceremonyDoctorCommand, ceremonyLintCommand } from '../../../ceremony/verbs/doctor.ts';
import { ceremonyPublishCommand } from '../../../ceremony/verbs/publish.ts';
import { ceremonyReviewCommand } from '../../../ceremony/verbs/review.ts';
import { utf8 } from '../../../src/core/bytes.ts';
import { CeremonyBench } from '../../support/ceremony-bench.ts';
import { runCommand } from '../../support/invocation.ts';

describe('files of a root-signing directory', () => {
  it('refuses a packet, a signature, a script and an online key that are none', async () => {
    await using bench = await CeremonyBench.begin();
    const file = join(bench.layout.directory, 'x.json');
    await writeFile(file, '{"format":"sigstead-other/v1"}\n');
    expect(() => parsePacket(utf8('{"format":"sigstead-packet/v1","tool":"x"}'), 'p')).toThrowToolkit('CER_PACKET');
    expect(() => parseSignature(utf8('{"format":"sigstead-packet/v1"}'), 's')).toThrowToolkit('CER_SIGNATURE_FILE');
    await expect(readOnlineKey(file)).rejects.toThrowToolkit('CER_ONLINE_KEY_FILE');
    const event = bench.layout.event('e');
    await mkdir(event.directory, { recursive: true });
    await writeFile(event.steps, '{"format":"sigstead-script/v1","steps":[{}]}\n');
    await expect(readSteps(event)).rejects.toThrowToolkit('CER_SCRIPT_FILE');
  });

  it('refuses a memory of roots that is damaged', async () => {
    await using bench = await CeremonyBench.begin();
    const home = join(bench.layout.directory, 'home');
    await mkdir(home);
    await writeFile(join(home, `${'0'.repeat(32)}.json`), '{"format":"sigstead-pinned-root/v1","signed":3}\n');
    await expect(new PinnedRoots(home).pinFor('0'.repeat(32), [])).rejects.toThrowToolkit('CER_PINNED_FILE');
  });

  it('refuses a link among the targets', async () => {
    await using bench = await CeremonyBench.begin();
    await symlink('/etc/passwd', join(bench.layout.targets, 'passwd'));
    await expect(bench.open()).rejects.toThrowToolkit('CER_TARGET_NAME');
  });
});

describe('ceremony publish', () => {
  const words = (bench: CeremonyBench) => [
    'again',
    '--to',
    join(bench.layout.directory, 'x'),
    '--dir',
    bench.layout.directory,
  ];

  it('refuses what was not assembled, and then a key that nobody named, before any is opened', async () => {
    await using bench = await CeremonyBench.published();
    await bench.plan('again', 'kind: renew\nreason: time\n');
    await bench.freeze('again');
    const publish = () => runCommand(ceremonyPublishCommand, words(bench), { clock: { now: () => bench.now } });
    await expect(publish()).rejects.toThrowToolkit('CER_NOT_ASSEMBLED', { event: 'again' });
    await bench.sign('again');
    await bench.assemble('again');
    await rm(bench.layout.onlineKey);
    await expect(publish()).rejects.toThrowToolkit('CER_ONLINE_KEY_UNNAMED');
  });
});

describe('ceremony review', () => {
  it('refuses an event that was overtaken by another, without alarm', async () => {
    await using bench = await CeremonyBench.published();
    await bench.plan('slow', 'kind: renew\nreason: slow\n');
    await bench.run('quick', 'kind: renew\nreason: quick\n');
    const line = ['slow', '--dir', bench.layout.directory, '--home', join(bench.layout.directory, 'home')];
    const review = runCommand(ceremonyReviewCommand, line, { clock: { now: () => bench.now } });
    await expect(review).rejects.toThrowToolkit('CER_PLAN_OUTDATED', { event: 'slow' });
  });
});

describe('ceremony lint', () => {
  it('accepts a directory, and finds what was changed in it', async () => {
    await using bench = await CeremonyBench.published();
    const dir = ['--dir', bench.layout.directory];
    await writeFile(join(bench.layout.directory, '.gitattributes'), '* -text\n');
    const clock = { now: () => bench.now };
    expect((await runCommand(ceremonyLintCommand, dir, { clock })).outcome).toMatchObject({
      exitCode: 0,
      json: { findings: [] },
    });
    const copy = join(bench.layout.metadata, 'root.json');
    await writeFile(copy, `${await bench.text(copy)}\n`);
    await writeFile(join(bench.layout.directory, '.gitattributes'), '');
    const { outcome } = await runCommand(ceremonyLintCommand, dir, { clock });
    expect(outcome).toMatchObject({
      exitCode: 3,
      json: { findings: [{ rule: 'root-copy' }, { rule: 'no-text-conversion' }] },
    });
  });
});

describe('ceremony doctor', () => {
  it('accepts a root of trust in good health, and says later that time runs out', async () => {
    await using bench = await CeremonyBench.published();
    const dir = ['--dir', bench.layout.directory];
    const at = (days: number) => ({ clock: { now: () => new Date(bench.now.getTime() + days * 86_400_000) } });
    expect((await runCommand(ceremonyDoctorCommand, dir, at(0))).outcome).toMatchObject({ json: { findings: [] } });
    const late = await runCommand(ceremonyDoctorCommand, dir, at(85));
    expect(late.outcome).toMatchObject({
      exitCode: 3,
      json: { findings: [{ rule: 'time-to-sign', where: 'targets v1' }] },
    });
  });
});
