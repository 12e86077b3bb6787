import { describe, expect, it } from '@jest/globals';
import { verbs } from '../../operate/verbs.ts';
import { commandHelp, overviewText } from '../../src/cli/help.ts';
import { commonOptions, findVerb, parseCommand } from '../../src/cli/parse.ts';

const commands = await Promise.all(verbs.map((verb) => verb.load()));
const named = commands.map((command) => [command.words.join(' '), command] as const);

const sections = ['USAGE', 'OPTIONS', 'EXAMPLES', 'EXIT CODES'];

/** Lines that people type around ours: `eval "$(sigstead env)"`, and what comes next with another tool. */
const otherLines = /^(eval|export [A-Z_]+=|cosign ) ?/;

describe('verbs', () => {
  it('have the names that other tools rely on', () => {
    const names = named.map(([name]) => name);
    expect(names).toEqual(expect.arrayContaining(['up', 'down', 'status', 'env', 'logs', 'smoke', 'login']));
    expect(names).toEqual(expect.arrayContaining(['trust compile', 'trust lint', 'trust diff', 'ceremony verify']));
    expect(new Set(names).size).toBe(names.length);
  });

  it.each([
    ['up', ['once', 'state', 'config']],
    ['login', ['test-user', 'state']],
    ['smoke', ['clients', 'state']],
    ['ceremony verify', ['metadata', 'root', 'at']],
    ...['status', 'env', 'logs', 'down', 'ceremony resign-online'].map((name) => [name, ['state']] as const),
  ])('%s takes %s', (name, options) => {
    const command = new Map(named).get(name);
    expect(Object.keys(command?.options ?? {})).toEqual(expect.arrayContaining([...options]));
  });

  it.each(verbs.map((verb, index) => [verb.words.join(' '), verb, commands[index]] as const))(
    '%s loads the command of its name',
    (_, verb, command) => {
      expect(command?.words).toEqual(verb.words);
    },
  );
});

describe('overviewText', () => {
  it('lists every verb with its summary', () => {
    const lines = overviewText(commands).split('\n');
    for (const [name, { summary }] of named) {
      expect(lines.find((line) => line.startsWith(`  ${name} `))).toMatch(new RegExp(`  ${escaped(summary)}$`));
    }
  });
});

describe.each(named)('the help of %s', (name, command) => {
  const text = commandHelp(command);

  it('has every section, in order, and a line of its purpose on top', () => {
    const lines = text.split('\n');
    expect(lines[0]).toBe(command.summary);
    expect(lines.filter((line) => sections.includes(line))).toEqual(sections);
    expect(text).toContain(`\n  sigstead ${name}`);
  });

  it('explains every option, and says of each value what it is called', () => {
    for (const [option, spec] of Object.entries({ ...command.options, ...commonOptions })) {
      expect(text).toContain(`  --${option}`);
      expect(spec.help).not.toBe('');
      expect(spec.value === undefined).toBe(spec.type === 'boolean');
    }
  });

  it('keeps to the words of the house: lower case, no full stop at the end', () => {
    const helps = Object.values(command.options).map((spec) => spec.help);
    for (const line of [command.summary, ...helps, ...command.examples.map(({ explains }) => explains)]) {
      expect(line).toMatch(/^[a-z].*[^.]$/s);
    }
  });

  it('has examples that the command line accepts', () => {
    expect(command.examples.length).toBeGreaterThan(0);
    for (const example of command.examples) {
      const own = ownWords(example.command);
      if (own === undefined) expect(example.command).toMatch(otherLines);
      else expect(() => parseExample(own)).not.toThrow();
    }
    expect(command.examples.some((example) => ownWords(example.command)?.join(' ').startsWith(name))).toBe(true);
  });
});

/** Returns the words after `sigstead` in a line, also within `$(…)`. */
function ownWords(line: string): readonly string[] | undefined {
  const inner = /\$\((sigstead [^)]*)\)/.exec(line)?.[1] ?? line;
  return inner.startsWith('sigstead ') ? inner.split(/\s+/).slice(1) : undefined;
}

function parseExample(words: readonly string[]): void {
  const { verb, rest } = findVerb(verbs, words);
  const command = commands[verbs.indexOf(verb)];
  if (!command) throw new Error(`${words.join(' ')}: no such command`);
  parseCommand(command, rest);
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
