import type { Outcome } from '../../src/cli/command.ts';
import { ToolkitError } from '../../src/core/error.ts';
import type { Check } from './check.ts';

/**
 * Returns what smoke says of an instance that passed every check.
 * @throws OPS_SMOKE_FAILED (evidence) with each check that failed, and what the client said
 */
export function smokeOutcome(checks: readonly Check[]): Outcome {
  const failed = checks.filter((check) => !check.passed);
  if (failed.length > 0) {
    const list = failed.map(
      ({ name, client, expected, reason }) =>
        `${client}, ${name}: expected that it ${expected}${reason ? `, it said: ${reason}` : ''}`,
    );
    throw new ToolkitError('OPS_SMOKE_FAILED', {
      message: `${failed.length} of ${checks.length} checks failed:\n${list.join('\n')}`,
      fault: 'evidence',
      data: { checks: checks.map((check) => ({ ...check })) },
    });
  }
  const lines = checks.map(({ name, client, expected }) => `  ✓ ${client} ${expected} ${name}\n`);
  return {
    json: { checks: checks.map((check) => ({ ...check })) },
    text: `${lines.join('')}${checks.length} checks passed\n`,
  };
}
