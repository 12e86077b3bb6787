/** A program of its own that asks a person: `runCli` with one verb for each kind of question. Run by ask.test.ts. */
import type { Ask, Command, Verb } from '../../src/cli/command.ts';
import { runCli } from '../../src/cli/run.ts';

function verbOf(name: string, question: (ask: Ask) => Promise<string>): Verb {
  const command: Command = {
    words: [name],
    summary: 'asks',
    options: {},
    examples: [],
    run: async ({ ask }) => {
      const answer = await question(ask);
      return { json: { answer }, text: `${answer}\n` };
    },
  };
  return { words: command.words, load: async () => command };
}

await runCli(
  [
    verbOf('line', (ask) => ask.line('Your name?\u001b[2J')),
    verbOf('secret', (ask) => ask.secret('The PIN?')),
    verbOf('both', async (ask) => `${await ask.secret('The PIN?')} ${await ask.line('Your name?')}`),
  ],
  '1.2.3',
);
