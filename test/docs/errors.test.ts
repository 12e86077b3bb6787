import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { collectErrors, withoutHint } from '../../docs/error-catalogue.ts';
import { errorsPage, explanationsOf } from '../../docs/errors-page.ts';
import { readProductSources, readSourceTree } from '../../docs/source-tree.ts';
import { projectDirectory } from '../support/instance.ts';

const sources = await readProductSources(projectDirectory);
const errors = collectErrors(sources);
const page = await readFile(join(projectDirectory, 'docs', 'errors.md'), 'utf8');

describe('docs/errors.md', () => {
  it('says of every code what the sources say, and has none that they no longer throw', () => {
    // After a change: npm run generate
    expect(page).toBe(errorsPage(errors, page));
    expect([...explanationsOf(page).keys()].sort()).toEqual([...errors.keys()]);
  });

  it('explains every code', () => {
    const unexplained = [...explanationsOf(page)].filter(([, words]) => !/^[A-Z`(].{20,}[.)]$/s.test(words));
    expect(unexplained.map(([code]) => code)).toEqual([]);
  });
});

describe('the tests', () => {
  it('provoke every code, but for those on a list with reasons', async () => {
    const all = [...(await readSourceTree(projectDirectory))];
    const tests = all.filter(([path]) => path.startsWith('test/') && path !== 'test/docs/errors.test.ts');
    const text = tests.map(([, source]) => source).join('\n');
    const untested = [...errors.keys()].filter((code) => !new RegExp(`\\b${code}\\b`).test(text));
    expect(untested).toEqual(await listed('codes-without-test.txt'));
  });
});

describe('the errors that somebody can mend', () => {
  it('say how, but for those on a list with reasons', async () => {
    expect(withoutHint(sources)).toEqual(await listed('errors-without-hint.txt'));
  });
});

describe('collectErrors', () => {
  it('finds a code with everything that stands beside it', () => {
    expect(
      collected(
        "throw new ToolkitError('TLOG_ROOT', { fault: 'evidence', hint: 'look', message: `#{file.path}: expected #{size + 1}` });".replaceAll(
          '#{',
          ['$', '{'].join(''),
        ),
      ),
    ).toEqual([
      'TLOG_ROOT',
      { files: ['a.ts'], faults: ['evidence'], messages: ['<path>: expected <…>'], hints: ['look'] },
    ]);
  });

  it('finds both codes of a condition, each with its own words', () => {
    const source =
      "new ToolkitError(full ? 'CORE_A' : 'CORE_B', { message: full ? 'is full' : 'is not', fault: 'input' })";
    const found = collectErrors(new Map([['a.ts', source]]));
    expect([...found].map(([code, { messages, faults }]) => [code, messages, faults])).toEqual([
      ['CORE_A', ['is full'], ['input']],
      ['CORE_B', ['is not'], ['input']],
    ]);
  });

  it('finds a code that is handed to whoever throws, and a hint that is there on a condition', () => {
    expect(collected("assertNoErrors(findings, 'X509_CHAIN_INVALID', what);")?.[0]).toBe('X509_CHAIN_INVALID');
    const source = "new ToolkitError('KEY_URI', { fault: 'input', ...(bad && { hint: 'write it so' }) })";
    expect(collected(source)?.[1]).toMatchObject({ hints: ['write it so'] });
  });

  it.each([
    "const late = error.code === 'CORE_TIMEOUT';",
    "switch (code) { case 'CORE_TIMEOUT': break; }",
    "const name = 'SIGSTEAD_STATE';",
    '// CORE_TIMEOUT',
    "const text = 'see CORE_TIMEOUT';",
  ])('finds no code in %s', (source) => {
    expect(collected(source)).toBeUndefined();
  });
});

describe('withoutHint', () => {
  it.each([
    "new ToolkitError('CORE_A', { fault: 'input' })",
    "new ToolkitError('CORE_A', { fault })",
    "new ToolkitError('CORE_A', { fault: 'environment', ...(bad && { hint: 'do this' }) })",
    "new ToolkitError('CORE_A', { fault: bad ? 'evidence' : 'environment', data: { hint: 'no' } })",
  ])('refuses %s', (source) => {
    expect(withoutHint(new Map([['a.ts', source]]))).toEqual(['a.ts CORE_A']);
  });

  it.each([
    "new ToolkitError('CORE_A', { fault: 'input', hint: 'do this' })",
    "new ToolkitError('CORE_A', { fault: 'input', hint })",
    "new ToolkitError('CORE_A', { fault: 'environment', hint: bad ? 'do this' : 'do that' })",
    "new ToolkitError('CORE_A', { fault: bad ? 'evidence' : 'caller' })",
  ])('accepts %s', (source) => {
    expect(withoutHint(new Map([['a.ts', source]]))).toEqual([]);
  });
});

function collected(source: string) {
  return [...collectErrors(new Map([['a.ts', source]]))][0];
}

/** The sorted names on a list of exceptions, each of which gives its reason. */
async function listed(file: string): Promise<readonly string[]> {
  const list = await readFile(join(import.meta.dirname, file), 'utf8');
  const lines = list.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const named = lines.map((line) => /^((?:\S+ )?[A-Z0-9_]+): .{20,}$/.exec(line)?.[1] ?? `no reason: ${line}`);
  return named.sort();
}
