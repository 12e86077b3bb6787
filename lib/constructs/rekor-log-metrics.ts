import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Names } from '../names.ts';

/** Name of the metric, in the namespace of the shard. */
export const inclusionProofFailures = 'InclusionProofFailures';

/**
 * What Rekor v2.3.0 writes, as one line, where it counts `rekor_v2_inclusion_proof_failure_total`. The counter itself is
 * on a port of the task that nothing in the instance reads.
 */
export const inclusionProofLine = ['failed to integrate entry', 'verifying inclusion proof for index'] as const;

export interface RekorLogMetricsProps {
  readonly names: Names;
  readonly service: string;
  readonly logGroup: ILogGroup;
}

/** What is counted in the log group of a Rekor shard. */
export class RekorLogMetrics extends Construct {
  constructor(scope: Construct, id: string, { names, service, logGroup }: RekorLogMetricsProps) {
    super(scope, id);
    new MetricFilter(this, 'InclusionProofs', {
      logGroup,
      filterPattern: FilterPattern.allTerms(...inclusionProofLine),
      metricNamespace: names.metricNamespace(service),
      metricName: inclusionProofFailures,
      metricValue: '1',
      defaultValue: 0,
    });
  }
}
