import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ceremonyStatusCommand } from '../../operate/ceremony-status.ts';
import { formatInstant } from '../../src/core/clock.ts';
import { serveFiles } from '../support/file-server.ts';
import { projectDirectory } from '../support/instance.ts';
import { runCommand } from '../support/invocation.ts';
import { inDays, publishedRepository } from '../support/root-of-trust.ts';

const { store, pinnedRoot } = await publishedRepository();
const example = await readFile(join(projectDirectory, 'examples', 'root-signing', 'policy.yaml'), 'utf8');

let directory: string;
let root: string;
let policy: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
  root = join(directory, '1.root.json');
  await writeFile(root, pinnedRoot);
  policy = join(directory, 'policy.yaml');
  // As the repository was made: its timestamp is good for three days.
  await writeFile(policy, example.replace(/expiryDays: 7\n {2}resignDays: 6/, 'expiryDays: 3\n  resignDays: 2'));
});
afterAll(async () => await rm(directory, { recursive: true }));

async function status(days: number, ...words: readonly string[]) {
  await using server = await serveFiles(store.files);
  const source = ['--metadata', server.url, '--root', root, '--policy', policy, '--at', formatInstant(inDays(days))];
  return (await runCommand(ceremonyStatusCommand, [...source, ...words])).outcome;
}

describe('ceremony status', () => {
  it('says how long each role of a published repository is good for, and by its exit code how urgent that is', async () => {
    const fresh = await status(0);
    expect(fresh).toMatchObject({
      exitCode: 0,
      json: { roles: [{ role: 'root', version: 1, state: 'fresh' }, {}, {}, {}] },
    });
    expect(fresh?.text).toMatch(/^root {6}v1 {2}expires \S+Z {2}sign the next from \S+Z$/m);
    const expired = await status(400);
    expect(expired).toMatchObject({ exitCode: 40, text: expect.stringMatching(/^timestamp v1 .* EXPIRED$/m) });
  });

  it('prints a calendar, or metrics, and not both', async () => {
    expect((await status(0, '--ics'))?.text).toMatch(/^BEGIN:VCALENDAR\r\n/);
    expect((await status(0, '--prometheus'))?.text).toMatch(/^# HELP sigstead_tuf_version /);
    await expect(status(0, '--ics', '--prometheus')).rejects.toThrowToolkit('CLI_USAGE');
  });

  it('refuses a place where no repository is, by its name', async () => {
    const words = ['--metadata', directory, '--root', root, '--policy', policy];
    await expect(runCommand(ceremonyStatusCommand, words)).rejects.toThrowToolkit('CER_METADATA_SOURCE', {
      metadata: directory,
    });
  });

  it('refuses a repository without its root or its policy, and a state directory without an instance', async () => {
    const run = (...words: readonly string[]) => runCommand(ceremonyStatusCommand, words);
    await expect(run('--metadata', directory, '--root', root)).rejects.toThrowToolkit('CLI_USAGE');
    await expect(run('--state', join(directory, 'none'))).rejects.toThrowToolkit('OPS_NO_INSTANCE');
  });
});
