import { describe, expect, it } from '@jest/globals';
import { shellWord } from '../../../src/core/shell.ts';
import { runProgram } from '../../../src/process/run-program.ts';

describe('shellWord', () => {
  it.each(['/home/a/.local/state', 'http://127.0.0.1:20000', 'dev@example.com', '--since=2026'])(
    'leaves %s as it is',
    (text) => {
      expect(shellWord(text)).toBe(text);
    },
  );

  it.each(['', 'a b', "it's", '$(here) `now` "$HOME" \\ *', '~', 'a\nb', ';', '=ls', 'é'])(
    'writes %j so that a shell reads it back',
    async (text) => {
      const script = `printf '%s.' ${shellWord(text)}`;
      const { stdout } = await runProgram({ file: '/bin/sh', args: ['-c', script], env: {}, timeoutMs: 5_000 });
      expect(stdout).toBe(`${text}.`);
    },
  );
});
