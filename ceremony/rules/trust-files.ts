import type { Rule } from '../../src/core/rules.ts';
import { trustFileNames } from '../../src/trust/compile.ts';
import { lintTrust } from '../../src/trust/lint.ts';
import type { ReviewedPlan } from '../plan.ts';

export const trustFiles: Rule<ReviewedPlan> = {
  id: 'trust-files',
  title: 'trusted_root.json and signing_config.v0.2.json pass every rule of `sigstead trust lint`',
  check: ({ announced, targetFiles, now }) => {
    const trustedRoot = targetFiles?.get(trustFileNames.trustedRoot);
    const signingConfig = targetFiles?.get(trustFileNames.signingConfig);
    // What one machine made for itself was linted when it was compiled; a renewal signs what is in force.
    if (!announced?.changesTargets || !trustedRoot || !signingConfig) return 'not-applicable';
    return lintTrust({ trustedRoot, signingConfig }, { now })
      .filter(({ severity }) => severity === 'error')
      .map(({ rule, where, message, hint }) => ({
        where,
        message: `${rule}: ${message}`,
        ...(hint !== undefined && { hint }),
      }));
  },
};
