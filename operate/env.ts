import { tufUrl } from '../local/endpoints.ts';
import { StateDirectory } from '../local/state.ts';
import type { Command, Invocation, Outcome } from '../src/cli/command.ts';
import { shellWord } from '../src/core/shell.ts';
import { readInstanceFacts } from './instance-facts.ts';
import { readTrustMaterial } from './instance-material.ts';
import { assertReady } from './run-record.ts';
import { stateOption, statePath } from './settings.ts';

export const envCommand: Command = {
  words: ['env'],
  summary: 'print what other tools need to use the instance, as shell exports',
  details: 'Succeeds only once the instance is ready, so a script can wait for it.',
  options: { ...stateOption },
  examples: [
    { command: 'eval "$(sigstead env)"', explains: 'set the variables in this shell' },
    {
      command: 'cosign initialize --mirror "$SIGSTEAD_TUF_URL" --root "$SIGSTEAD_TUF_ROOT"',
      explains: 'then point cosign at the instance',
    },
  ],
  run: env,
};

async function env(invocation: Invocation): Promise<Outcome> {
  const state = new StateDirectory(statePath(invocation.options, invocation.environment));
  const facts = await readInstanceFacts(state);
  await assertReady(state);
  const variables = {
    SIGSTEAD_TUF_URL: tufUrl(facts),
    SIGSTEAD_TUF_ROOT: state.pinnedRootFile,
    SIGSTEAD_OIDC_ISSUER: (await readTrustMaterial(state))?.oidc[0]?.url ?? '',
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${shellWord(value)}\n`);
  return { json: variables, text: lines.join('') };
}
