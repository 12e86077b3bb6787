import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KeyStore } from '../../local/key-store.ts';
import { rootPolicyFile } from '../../operate/root-of-trust.ts';
import { statusCommand } from '../../operate/status.ts';
import { projectDirectory } from '../support/instance.ts';
import { runCommand } from '../support/invocation.ts';
import { type LocalState, localState, recordUp } from '../support/local-state.ts';

let local: LocalState;
beforeEach(async () => {
  local = await localState();
});
afterEach(async () => await local[Symbol.asyncDispose]());

async function outcomeOfStatus() {
  const { outcome } = await runCommand(statusCommand, ['--state', local.state.path]);
  if (outcome === undefined) throw new Error('expected an outcome, got none');
  return outcome;
}

/** Puts a policy of 3 of 5 there, and a file for the key of each of these holders. */
async function makeRoot(...holders: readonly string[]): Promise<void> {
  await mkdir(local.state.rootSigning);
  await cp(join(projectDirectory, 'examples', 'root-signing', 'policy.yaml'), rootPolicyFile(local.state));
  await mkdir(local.state.keys);
  const keys = new KeyStore(local.state.keys);
  for (const holder of holders) await writeFile(keys.path(`holder-${holder}`), '');
}

describe('status', () => {
  it('shows where clients reach each service, also while none answers', async () => {
    const { json, text, exitCode } = await outcomeOfStatus();
    const { ports } = local.facts;
    const own = ['tuf', 'oidc'].map((id) => ({ id, url: `http://127.0.0.1:${ports[`edge/${id}`]}`, healthy: false }));
    expect(json).toMatchObject({ phase: 'down', rootOfTrust: null, services: expect.arrayContaining(own) });
    expect(text).toMatch(new RegExp(`^  ○ fulcio +http://127\\.0\\.0\\.1:${ports['edge/fulcio']}$`, 'm'));
    expect(exitCode).toBe(5);
  });

  it.each([
    [
      ['alice', 'bob', 'carol', 'dave', 'erin'],
      'local',
      'local, for trying things out: 3 of 5 holders sign; the keys of 5',
    ],
    [['alice', 'bob', 'carol'], 'local', 'local, for trying things out: 3 of 5 holders sign; the keys of 3'],
    [['alice', 'bob'], 'held apart', '3 of 5 holders sign; the keys of 2'],
  ])('tells the kind of root from the keys that are there: %j', async (holders, kind, words) => {
    await makeRoot(...holders);
    const { json, text } = await outcomeOfStatus();
    expect(json).toMatchObject({ rootOfTrust: { kind, threshold: 3, holders: 5, keysHere: holders.length } });
    expect(text).toContain(`  root of trust  ${words} lie in the state directory\n`);
  });

  it('shows no service before there is any material', async () => {
    await rm(local.state.materialFile);
    expect((await outcomeOfStatus()).json).toMatchObject({ services: [], issuer: null });
  });

  it.each([
    ['ready', 4],
    ['starting', 5],
  ] as const)(
    'ends a look at a repository that cannot be read, while the instance is %s, with %d',
    async (phase, exitCode) => {
      await makeRoot();
      await recordUp(local.state, { phase });
      await mkdir(local.state.repository);
      await writeFile(local.state.pinnedRootFile, '{"signed":');
      const status = await outcomeOfStatus();
      expect(status.exitCode).toBe(exitCode);
      expect(JSON.stringify(status.json)).toContain('timestamp.json');
    },
  );
});
