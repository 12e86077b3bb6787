import { describe, expect, it } from '@jest/globals';
import type { Verb } from '../../../src/cli/command.ts';
import { findVerb, parseCommand } from '../../../src/cli/parse.ts';
import { sampleCommand } from './sample-command.ts';

const verbs: readonly Verb[] = [['log'], ['log', 'check'], ['logs']].map((words) => ({
  words,
  load: async () => sampleCommand,
}));

describe('findVerb', () => {
  it.each([
    [['log'], ['log'], []],
    [['log', 'check', 'a'], ['log', 'check'], ['a']],
    [['log', 'x', 'check'], ['log'], ['x', 'check']],
    [['logs', '--json'], ['logs'], ['--json']],
  ])('accepts %j as %j', (line, words, rest) => {
    const found = findVerb(verbs, line);
    expect([found.verb.words, found.rest]).toEqual([words, rest]);
  });

  it.each([['lo'], ['check'], ['LOG'], ['--json']])('refuses %s', (word) => {
    expect(() => findVerb(verbs, [word, 'x'])).toThrowToolkit('CLI_USAGE');
    expect(() => findVerb(verbs, [word, 'x'])).toThrow(`unknown command ${word}; expected one of log, logs`);
  });

  it('refuses the first word of longer names alone, and lists what may follow', () => {
    const longer: readonly Verb[] = verbs.filter(({ words }) => words.length > 1);
    expect(() => findVerb(longer, ['log'])).toThrow(/^log: expected one of check$/);
    expect(() => findVerb(longer, ['log', 'chek'])).toThrow(/^log: expected one of check, got chek$/);
  });

  it.each([
    [['lgo', 'a b'], "did you mean: sigstead log 'a b'"],
    [['sign', 'check'], 'run: sigstead --help'],
    [['--json', 'log'], 'run: sigstead --help'],
  ])('refuses %j with the hint %j', (words, hint) => {
    expect(() => findVerb(verbs, words)).toThrow(expect.objectContaining({ hint }));
  });

  it.each([
    [['log', 'chek', '--deep'], 'did you mean: sigstead log check --deep'],
    [['log'], 'run: sigstead --help'],
    [['log', 'write'], 'run: sigstead --help'],
  ])('refuses %j of longer names with the hint %j', (words, hint) => {
    const longer: readonly Verb[] = verbs.filter((verb) => verb.words.length > 1);
    expect(() => findVerb(longer, words)).toThrow(expect.objectContaining({ hint }));
  });
});

describe('parseCommand', () => {
  it('accepts options before, between and after arguments', () => {
    const { options, positionals } = parseCommand(sampleCommand, ['--deep', 'a', '--since=2026', 'b', '--json']);
    expect(positionals).toEqual(['a', 'b']);
    expect([options.flag('deep'), options.flag('json'), options.flag('help')]).toEqual([true, true, false]);
    expect([options.text('since'), options.texts('label')]).toEqual(['2026', []]);
  });

  it('accepts an option several times where that means something', () => {
    const { options } = parseCommand(sampleCommand, ['a', '--label', 'x', '--label=y']);
    expect(options.texts('label')).toEqual(['x', 'y']);
  });

  it('accepts arguments that look like options after --, and -h for help', () => {
    expect(parseCommand(sampleCommand, ['--', '--deep']).positionals).toEqual(['--deep']);
    expect(parseCommand(sampleCommand, ['a', '-h']).options.flag('help')).toBe(true);
  });

  it('accepts --help alone, although an argument is missing', () => {
    expect(parseCommand(sampleCommand, ['--help']).options.flag('help')).toBe(true);
  });

  it.each([
    [[], 'expected LOG'],
    [['a', 'b', 'c'], 'unexpected argument: c'],
    [['a', '--nope'], 'unknown option --nope; expected one of --since, --label, --deep, --json, --help'],
    [['a', '-x'], 'unknown option -x; expected one of --since'],
    [['a', '--constructor'], 'unknown option --constructor; expected one of'],
    [['a', '--since'], '--since: expected TIME'],
    [['a', '--since', '--deep'], '--since: expected TIME, got --deep'],
    [['a', '--deep=yes'], '--deep: expected no value, got yes'],
  ])('refuses %j: %s', (rest, message) => {
    expect(() => parseCommand(sampleCommand, rest)).toThrowToolkit('CLI_USAGE');
    expect(() => parseCommand(sampleCommand, rest)).toThrow(message);
    expect(() => parseCommand(sampleCommand, rest)).toThrow(
      expect.objectContaining({ hint: 'run: sigstead log check --help' }),
    );
  });

  it.each([
    [['a b', '--sinc=2026', '--deep'], "did you mean: sigstead log check 'a b' --since=2026 --deep"],
    [['--lable', "it's", 'a'], String.raw`did you mean: sigstead log check --label 'it'\''s' a`],
    [['a', '-deep'], 'run: sigstead log check --help'],
  ])('refuses %j with the hint %j', (rest, hint) => {
    expect(() => parseCommand(sampleCommand, rest)).toThrow(expect.objectContaining({ hint }));
  });

  it('accepts a value that begins with a dash, written with =', () => {
    expect(parseCommand(sampleCommand, ['a', '--since=-1']).options.text('since')).toBe('-1');
  });
});
