import { describe, expect, it } from '@jest/globals';
import { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { addNag, nagFindings } from '../../../lib/guardrails/nag.ts';
import { acknowledgements } from '../../../lib/guardrails/nag-table.ts';
import { composeInstance } from '../../../lib/instance-stacks.ts';
import type { NagOutcome } from './nag-program.ts';
import { instanceOf, newApp, profiles, runAssemblyProgram } from './synthesise.ts';

const ran = await runAssemblyProgram('nag-program.ts');
if (ran.exitCode !== 0) throw new Error(ran.stderr);
const { unanswered, stale } = JSON.parse(ran.stdout) as NagOutcome;

describe('cdk-nag', () => {
  it.each(profiles)('finds nothing in %s that nobody answered', (profile) => {
    expect(unanswered[profile]).toEqual([]);
  });

  it('needs every row of the table, in one profile at least', () => {
    expect(stale).toEqual([]);
  });

  it.each(profiles)('has a reason that is a sentence for every row, of %s', async (profile) => {
    for (const { reason } of acknowledgements(await instanceOf(profile)))
      expect(reason).toMatch(/^[a-z0-9].{30,140}[^.]$/);
  });

  it('refuses at synthesis what nobody answered', async () => {
    const instance = await instanceOf('phase-1');
    const app = newApp({ builtinCloudFormationValidation: false });
    composeInstance(app, instance);
    const [stack] = app.node.children;
    if (!stack) throw new Error('expected a stack');
    new CfnBucket(stack, 'Open', {});
    addNag(app, instance);
    expect(nagFindings(app).map(({ id }) => id)).toEqual(['AwsSolutions-S1', 'AwsSolutions-S10']);
    expect(() => app.synth()).toThrow(/AwsSolutions-S10/);
  });
});
