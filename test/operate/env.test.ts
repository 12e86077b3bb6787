import { afterEach, describe, expect, it } from '@jest/globals';
import { envCommand } from '../../operate/env.ts';
import { removeRecord } from '../../operate/run-record.ts';
import { runProgram } from '../../src/process/run-program.ts';
import { runCommand } from '../support/invocation.ts';
import { type LocalState, localState, recordUp } from '../support/local-state.ts';

let local: LocalState;
afterEach(async () => await local?.[Symbol.asyncDispose]());

describe('env', () => {
  it.each(['state', 'it\'s $(here) `now` "$HOME" \\ *'])(
    'prints what a shell reads back, for a state directory named %s',
    async (name) => {
      local = await localState(name);
      await recordUp(local.state, { clientId: 'sigstore' });
      const { outcome } = await runCommand(envCommand, ['--state', local.state.path]);
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
    },
  );

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
