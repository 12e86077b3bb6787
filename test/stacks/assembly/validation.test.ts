import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { addNag } from '../../../lib/guardrails/nag.ts';
import { composeInstance } from '../../../lib/instance-stacks.ts';
import { runProgram } from '../../../src/process/run-program.ts';
import { projectDirectory } from '../../support/instance.ts';
import { instanceOf, newApp } from './synthesise.ts';

describe('the rules of aws-cdk-lib, with errors on', () => {
  it('accept the instance of examples/production.yaml, and so does cdk-nag', async () => {
    const instance = await instanceOf('ha-public');
    const app = newApp();
    composeInstance(app, instance);
    addNag(app, instance);
    expect(app.synth().stacks.length).toBeGreaterThan(15);
  }, 60_000);

  it.each([
    ['accept a size that Fargate has', '256', 0],
    ['refuse one that it has not, and end synthesis with 1', '300', 1],
  ])(
    '%s',
    async (_name, cpu, expected) => {
      const { exitCode, stderr } = await runProgram({
        file: process.execPath,
        args: [join(projectDirectory, 'test', 'stacks', 'assembly', 'wrong-property-program.ts'), cpu],
        env: { PATH: process.env['PATH'] ?? '' },
        timeoutMs: 60_000,
      });
      expect({ exitCode, named: stderr.includes('Wrong/Task') }).toEqual({ exitCode: expected, named: expected === 1 });
    },
    60_000,
  );
});
