import './holder/node-version.ts';
import { assertOffline, networkOption } from '../ceremony/verbs/offline.ts';
import type { Command, Verb } from '../src/cli/command.ts';
import { runCli } from '../src/cli/run.ts';

/** Filled in by bin/build-holder.ts: nothing is read from beside the script. */
declare const toolkitVersion: string;

/** What a holder, a witness and an auditor need where nothing is installed. */
const verbs: readonly Verb[] = [
  {
    words: ['ceremony', 'review'],
    load: async () => (await import('../ceremony/verbs/review.ts')).ceremonyReviewCommand,
  },
  { words: ['ceremony', 'sign'], load: async () => (await import('../ceremony/verbs/sign.ts')).ceremonySignCommand },
  {
    words: ['ceremony', 'packet', 'import'],
    load: async () => (await import('../ceremony/verbs/packet.ts')).ceremonyPacketImportCommand,
  },
  {
    words: ['ceremony', 'verify'],
    load: async () => (await import('../ceremony/verbs/verify.ts')).ceremonyVerifyCommand,
  },
  {
    words: ['ceremony', 'transcript', 'verify'],
    load: async () => (await import('../ceremony/verbs/transcript.ts')).ceremonyTranscriptVerifyCommand,
  },
  {
    words: ['ceremony', 'transcript', 'render'],
    load: async () => (await import('../ceremony/verbs/transcript.ts')).ceremonyTranscriptRenderCommand,
  },
];

/** In the toolkit only who is given a packet has to be off the network; in this script everybody. */
function offline(command: Command): Command {
  return {
    ...command,
    options: { ...command.options, ...networkOption },
    run: async (invocation) => {
      if (invocation.options.text('packet') === undefined) assertOffline(invocation);
      return await command.run(invocation);
    },
  };
}

const offlineVerbs = verbs.map(({ words, load }): Verb => ({ words, load: async () => offline(await load()) }));

// No `await`: the script is one function, whose parts load in their order, and this never rejects.
void runCli(offlineVerbs, toolkitVersion);
