import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { projectDirectory } from '../../support/instance.ts';
import { readMatrix, roleLabels } from './matrix.ts';
import { everybodyNamed, tableOf } from './page.ts';
import { sampleDeployment } from './support.ts';

const page = await readFile(join(projectDirectory, 'docs', 'access.md'), 'utf8');
const matrix = await readMatrix();
const sections = new Map(
  page
    .split(/^### /m)
    .slice(1)
    .map((section) => [section.split('\n', 1)[0] ?? '', section]),
);

describe('docs/access.md', () => {
  it.each(everybodyNamed(matrix))('shows what %s may do, as the matrix says it', (who) => {
    expect(sections.get(who)).toContain(`\n\n${tableOf(who, matrix)}\n\n`);
  });

  it('has a section for each role, and says what its compromise costs', () => {
    const labels = [...roleLabels(sampleDeployment()).keys()].map((label) =>
      label.replace(/^\S+ task$/, 'its task').replace(/^\S+ execution$/, 'execution roles'),
    );
    for (const label of new Set(labels)) expect(sections.get(label)).toContain('*If somebody becomes it:*');
  });

  it('gives nobody a table whom the matrix does not name', () => {
    const tabled = [...sections].filter(([, section]) => section.includes('| at | may |')).map(([name]) => name);
    expect(tabled.toSorted()).toEqual(everybodyNamed(matrix).toSorted());
  });
});
