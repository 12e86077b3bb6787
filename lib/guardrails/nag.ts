import { type App, CfnResource, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { Deployment } from '../deployment.ts';
import { acknowledgements } from './nag-table.ts';

/**
 * Makes synthesis fail on what cdk-nag finds and nobody has answered. Call it once everything is composed: what is
 * acknowledged is acknowledged of constructs that exist, one finding at a time.
 */
export function addNag(app: App, deployment: Deployment): void {
  const resources = app.node.findAll().filter((each) => CfnResource.isCfnResource(each));
  for (const { id, where, reason } of acknowledgements(deployment)) {
    for (const resource of resources) {
      if (where.test(resource.node.path)) Validations.of(resource).acknowledge({ id, reason });
    }
  }
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
}

/** A finding of cdk-nag about one construct. */
export interface NagFinding {
  readonly id: string;
  readonly path: string;
}

/** Returns what cdk-nag finds in an app, but for what was acknowledged. */
export function nagFindings(app: App): readonly NagFinding[] {
  return new AwsSolutionsChecks(app)
    .validateScope(app)
    .violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath = '' }) => ({ id: ruleName, path: constructPath })),
    );
}
