import { ToolkitError } from '../../src/core/error.ts';
import { asStep } from '../../src/core/progress.ts';
import type { Check } from './check.ts';
import { expiredTimestamp } from './expired-timestamp.ts';
import { otherInstance } from './other-instance.ts';
import { policyRefusals } from './policy-refusals.ts';
import { signAndVerify } from './sign-and-verify.ts';
import type { SmokeRun } from './smoke-run.ts';
import { eachTimestampAuthority } from './timestamp-authorities.ts';

/** Looks at one thing with every client. What it starts has ended when it returns or throws. */
type CheckGroup = (run: SmokeRun) => Promise<readonly Check[]>;

/** In the order in which they run; the titles are what the operator sees. */
const checkGroups: Readonly<Record<string, CheckGroup>> = {
  'sign and verify': signAndVerify,
  'each timestamp authority': eachTimestampAuthority,
  refusals: policyRefusals,
  'another instance': otherInstance,
  'expired timestamp': expiredTimestamp,
};

/**
 * Runs the groups one after the other and returns what they saw.
 * @throws OPS_SMOKE_FAILED if a group checked nothing: nothing was shown then
 * @throws the reason of the run's signal if that is aborted
 */
export async function runChecks(run: SmokeRun, groups = checkGroups): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const [title, group] of Object.entries(groups)) {
    const looking = asStep(run.progress, title, async () => assertChecked(title, await group(run)));
    // Whatever fails after an interrupt may fail because of it, and what passes is not all that was to be shown.
    checks.push(...(await looking.finally(() => run.signal.throwIfAborted())));
  }
  return checks;
}

function assertChecked(title: string, checks: readonly Check[]): readonly Check[] {
  if (checks.length > 0) return checks;
  throw new ToolkitError('OPS_SMOKE_FAILED', {
    message: `${title}: expected at least one check, got none`,
    fault: 'caller',
  });
}
