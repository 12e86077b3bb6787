import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const project = fileURLToPath(new URL('../..', import.meta.url));
const page = await readFile(join(project, 'docs', 'assurance.md'), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => /^\| (?!promise|-)/.test(line) && !line.startsWith('|---'))
  .map((line) => line.split('|').map((cell) => cell.trim()));

describe('docs/assurance.md', () => {
  it('has a row for each promise', () => {
    expect(rows.length).toBeGreaterThan(20);
  });

  it.each(rows.map(([, promise = '', code = '', ...tests]) => ({ promise, code, tests: tests.slice(0, 2) })))(
    'names code and tests that exist: $promise',
    async ({ code, tests }) => {
      await access(join(project, code.replaceAll('`', '')));
      for (const cell of tests) {
        const [, file = '', title = ''] = /^`(.+?)`: (.+)$/.exec(cell) ?? [];
        expect({ cell, found: (await readFile(join(project, file), 'utf8')).includes(title) }).toEqual({
          cell,
          found: true,
        });
      }
    },
  );
});
