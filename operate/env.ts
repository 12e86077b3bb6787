import { dirname } from 'node:path';
import { tufUrl } from '../local/endpoints.ts';
import { presentCosign } from '../local/servers.ts';
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
  details: [
    'Succeeds only once the instance is ready, so a script can wait for it. Where PATH has no cosign from 3.1.0 on, the',
    'one that sigstead built comes first on it. "cosign initialize" replaces what ~/.sigstore trusts; to leave that',
    'alone, set TUF_ROOT to a directory of its own for all cosign commands.',
  ].join('\n'),
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
  const cosign = await builtCosign(invocation);
  const variables = {
    SIGSTEAD_TUF_URL: tufUrl(facts),
    SIGSTEAD_TUF_ROOT: state.pinnedRootFile,
    SIGSTEAD_OIDC_ISSUER: (await readTrustMaterial(state))?.oidc[0]?.url ?? '',
    ...(cosign !== undefined && { SIGSTEAD_COSIGN: cosign }),
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${shellWord(value)}\n`);
  const path = cosign === undefined ? '' : `export PATH=${shellWord(dirname(cosign))}:"$PATH"\n`;
  return { json: variables, text: lines.join('') + path };
}

/** Returns the cosign that we made, unless the user has one that is new enough. Builds none: nobody waits for that here. */
async function builtCosign({ environment, signal, talk }: Invocation): Promise<string | undefined> {
  const found = await presentCosign({ env: environment, signal });
  if (found === undefined)
    talk.warn('there is no cosign from 3.1.0 on yet: a running "sigstead up" says when it is built');
  return found?.onPath ? undefined : found?.path;
}
