import type { Stage } from '../support/aws/stage.ts';
import { freezeCases } from './faults-freeze.ts';
import { healthCases } from './faults-health.ts';
import { loadCases } from './faults-load.ts';
import { rollbackCases } from './faults-rollback.ts';

/** In this order: after the first three nothing is lost, the last two end one log each. */
export function faultCases(stage: () => Stage): void {
  healthCases(stage);
  loadCases(stage);
  freezeCases(stage);
  rollbackCases(stage);
}
