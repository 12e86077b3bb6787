/** Every metric of the functions is in this namespace, with the instance as its first dimension. */
export const metricNamespace = 'Sigstead';

export type MetricUnit = 'None' | 'Count' | 'Seconds' | 'Milliseconds';

export interface Metric {
  readonly name: string;
  readonly value: number;
  readonly unit: MetricUnit;
  /** Besides `Instance`: what the value is of. */
  readonly of?: { readonly Log: string } | { readonly Service: string } | { readonly Host: string };
  /** Of which time the value is. @default now */
  readonly at?: Date;
}

/**
 * Writes a metric as a line that CloudWatch takes out of the log by itself: no permission, and no call that could fail.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function formatMetric(metric: Metric, options: { readonly instance: string; readonly now: Date }): string {
  const dimensions = { Instance: options.instance, ...metric.of };
  return JSON.stringify({
    _aws: {
      Timestamp: (metric.at ?? options.now).getTime(),
      CloudWatchMetrics: [
        {
          Namespace: metricNamespace,
          Dimensions: [Object.keys(dimensions)],
          Metrics: [{ Name: metric.name, Unit: metric.unit }],
        },
      ],
    },
    ...dimensions,
    [metric.name]: metric.value,
  });
}
