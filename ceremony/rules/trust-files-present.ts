import type { Rule } from '../../src/core/rules.ts';
import { trustFileNames } from '../../src/trust/compile.ts';
import type { ReviewedPlan } from '../plan.ts';

export const trustFilesPresent: Rule<ReviewedPlan> = {
  id: 'trust-files-present',
  title: 'targets list trusted_root.json and signing_config.v0.2.json, without which no Sigstore client does anything',
  severity: 'warning',
  check: ({ announced, documents: { targets } }) => {
    if (!announced?.changesTargets || !targets) return 'not-applicable';
    return [trustFileNames.trustedRoot, trustFileNames.signingConfig]
      .filter((name) => !targets.targets.has(name))
      .map((name) => ({
        where: 'targets',
        message: `expected ${name}, got none`,
        hint: 'sigstead trust compile writes it',
      }));
  },
};
