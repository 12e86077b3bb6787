import { addMs, formatInstant } from '../../core/clock.ts';
import type { AuthorityPeriod } from '../period.ts';
import { aboutTrustedRoot, type TrustRule } from './subject.ts';

/** Clients compare whole seconds and include both ends, so the next period may start a second later. */
const toleranceMs = 1_000;

export const validityGap: TrustRule = {
  id: 'validity-gap',
  title: 'Periods of one kind of authority leave no gap: no client verifies what was signed in it.',
  // A gap in the past cannot be mended without changing history; what signs now is checked by other rules.
  severity: 'warning',
  check: ({ trustedRoot: { certificateAuthorities, ctlogs, timestampAuthorities } }) =>
    Object.entries({ certificateAuthorities, ctlogs, timestampAuthorities }).flatMap(([name, entries]) =>
      gapsOf(entries.map(({ validFor }) => validFor)).map(({ from, to }) =>
        aboutTrustedRoot(name, {
          message: `expected periods without a gap, got none between ${formatInstant(from)} and ${formatInstant(to)}`,
        }),
      ),
    ),
};

function gapsOf(periods: readonly AuthorityPeriod[]): readonly { readonly from: Date; readonly to: Date }[] {
  const gaps: { from: Date; to: Date }[] = [];
  let covered: Date | undefined;
  for (const { start, end } of periods.toSorted((a, b) => a.start.getTime() - b.start.getTime())) {
    if (covered !== undefined && start > addMs(covered, toleranceMs)) gaps.push({ from: covered, to: start });
    if (end === undefined) return gaps;
    if (covered === undefined || end > covered) covered = end;
  }
  return gaps;
}
