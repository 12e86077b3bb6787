import type { Rule } from '../../src/core/rules.ts';
import type { ReviewedPlan } from '../plan.ts';

export const snapshotKeepsFiles: Rule<ReviewedPlan> = {
  id: 'snapshot-keeps-files',
  title: 'a file that the published snapshot lists stays listed, at no lower version (TUF §5.5.5)',
  check: ({ current, documents: { snapshot } }) => {
    if (!snapshot || !current?.snapshot) return 'not-applicable';
    return [...current.snapshot.meta]
      .filter(([file, { version }]) => (snapshot.meta.get(file)?.version ?? 0) < version)
      .map(([file, { version }]) => ({
        where: `snapshot: meta.${file}`,
        message: `expected version ${version} or more, got ${snapshot.meta.get(file)?.version ?? 'none'}`,
      }));
  },
};
