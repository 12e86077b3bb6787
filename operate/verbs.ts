import type { Verb } from '../src/cli/command.ts';

/** Every verb of the command line, in the order of the help. */
export const verbs: readonly Verb[] = [
  { words: ['up'], load: async () => (await import('./up.ts')).upCommand },
  { words: ['status'], load: async () => (await import('./status.ts')).statusCommand },
  { words: ['env'], load: async () => (await import('./env.ts')).envCommand },
  { words: ['login'], load: async () => (await import('./login.ts')).loginCommand },
  { words: ['smoke'], load: async () => (await import('./smoke.ts')).smokeCommand },
  { words: ['logs'], load: async () => (await import('./logs.ts')).logsCommand },
  { words: ['down'], load: async () => (await import('./down.ts')).downCommand },
  { words: ['trust', 'compile'], load: async () => (await import('./trust-commands.ts')).trustCompileCommand },
  { words: ['trust', 'lint'], load: async () => (await import('./trust-commands.ts')).trustLintCommand },
  { words: ['trust', 'diff'], load: async () => (await import('./trust-commands.ts')).trustDiffCommand },
  { words: ['ceremony', 'status'], load: async () => (await import('./ceremony-status.ts')).ceremonyStatusCommand },
  { words: ['ceremony', 'verify'], load: async () => (await import('./ceremony-commands.ts')).ceremonyVerifyCommand },
  {
    words: ['ceremony', 'resign-online'],
    load: async () => (await import('./ceremony-commands.ts')).ceremonyResignOnlineCommand,
  },
];
