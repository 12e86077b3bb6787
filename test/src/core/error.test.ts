import { stat } from 'node:fs/promises';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { describeCause, exitCodeOf, exitCodes, isErrno, isError, ToolkitError } from '../../../src/core/error.ts';

describe('exitCodeOf', () => {
  it.each([
    ['caller', exitCodes.bug],
    ['input', exitCodes.input],
    ['evidence', exitCodes.evidence],
    ['environment', exitCodes.environment],
  ] as const)('maps the fault %s to %d', (fault, code) => {
    expect(exitCodeOf(new ToolkitError('TLOG_ROOT', { message: 'x', fault }))).toBe(code);
  });

  it.each([
    ['CLI_USAGE', exitCodes.usage],
    ['CLI_DECLINED', exitCodes.declined],
    ['CLI_INTERRUPTED', exitCodes.interrupted],
  ] as const)('maps %s to %d, whatever its fault', (code, exitCode) => {
    for (const fault of ['input', 'environment'] as const) {
      expect(exitCodeOf(new ToolkitError(code, { message: 'x', fault }))).toBe(exitCode);
    }
  });

  it.each([new TypeError('x'), 'text', undefined, null, 3])('calls %p a bug', (error) => {
    expect(exitCodeOf(error)).toBe(exitCodes.bug);
  });
});

describe('ToolkitError', () => {
  it('carries what it was given, and nothing where it was not', () => {
    const bare = new ToolkitError('CORE_TIME', { message: 'x', fault: 'input' });
    expect([bare.data, bare.hint, 'cause' in bare]).toEqual([{}, undefined, false]);
    const cause = new Error('deep');
    const full = new ToolkitError('CORE_TIME', { message: 'x', fault: 'input', data: { a: 1 }, hint: 'y', cause });
    expect([full.data, full.hint, full.cause]).toEqual([{ a: 1 }, 'y', cause]);
  });
});

describe('describeCause', () => {
  it.each([
    [new Error('a', { cause: new Error('b', { cause: 'c' }) }), 'a: b: c'],
    [new RangeError(''), 'RangeError'],
    ['text', 'text'],
    [undefined, 'undefined'],
  ])('describes %p', (error, text) => {
    expect(describeCause(error)).toBe(text);
  });
});

describe('isError', () => {
  it('knows errors of other realms, and nothing else', async () => {
    expect(
      [new ToolkitError('CORE_TIME', { message: 'x', fault: 'input' }), runInNewContext('new Error()')].map(isError),
    ).toEqual([true, true]);
    expect([{ message: 'x' }, 'x', null].map(isError)).toEqual([false, false, false]);
  });
});

describe('isErrno', () => {
  it('tells one system error from another', async () => {
    const error = await stat('/there/is/no/such/file').catch((reason: unknown) => reason);
    expect([isErrno(error, 'ENOENT'), isErrno(error, 'EACCES'), isErrno({ code: 'ENOENT' }, 'ENOENT')]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
