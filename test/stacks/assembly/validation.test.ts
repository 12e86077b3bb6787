import { describe, expect, it } from '@jest/globals';
import { runAssemblyProgram } from './synthesise.ts';

describe('the rules of aws-cdk-lib, with errors on', () => {
  it('accept the instance of examples/production.yaml, and so does cdk-nag', async () => {
    const { exitCode, stderr } = await runAssemblyProgram('validated-program.ts');
    expect({ exitCode, errors: stderr.split('\n').filter((line) => line.startsWith('ERROR')) }).toEqual({
      exitCode: 0,
      errors: [],
    });
  }, 60_000);

  it.each([
    ['accept a size that Fargate has', '256', 0],
    ['refuse one that it has not, and end synthesis with 1', '300', 1],
  ])(
    '%s',
    async (_name, cpu, expected) => {
      const { exitCode, stderr } = await runAssemblyProgram('wrong-property-program.ts', cpu);
      expect({ exitCode, named: stderr.includes('Wrong/Task') }).toEqual({ exitCode: expected, named: expected === 1 });
    },
    60_000,
  );
});
