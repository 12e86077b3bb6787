import { readdir } from 'node:fs/promises';
import { StateDirectory } from '../local/state.ts';
import type { Command, Invocation, Outcome } from '../src/cli/command.ts';
import { isErrno, ToolkitError } from '../src/core/error.ts';
import { printable } from '../src/core/printable.ts';
import { shellWord } from '../src/core/shell.ts';
import { readTail } from '../src/process/log-file.ts';
import { readInstanceFacts } from './instance-facts.ts';
import { stateOption, statePath } from './settings.ts';

const suffix = '.log';

export const logsCommand: Command = {
  words: ['logs'],
  summary: 'show the end of what the servers wrote',
  details: 'Of SERVICE, as "sigstead status" names it; without a name, of each.',
  positionals: ['[SERVICE]'],
  options: { ...stateOption, lines: { type: 'string', value: 'N', help: 'how many lines of each (default: 50)' } },
  examples: [
    { command: 'sigstead logs', explains: 'the end of every log' },
    { command: 'sigstead logs fulcio --lines 200', explains: 'more of one' },
  ],
  run: logs,
};

async function logs(invocation: Invocation): Promise<Outcome> {
  const state = new StateDirectory(statePath(invocation.options, invocation.environment));
  const lines = parseLines(invocation.options.text('lines') ?? '50');
  await readInstanceFacts(state);
  const known = await servicesWithLogs(state);
  const [wanted] = invocation.positionals;
  if (wanted !== undefined && !known.includes(wanted)) throw unknownService(wanted, known, state);
  const shown = wanted === undefined ? known : [wanted];
  const tails = shown.map(
    (service) => [service, readTail(state.logOf(service), { maxLines: lines, maxBytes: lines << 10 })] as const,
  );
  return {
    json: Object.fromEntries(tails),
    text: tails
      .map(([service, tail]) => (wanted === undefined ? `==> ${printable(service)} <==\n${tail}\n` : `${tail}\n`))
      .join('\n'),
  };
}

async function servicesWithLogs(state: StateDirectory): Promise<readonly string[]> {
  try {
    const names = await readdir(state.logs);
    return names
      .filter((name) => name.endsWith(suffix))
      .map((name) => name.slice(0, -suffix.length))
      .sort();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

function parseLines(text: string): number {
  const lines = Number(text);
  if (Number.isInteger(lines) && lines >= 1 && lines <= 10_000) return lines;
  throw new ToolkitError('CLI_USAGE', {
    message: `--lines: expected 1 to 10000, got ${text === '' ? 'nothing' : text}`,
    fault: 'input',
    hint: 'run: sigstead logs --lines 200',
  });
}

function unknownService(wanted: string, known: readonly string[], state: StateDirectory): ToolkitError {
  const directory = shellWord(state.path);
  return new ToolkitError('OPS_UNKNOWN_SERVICE', {
    message: `${wanted}: no such service in this state directory`,
    fault: 'input',
    data: { wanted, known },
    hint:
      known.length > 0
        ? `one of: ${known.map(printable).join(', ')}`
        : `nothing was ever started here: sigstead up --state ${directory}`,
  });
}
