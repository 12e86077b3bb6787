import { describe, expect, it } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { assertInvariants } from '../../../lib/guardrails/guard.ts';
import { sampleDeployment } from '../access/support.ts';

describe('assertInvariants', () => {
  it('refuses a synthesis that breaks an invariant, and names the rule, the stack and the resource', () => {
    const app = new App({ analyticsReporting: false, builtinCloudFormationValidation: false });
    new Bucket(new Stack(app, 'Forgotten'), 'Open');
    const assembly = app.synth();
    expect(() => assertInvariants(assembly, sampleDeployment(), '')).toThrow(
      expect.objectContaining({ code: 'AWS_INVARIANT', message: expect.stringMatching(/Forgotten.*Open/s) }),
    );
  });
});
