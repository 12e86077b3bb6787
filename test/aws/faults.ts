import { expect, it } from '@jest/globals';
import type { Stage } from '../support/aws/stage.ts';

export function faultCases(stage: () => Stage): void {
  it('has a stage', () => {
    expect(stage().services.tasks.length).toBeGreaterThan(4);
  });
}
