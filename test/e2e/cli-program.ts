/** A program of its own: `runCli` with verbs that end in every way. Run by command-line.test.ts. */
import type { Command, Invocation, Outcome, Verb } from '../../src/cli/command.ts';
import { runCli } from '../../src/cli/run.ts';
import { type Fault, ToolkitError } from '../../src/core/error.ts';

const ways: Readonly<Record<string, (invocation: Invocation) => Promise<Outcome | undefined>>> = {
  ok: async ({ talk, progress }) => {
    talk.say('talk');
    talk.warn('careful');
    progress.step('work').done();
    return { json: { answer: 42 }, text: 'the answer is 42\n' };
  },
  partial: async () => ({ json: { ready: false }, text: 'not ready\n', exitCode: 5 }),
  emits: async ({ emit }) => {
    await emit({ json: { early: true }, text: 'early\n' });
    return undefined;
  },
  late: async ({ emit }) => {
    await emit({ json: { early: true }, text: 'early\n' });
    return await fail('environment');
  },
  traced: async ({ reached }) => {
    reached('lock-taken');
    reached('key-made', 'fulcio');
    return { json: null, text: '' };
  },
  bug: async () => {
    throw new TypeError('not a function');
  },
  escapes: async ({ talk }) => {
    talk.warn('a\u001b[2Jb');
    const cause = new Error('\u001b]0;title\u0007c');
    const texts = { message: 'one:\n\u001b[31mtwo\u001b[0m\u0007', hint: '\u009b2Jlook', cause };
    throw new ToolkitError('OPS_TEST', { ...texts, fault: 'input' });
  },
  explained: async () => {
    const cause = new Error('bad port');
    throw new ToolkitError('OPS_TEST', { message: `no answer (${cause.message})`, fault: 'input', cause });
  },
  usage: async () => {
    throw new ToolkitError('CLI_USAGE', { message: 'expected --root', fault: 'input' });
  },
  declined: async () => {
    throw new ToolkitError('CLI_DECLINED', { message: 'not confirmed', fault: 'input' });
  },
  waits: async ({ signal, talk }) => {
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
    const kept = setInterval(() => undefined, 1_000);
    talk.say('waiting');
    return await aborted.finally(() => clearInterval(kept));
  },
  evidence: () => fail('evidence'),
};

async function fail(fault: Fault): Promise<never> {
  throw new ToolkitError('OPS_TEST', {
    message: `a problem of kind ${fault}`,
    fault,
    data: { fault, missing: undefined },
    hint: 'look at it',
    cause: new Error('deep', { cause: new Error('deeper') }),
  });
}

function commandOf(name: string, run: Command['run']): Verb {
  const command: Command = { words: [name], summary: `ends as ${name}`, options: {}, examples: [], run };
  return { words: command.words, load: async () => command };
}

await runCli(
  Object.entries(ways).map(([name, run]) => commandOf(name, run)),
  '1.2.3',
);
