import { equalBytes } from '../../src/core/bytes.ts';
import type { Rule } from '../../src/core/rules.ts';
import { trustFileNames } from '../../src/trust/compile.ts';
import { trustedGroups } from '../../src/trust/diff-items.ts';
import { parseTrustedRoot } from '../../src/trust/trusted-root.ts';
import type { ReviewedPlan } from '../plan.ts';

const hint = 'end its validity instead; or say `revokes: true` in the intent, and what that costs';

export const trustKept: Rule<ReviewedPlan> = {
  id: 'trust-kept',
  title: 'an authority or a log that ever vouched for something stays in trusted_root.json, unless it is revoked',
  check: ({ announced, current, targetFiles, documents: { targets } }) => {
    const name = trustFileNames.trustedRoot;
    const [before, after] = [current?.targetFiles.get(name), targetFiles?.get(name)];
    if (!announced || announced.revokes) return 'not-applicable';
    if (targets && current?.targets.targets.has(name) && !targets.targets.has(name)) {
      return [{ where: name, message: 'expected the file to stay, got none', hint }];
    }
    if (!before || !after || equalBytes(before, after)) return 'not-applicable';
    const [older, newer] = [before, after].map((file) =>
      trustedGroups(parseTrustedRoot(file, name)).flatMap(({ items }) => items),
    );
    const kept = new Set(newer?.map(({ id }) => id));
    return (older ?? [])
      .filter(({ id }) => !kept.has(id))
      .map((item) => ({
        where: name,
        message: `expected ${item.name} to stay, got none`,
        hint,
      }));
  },
};
