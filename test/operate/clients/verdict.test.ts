import { describe, expect, it } from '@jest/globals';
import { lastLines, verdictOf } from '../../../operate/clients/verdict.ts';

const ran = (exitCode: number, stdout = '', stderr = '') => ({ exitCode, stdout, stderr });

describe('verdictOf', () => {
  it('accepts exit code 0 alone, whatever was said', () => {
    expect(verdictOf(ran(0, '', 'Error: nothing'))).toEqual({ accepted: true });
    for (const code of [1, 2, 137]) expect(verdictOf(ran(code, 'Verified OK')).accepted).toBe(false);
  });

  it('gives the words of the client as the reason, on one line', () => {
    expect(verdictOf(ran(1, 'checking\n', '  expected\n\tSAN  value\n'))).toEqual({
      accepted: false,
      reason: 'checking expected SAN value',
    });
  });
});

describe('lastLines', () => {
  it('keeps the end of what was said, in lines and in characters', () => {
    const many = Array.from({ length: 100 }, (_, index) => `line ${index}`).join('\n');
    expect(lastLines(ran(1, many))).toMatch(/^line 75 .* line 99$/);
    expect(lastLines(ran(1, '', `${'x'.repeat(5_000)}end`))).toMatch(/^x{1997}end$/);
  });

  it('gives the exit code of a client that said nothing', () => {
    expect(lastLines(ran(3, ' \n', '\n'))).toBe('exit code 3');
  });
});
