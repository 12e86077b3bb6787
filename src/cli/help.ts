import type { Command } from './command.ts';
import { commonOptions } from './parse.ts';

const exitCodeLines = [
  '0    done',
  '1    a bug in sigstead',
  '2    the command line is wrong',
  '3    a file or setting is wrong',
  '4    verification failed, or a security finding: do not retry, look at the evidence',
  '5    environment: network, disk, a missing tool; trying again may help',
  '6    declined by a person',
  '130  interrupted',
];

const inClone = '  In a clone, this puts it on PATH: export PATH="$PWD/bin:$PATH"; or write ./bin/sigstead.';

const firstSteps = [
  ['up', 'a private Sigstore on this machine, signing in seconds'],
  ['status', 'what is running, and what to look at'],
] as const;

/** Returns the overview: every command with its summary. The holder's script has few of them, and is in no clone. */
export function overviewText(commands: readonly Command[]): string {
  const names = commands.map((command) => command.words.join(' '));
  const width = Math.max(...names.map((name) => name.length));
  const steps = firstSteps.filter(([name]) => names.includes(name));
  return [
    'sigstead runs your own Sigstore, with a root of trust that you control.',
    '',
    'USAGE',
    '  sigstead COMMAND [OPTIONS]',
    '  sigstead COMMAND --help',
    '  sigstead --version',
    ...(steps.length > 0 ? ['', inClone] : []),
    '',
    'COMMANDS',
    ...commands.map((command) => `  ${command.words.join(' ').padEnd(width)}  ${command.summary}`),
    '',
    ...(steps.length > 0 ? ['START HERE', ...steps.map(stepLine), ''] : []),
    'EXIT CODES',
    ...exitCodeLines.map((line) => `  ${line}`),
    '',
  ].join('\n');
}

function stepLine([name, what]: (typeof firstSteps)[number]): string {
  return `  ${`sigstead ${name}`.padEnd(22)} ${what}`;
}

/** Returns the help of one command. Sections and their order are the same for all. */
export function commandHelp(command: Command): string {
  const name = `sigstead ${command.words.join(' ')}`;
  const usage = [name, ...(command.positionals ?? []), '[OPTIONS]'].join(' ');
  const options = Object.entries({ ...command.options, ...commonOptions }).map(
    ([option, spec]) => [`--${option}${spec.value ? ` ${spec.value}` : ''}`, spec.help] as const,
  );
  const width = Math.max(...options.map(([option]) => option.length));
  return [
    command.summary,
    ...(command.details ? ['', command.details] : []),
    '',
    'USAGE',
    `  ${usage}`,
    '',
    'OPTIONS',
    ...options.map(([option, help]) => `  ${option.padEnd(width)}  ${help}`),
    '',
    'EXAMPLES',
    ...command.examples.flatMap((example) => [`  # ${example.explains}`, `  ${example.command}`]),
    '',
    'EXIT CODES',
    ...exitCodeLines.map((line) => `  ${line}`),
    ...(command.exitNotes ?? []).map((line) => `  ${line}`),
    '',
  ].join('\n');
}
