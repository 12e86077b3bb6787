import { describe, expect, it } from '@jest/globals';
import { commandHelp, overviewText } from '../../../src/cli/help.ts';
import { sampleCommand } from './sample-command.ts';

const exitCodes = `EXIT CODES
  0    done
  1    a bug in sigstead
  2    the command line is wrong
  3    a file or setting is wrong
  4    verification failed, or a security finding: do not retry, look at the evidence
  5    environment: network, disk, a missing tool; trying again may help
  6    declined by a person
  130  interrupted
`;

describe('commandHelp', () => {
  it('accepts one of everything, in columns', () => {
    expect(commandHelp(sampleCommand)).toBe(`check a log against its mirror

Reads every entry.

USAGE
  sigstead log check LOG [MIRROR] [OPTIONS]

OPTIONS
  --since TIME  entries from this time on (default: all)
  --label NAME  may be given again
  --deep        hash the tiles too
  --json        print one JSON document on stdout, errors included
  --help        show this help

EXAMPLES
  # after a restore
  sigstead log check log2026-1 --deep

${exitCodes}  4    also: the mirror shows another tree
`);
  });
});

describe('overviewText', () => {
  it('accepts commands of different lengths, in columns', () => {
    const text = overviewText([{ ...sampleCommand, words: ['up'], summary: 'start' }, sampleCommand]);
    expect(text).toContain('COMMANDS\n  up         start\n  log check  check a log against its mirror\n');
    expect(text.endsWith(exitCodes)).toBe(true);
  });
});
