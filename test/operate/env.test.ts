import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { envCommand } from '../../operate/env.ts';
import { removeRecord } from '../../operate/run-record.ts';
import { runProgram } from '../../src/process/run-program.ts';
import { runCommand } from '../support/invocation.ts';
import { type LocalState, localState, recordUp } from '../support/local-state.ts';

/** Nobody has built a cosign here. */
const environment = { PATH: '/nowhere', XDG_CACHE_HOME: '/nowhere' };

let local: LocalState;
afterEach(async () => await local?.[Symbol.asyncDispose]());

describe('env', () => {
  it.each(['state', 'it\'s $(here) `now` "$HOME" \\ *'])(
    'prints what a shell reads back, for a state directory named %s',
    async (name) => {
      local = await localState(name);
      await recordUp(local.state, { clientId: 'sigstore' });
      const { outcome, talk } = await runCommand(envCommand, ['--state', local.state.path], { environment });
      const script = `${outcome?.text}\nprintf '%s\\n' "$SIGSTEAD_TUF_URL" "$SIGSTEAD_TUF_ROOT" "$SIGSTEAD_OIDC_ISSUER"`;
      const { stdout } = await runProgram({ file: '/bin/sh', args: ['-c', script], env: {}, timeoutMs: 5_000 });
      expect(stdout.trimEnd().split('\n')).toEqual([
        `http://127.0.0.1:${local.facts.ports['edge/tuf']}`,
        local.state.pinnedRootFile,
        local.material.oidc[0]?.url,
      ]);
      expect(Object.keys(outcome?.json ?? {})).toEqual([
        'SIGSTEAD_TUF_URL',
        'SIGSTEAD_TUF_ROOT',
        'SIGSTEAD_OIDC_ISSUER',
      ]);
      expect(talk).toEqual([expect.stringContaining('no cosign')]);
    },
  );

  it('puts a cosign that was built on PATH, and leaves the one of the user alone', async () => {
    local = await localState();
    await recordUp(local.state);
    const built = join(local.state.path, "it's built");
    await writeProgram(join(built, 'cosign'), 'exit 1');
    const env = { SIGSTEAD_SERVERS: built, PATH: '/usr/bin:/bin' };
    const { outcome } = await runCommand(envCommand, ['--state', local.state.path], { environment: env });
    expect(outcome?.json).toMatchObject({ SIGSTEAD_COSIGN: join(built, 'cosign') });
    const script = `${outcome?.text}\nprintf '%s\\n' "$PATH" "$(command -v cosign)"`;
    const { stdout } = await runProgram({ file: '/bin/sh', args: ['-c', script], env, timeoutMs: 5_000 });
    expect(stdout).toBe(`${built}:${env.PATH}\n${join(built, 'cosign')}\n`);
    const own = join(local.state.path, 'own');
    await writeProgram(join(own, 'cosign'), `echo '{"gitVersion":"v3.1.0"}'`);
    const around = { environment: { ...environment, PATH: own } };
    const ran = await runCommand(envCommand, ['--state', local.state.path], around);
    expect(ran.outcome?.text).not.toContain('PATH');
    expect(ran.talk).toEqual([]);
  });

  it('refuses until the instance is ready', async () => {
    local = await localState();
    const run = () => runCommand(envCommand, ['--state', local.state.path]);
    await expect(run()).rejects.toThrowToolkit('OPS_NOT_RUNNING');
    await recordUp(local.state, { phase: 'starting', clientId: 'sigstore' });
    await expect(run()).rejects.toThrowToolkit('OPS_NOT_READY');
    await removeRecord(local.state);
    await expect(runCommand(envCommand, ['--state', `${local.state.path}-other`])).rejects.toThrowToolkit(
      'OPS_NO_INSTANCE',
    );
  });
});

async function writeProgram(path: string, script: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}
