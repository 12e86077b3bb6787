import { describe, expect, it } from '@jest/globals';
import { parseLsof } from '../../../src/process/lsof.ts';
import { parsePsEnvironments, parsePsStart } from '../../../src/process/ps.ts';

describe('parsePsStart', () => {
  it('returns the start of a living process', () => {
    expect(parsePsStart('Ss   Sun Nov  2 09:08:07 2026\n')).toBe('Sun Nov  2 09:08:07 2026');
  });

  it.each(['', '\n', 'Z    Sun Nov 22 10:00:00 2026\n'])('returns nothing for %j', (output) => {
    expect(parsePsStart(output)).toBeUndefined();
  });
});

describe('parsePsEnvironments', () => {
  const output = [
    '    1 Sun Nov 22 10:00:00 2026     /sbin/launchd',
    '  501 Sun Nov 22 10:00:01 2026     /cache/fulcio serve --port=1 PATH=/bin SIGSTEAD_INSTANCE=abc FILE-KEY=secret',
    '  502 Sun Nov 22 10:00:02 2026     /cache/fulcio serve SIGSTEAD_INSTANCE=abcd',
    '',
  ].join('\n');

  it('finds the processes with the assignment and shows nothing of their environment', () => {
    expect(parsePsEnvironments(output, 'SIGSTEAD_INSTANCE=abc')).toEqual([
      { pid: 501, startedAt: 'Sun Nov 22 10:00:01 2026', command: '/cache/fulcio' },
    ]);
  });
});

describe('parseLsof', () => {
  it('returns address and port of each listening socket', () => {
    const output = 'p12\ncnginx\nf6\nn127.0.0.1:80\nf7\nn[::1]:80\np13\ncfulcio\nf3\nn*:2113\n';
    expect(parseLsof(output)).toEqual([
      { pid: 12, command: 'nginx', address: '127.0.0.1', port: 80 },
      { pid: 12, command: 'nginx', address: '::1', port: 80 },
      { pid: 13, command: 'fulcio', address: '::', port: 2113 },
    ]);
  });
});
