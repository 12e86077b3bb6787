import type { cx_api } from 'aws-cdk-lib';
import { assertNoErrors, runRules } from '../../src/core/rules.ts';
import type { Deployment } from '../deployment.ts';
import { anchorsOf, assemblyOf } from './assembly.ts';
import { invariants } from './rules/index.ts';

/**
 * Holds what a synthesis wrote against every invariant, so that a template that breaks one is never deployed.
 * @param runbook text of docs/operator-runbook.md
 * @throws AWS_INVARIANT with every rule that is broken, and where
 */
export function assertInvariants(assembly: cx_api.CloudAssembly, deployment: Deployment, runbook: string): void {
  const instance = { assembly: assemblyOf(assembly), deployment, anchors: anchorsOf(runbook) };
  assertNoErrors(runRules(invariants, instance), 'AWS_INVARIANT', assembly.directory);
}
