import type { Rule } from '../../src/core/rules.ts';
import { newlyRefused } from '../bundles.ts';
import type { ReviewedPlan } from '../plan.ts';

export const storedBundles: Rule<ReviewedPlan> = {
  id: 'stored-bundles',
  title: 'every stored bundle that verifies today verifies with the next trusted root too, unless trust is revoked',
  check: (plan) => {
    const { announced, bundles = [] } = plan;
    if (!announced || announced.revokes || bundles.length === 0) return 'not-applicable';
    return newlyRefused(plan).map(({ name, why }) => ({
      where: `bundles/${name}`,
      message: `would no longer verify: ${why}`,
      hint: 'keep what it needs in trusted_root.json; or say `revokes: true` in the intent: then the screen lists what it costs',
    }));
  },
};
