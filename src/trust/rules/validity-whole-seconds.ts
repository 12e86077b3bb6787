import { floorToSecond, formatInstant } from '../../core/clock.ts';
import { inTrustedRoot, listsOf, type TrustRule } from './subject.ts';

export const validityWholeSeconds: TrustRule = {
  id: 'validity-whole-seconds',
  title:
    'A start is a whole second: timestamps count whole seconds, so the first would fall before it in every client.',
  check: (subject) =>
    inTrustedRoot(Object.values(listsOf(subject)).flat(), ({ validFor: { start } }) => {
      const whole = floorToSecond(start);
      if (whole.getTime() === start.getTime()) return undefined;
      return { message: `expected a whole second like ${formatInstant(whole)}, got ${start.toISOString()}` };
    }),
};
