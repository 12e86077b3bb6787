import { styleText } from 'node:util';
import { systemClock } from '../core/clock.ts';
import { describeCause, exitCodeOf, exitCodes, ToolkitError } from '../core/error.ts';
import { type Json, toJson } from '../core/json.ts';
import { type Reached, unfollowed } from '../core/moment.ts';
import { printableLines } from '../core/printable.ts';
import { terminalAsk } from './ask.ts';
import type { Command, Outcome, Talk, Verb } from './command.ts';
import { commandHelp, overviewText } from './help.ts';
import { findVerb, parseCommand } from './parse.ts';
import { TerminalProgress } from './progress.ts';

/** Runs the verb that `process.argv` names and sets the exit code. The one place that reads process globals. */
export async function runCli(verbs: readonly Verb[], version: string): Promise<void> {
  const given = process.argv.slice(2);
  // `sigstead --json up` is `sigstead up --json`.
  const words = given[0] === '--json' ? [...given.slice(1), '--json'] : given;
  const json = words.includes('--json');
  let emitted = false;
  try {
    const emit = async (outcome: Outcome) => {
      emitted = true;
      await write(process.stdout, json ? `${JSON.stringify(outcome.json, undefined, 2)}\n` : outcome.text);
      process.exitCode = outcome.exitCode ?? exitCodes.ok;
    };
    const outcome = await dispatch(verbs, words, { version, emit });
    if (outcome) await emit(outcome);
  } catch (error) {
    process.exitCode = exitCodeOf(error);
    // stdout holds one document: what fails after it was printed is told on stderr alone.
    if (json && !emitted)
      await write(process.stdout, `${JSON.stringify({ error: errorDocument(error) }, undefined, 2)}\n`);
    explain(error);
  }
}

interface Surroundings {
  readonly version: string;
  readonly emit: (outcome: Outcome) => Promise<void>;
}

async function dispatch(
  verbs: readonly Verb[],
  words: readonly string[],
  surroundings: Surroundings,
): Promise<Outcome | undefined> {
  const { version, emit } = surroundings;
  const [first, topic] = words.filter((word) => word !== '--json');
  if (first === 'help' && topic !== undefined)
    return await dispatch(verbs, [...words.slice(1), '--help'], surroundings);
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
    const commands = await Promise.all(verbs.map((verb) => verb.load()));
    return { json: { commands: commands.map(describe) }, text: overviewText(commands) };
  }
  if (first === '--version') return { json: { version }, text: `sigstead ${version}\n` };
  const group = words.includes('--help') ? groupOf(verbs, words) : [];
  if (group.length > 0) {
    const commands = await Promise.all(group.map((verb) => verb.load()));
    return { json: { commands: commands.map(describe) }, text: overviewText(commands) };
  }
  const { verb, rest } = findVerb(verbs, words);
  const command = await verb.load();
  const parsed = parseCommand(command, rest);
  if (parsed.options.flag('help')) return { json: describe(command), text: commandHelp(command) };
  const progress = new TerminalProgress(process.stderr);
  const signal = signalOfTerminal();
  return await command.run({
    version: surroundings.version,
    options: parsed.options,
    positionals: parsed.positionals,
    environment: process.env,
    talk: talkThrough(progress),
    ask: terminalAsk({ input: () => process.stdin, output: process.stderr, signal }),
    progress,
    signal,
    clock: systemClock,
    reached: process.env['SIGSTEAD_TRACE'] === '1' ? traceThrough(progress) : unfollowed,
    emit,
  });
}

/** The verbs that begin with these words, where they are no verb themselves: `ceremony`, `ceremony packet`. */
function groupOf(verbs: readonly Verb[], words: readonly string[]): readonly Verb[] {
  const asked = words.filter((word) => !word.startsWith('-'));
  const begins = verbs.filter((verb) => asked.every((word, index) => verb.words[index] === word));
  return begins.some((verb) => verb.words.length === asked.length) ? [] : begins;
}

function describe(command: Command): Json {
  return { command: command.words.join(' '), summary: command.summary };
}

function talkThrough(progress: TerminalProgress): Talk {
  return {
    isTerminal: process.stderr.isTTY === true,
    say: (line) => progress.print(line),
    warn: (line) => progress.print(`sigstead: ${paint('yellow', 'warning')}: ${printableLines(line)}`),
  };
}

/** One line for each moment, for programs too: `sigstead: reached: MOMENT [WHAT]`. */
function traceThrough(progress: TerminalProgress): Reached {
  return (moment, what) => progress.print(`sigstead: reached: ${what === undefined ? moment : `${moment} ${what}`}`);
}

/** Returns a signal that SIGINT and SIGTERM abort. A second SIGINT ends the process at once. */
function signalOfTerminal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted && name === 'SIGINT') process.exit(exitCodes.interrupted);
      controller.abort(
        new ToolkitError('CLI_INTERRUPTED', {
          message: `interrupted by ${name}`,
          fault: 'environment',
          data: { name },
        }),
      );
    });
  }
  return controller.signal;
}

function errorDocument(error: unknown): Json {
  if (!(error instanceof ToolkitError)) return { code: 'CORE_BUG', message: describeCause(error) };
  return {
    code: error.code,
    message: error.message,
    fault: error.fault,
    ...(error.hint !== undefined && { hint: error.hint }),
    data: toJson(error.data),
  };
}

/** Errors quote what others wrote. */
function explain(error: unknown): void {
  const print = (kind: string, text: string) => process.stderr.write(`sigstead: ${kind}: ${printableLines(text)}\n`);
  if (!(error instanceof ToolkitError)) {
    print(paint('red', 'error'), describeCause(error));
    print('hint', 'this is a bug in sigstead; please report it with the lines below');
    process.stderr.write(`${printableLines(String(error instanceof Error ? error.stack : error))}\n`);
    return;
  }
  print(paint('red', 'error'), error.message);
  const cause = error.cause === undefined ? undefined : describeCause(error.cause);
  if (cause !== undefined && !error.message.includes(`(${cause})`)) print('cause', cause);
  if (error.hint) print(paint('cyan', 'hint'), error.hint);
}

function paint(colour: 'red' | 'yellow' | 'cyan', text: string): string {
  return styleText(colour, text, { stream: process.stderr });
}

async function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  await new Promise<void>((resolve) => stream.write(text, () => resolve()));
}
