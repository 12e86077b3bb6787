import type { Command } from '../../../src/cli/command.ts';

/** A command with one of everything. */
export const sampleCommand: Command = {
  words: ['log', 'check'],
  summary: 'check a log against its mirror',
  details: 'Reads every entry.',
  positionals: ['LOG', '[MIRROR]'],
  options: {
    since: { type: 'string', value: 'TIME', help: 'entries from this time on (default: all)' },
    label: { type: 'string', value: 'NAME', help: 'may be given again', multiple: true },
    deep: { type: 'boolean', help: 'hash the tiles too' },
  },
  examples: [{ command: 'sigstead log check log2026-1 --deep', explains: 'after a restore' }],
  exitNotes: ['4    also: the mirror shows another tree'],
  run: async () => ({ json: null, text: '' }),
};
