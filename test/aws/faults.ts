import type { Stage } from '../support/aws/stage.ts';
import { freezeCases, freezeRekorCases } from './faults-freeze.ts';
import { healthCases } from './faults-health.ts';
import { loadCases } from './faults-load.ts';
import { rollbackCases } from './faults-rollback.ts';

/** In this order: after the first two nothing is lost; then the CT log ends, and Rekor last of all. */
export function faultCases(stage: () => Stage): void {
  healthCases(stage);
  loadCases(stage);
  freezeCases(stage);
  rollbackCases(stage);
  freezeRekorCases(stage);
}
