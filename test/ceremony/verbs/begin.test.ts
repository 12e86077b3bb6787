import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ceremonyEnrollCommand } from '../../../ceremony/verbs/enroll.ts';
import { ceremonyInitCommand } from '../../../ceremony/verbs/init.ts';
import { ceremonyInviteCommand } from '../../../ceremony/verbs/invite.ts';
import { runCommand } from '../../support/invocation.ts';

let scratch: string;
let dir: string;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
  dir = join(scratch, 'root-signing');
});

afterEach(async () => {
  await rm(scratch, { recursive: true, force: true });
});

const init = () => runCommand(ceremonyInitCommand, ['--name', 'acme', '--dir', dir]);

describe('ceremony init', () => {
  it('begins a directory with an identity, a policy and no conversion of line ends', async () => {
    await init();
    expect(JSON.parse(await readFile(join(dir, 'repository.json'), 'utf8'))).toEqual({
      format: 'sigstead-repository/v1',
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      name: 'acme',
      firstRoot: 1,
    });
    expect(await readFile(join(dir, '.gitattributes'), 'utf8')).toBe('* -text\n');
    expect(await readFile(join(dir, 'policy.yaml'), 'utf8')).toContain('threshold: 3');
  });

  it('refuses a directory in which a root of trust was begun, and changes nothing', async () => {
    await init();
    const identity = await readFile(join(dir, 'repository.json'), 'utf8');
    await expect(init()).rejects.toThrowToolkit('CER_ALREADY_BEGUN');
    expect(await readFile(join(dir, 'repository.json'), 'utf8')).toBe(identity);
  });

  it('refuses a policy that is none, and writes nothing', async () => {
    const policy = join(scratch, 'policy.yaml');
    await writeFile(policy, 'holders: []\n');
    const words = ['--name', 'acme', '--dir', dir, '--policy', policy];
    await expect(runCommand(ceremonyInitCommand, words)).rejects.toThrowToolkit('CFG_POLICY_INVALID');
    await expect(readFile(join(dir, 'repository.json'))).rejects.toThrow('ENOENT');
  });
});

describe('ceremony invite', () => {
  it('writes an invitation for a holder of the policy', async () => {
    await init();
    const { outcome } = await runCommand(ceremonyInviteCommand, ['alice', '--dir', dir]);
    expect(outcome?.json).toMatchObject({ holder: 'alice' });
    expect(JSON.parse(await readFile(join(dir, 'keyholders', 'alice', 'invitation.json'), 'utf8'))).toMatchObject({
      holder: { id: 'alice', name: 'Alice Example' },
      keys: 'all',
    });
  });

  it('refuses somebody whom the policy does not name', async () => {
    await init();
    const words = ['mallory', '--dir', dir];
    await expect(runCommand(ceremonyInviteCommand, words)).rejects.toThrowToolkit('CER_HOLDER_UNKNOWN', {
      holder: 'mallory',
    });
  });

  it('refuses an identity that was edited', async () => {
    await init();
    const path = join(dir, 'repository.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"acme"', '"acme", "more": 1'));
    await expect(runCommand(ceremonyInviteCommand, ['alice', '--dir', dir])).rejects.toThrowToolkit('CER_IDENTITY');
  });
});

describe('ceremony enroll', () => {
  it.each([[[]], [['--online', '--accept', 'x']], [['--invitation', 'x', '--online']]])(
    'refuses the line %j',
    async (words) => {
      await expect(runCommand(ceremonyEnrollCommand, words)).rejects.toThrowToolkit('CLI_USAGE');
    },
  );
});
