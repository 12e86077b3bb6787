import { StateDirectory } from '../local/state.ts';
import type { Command, Invocation, Outcome } from '../src/cli/command.ts';
import { sigstoreJsClient } from './clients/find-clients.ts';
import { instanceConfiguration } from './configuration.ts';
import { readInstanceFacts } from './instance-facts.ts';
import { assertTestGrant } from './login.ts';
import { Workbench } from './proof.ts';
import { configOption, stateOption, statePath } from './settings.ts';
import { remoteSignatory } from './signatory.ts';
import { runChecks } from './smoke/checks.ts';
import { chosenClients, clientNames, namedClients } from './smoke/chosen-clients.ts';
import { smokeOutcome } from './smoke/outcome.ts';

export const smokeCommand: Command = {
  words: ['smoke'],
  summary: 'test the instance: every client signs, verifies, and refuses what it must',
  details: [
    'Each client starts from the published TUF repository and the pinned root alone. A second instance is started',
    'for a moment, to make a bundle that must be refused here. Needs an instance that "up --test-grant" keeps up.',
  ].join('\n'),
  options: {
    ...stateOption,
    ...configOption,
    clients: {
      type: 'string',
      value: 'LIST',
      help: `some of ${clientNames.join(', ')}, with commas (default: all that are found)`,
    },
  },
  examples: [
    { command: 'sigstead smoke', explains: 'with every client found' },
    {
      command: 'sigstead smoke --clients cosign,sigstore-python --json',
      explains: 'with these, and fail if one is missing',
    },
  ],
  exitNotes: ['4    also: a client accepted what it must refuse, or refused what it must accept'],
  run: smoke,
};

async function smoke(invocation: Invocation): Promise<Outcome> {
  const names = namedClients(invocation.options);
  const instance = await instanceForTests(invocation);
  const clients = await chosenClients(names, invocation);
  const signer = await sigstoreJsClient(invocation.signal);
  await using bench = await Workbench.create();
  return smokeOutcome(await runChecks({ ...invocation, ...instance, clients, signer, bench }));
}

/** @throws OPS_NO_INSTANCE, OPS_NOT_RUNNING, OPS_NOT_READY, OPS_TEST_GRANT_CLOSED */
async function instanceForTests(invocation: Invocation) {
  const state = new StateDirectory(statePath(invocation.options, invocation.environment));
  const facts = await readInstanceFacts(state);
  await assertTestGrant(state);
  const config = await instanceConfiguration(invocation.options, state);
  return { state, config, here: remoteSignatory(config, state, facts, invocation) };
}
