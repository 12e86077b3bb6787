import { describe, expect, it } from '@jest/globals';
import { allOrErrors } from '../../../src/core/all-errors.ts';
import { type ErrorCode, type Fault, ToolkitError } from '../../../src/core/error.ts';

function failing(code: ErrorCode, fault: Fault, data: Readonly<Record<string, unknown>> = {}): Promise<never> {
  return Promise.reject(new ToolkitError(code, { message: `what ${code} says`, fault, data, hint: `fix ${code}` }));
}

describe('allOrErrors', () => {
  it('gives every value, in order', async () => {
    expect(await allOrErrors([Promise.resolve(1), 'two', Promise.resolve(undefined)])).toEqual([1, 'two', undefined]);
    expect(await allOrErrors([])).toEqual([]);
  });

  it('throws a single error as it is', async () => {
    const error = new ToolkitError('CFG_INVALID', { message: 'wrong', fault: 'input', hint: 'mend it' });
    await expect(allOrErrors([Promise.reject(error), 1])).rejects.toBe(error);
  });

  it('tells of several errors at once, each hint with its file', async () => {
    const both = allOrErrors([failing('CFG_INVALID', 'input', { file: '/a.yaml' }), failing('CORE_JSON', 'input')]);
    await expect(both).rejects.toMatchObject({
      ...{ code: 'CFG_INVALID', fault: 'input' },
      message: 'what CFG_INVALID says\nwhat CORE_JSON says',
      hint: '/a.yaml: fix CFG_INVALID\nfix CORE_JSON',
      data: {
        errors: [
          { code: 'CFG_INVALID', data: { file: '/a.yaml' } },
          { code: 'CORE_JSON', fault: 'input' },
        ],
      },
    });
  });

  it('tells of errors that tell of several', async () => {
    const inner = allOrErrors([failing('CFG_INVALID', 'input', { file: '/a' }), failing('CFG_MISSING', 'input')]);
    await expect(allOrErrors([inner, failing('CORE_JSON', 'input')])).rejects.toMatchObject({
      hint: '/a: fix CFG_INVALID\nfix CFG_MISSING\nfix CORE_JSON',
      data: { errors: [{ code: 'CFG_INVALID' }, { code: 'CFG_MISSING' }, { code: 'CORE_JSON' }] },
    });
  });

  it('is evidence where one of them is', async () => {
    const all = allOrErrors([failing('CORE_JSON', 'input'), failing('TLOG_FORK', 'evidence')]);
    await expect(all).rejects.toMatchObject({ code: 'TLOG_FORK', fault: 'evidence' });
  });

  it('throws a bug before anything else', async () => {
    const bug = new TypeError('a bug');
    await expect(allOrErrors([failing('CORE_JSON', 'input'), Promise.reject(bug)])).rejects.toBe(bug);
  });
});
