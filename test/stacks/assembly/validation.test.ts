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

  it('refuse a size that Fargate has not, and end synthesis with 1', async () => {
    const { exitCode, stderr } = await runAssemblyProgram('wrong-property-program.ts');
    const named = ['Sizes/Right', 'Sizes/Wrong'].filter((path) => stderr.includes(path));
    expect({ exitCode, named }).toEqual({ exitCode: 1, named: ['Sizes/Wrong'] });
  }, 60_000);
});
