import type { Stage } from '../support/aws/stage.ts';
import { freezeCases } from './faults-freeze.ts';
import { loadCases } from './faults-load.ts';
import { rollbackCases } from './faults-rollback.ts';

/** In this order: after the first two nothing is lost, the last two end one log each. */
export function faultCases(stage: () => Stage): void {
  loadCases(stage);
  freezeCases(stage);
  rollbackCases(stage);
}
