import { resignOptions, resignOutcome, resignPublished } from '../ceremony/verbs/resign-online.ts';
import { KeyStore } from '../local/key-store.ts';
import { StateDirectory } from '../local/state.ts';
import type { Command, Invocation, Outcome } from '../src/cli/command.ts';
import { readInstanceFacts } from './instance-facts.ts';
import { repositoryOptions, resignRemembered } from './root-of-trust.ts';
import { stateOption, statePath } from './settings.ts';

export const ceremonyResignOnlineCommand: Command = {
  words: ['ceremony', 'resign-online'],
  summary: 'sign snapshot and timestamp again where they are due',
  details: 'A running instance does so by itself; this is for cron. Safe when two run at once.',
  options: {
    ...stateOption,
    ...resignOptions,
    force: { type: 'boolean', help: 'sign even if nothing is due' },
  },
  examples: [
    { command: 'sigstead ceremony resign-online', explains: 'sign what is due, and say when the rest will be' },
    { command: 'sigstead ceremony resign-online --force', explains: 'prove that the online key works' },
    {
      command: 'sigstead ceremony resign-online --dir root-signing --to s3://acme-tuf',
      explains: 'what a ceremony published',
    },
  ],
  exitNotes: ['4    also: root or targets do not verify, or have expired; nothing was signed'],
  run: resign,
};

async function resign(invocation: Invocation): Promise<Outcome> {
  if (invocation.options.text('to') !== undefined) return await resignPublished(invocation);
  const state = new StateDirectory(statePath(invocation.options, invocation.environment));
  await readInstanceFacts(state);
  const repository = await repositoryOptions(state, new KeyStore(state.keys), invocation.clock.now());
  const force = invocation.options.flag('force');
  return resignOutcome(await resignRemembered(state, { ...repository, force }));
}
