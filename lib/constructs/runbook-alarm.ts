import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { type AlarmMetric, type AlarmRow, anchorOf } from '../alarms/row.ts';
import type { AlarmSubject } from '../alarms/subjects.ts';

export interface RunbookAlarmProps {
  readonly instance: string;
  readonly row: AlarmRow;
  readonly subject: AlarmSubject;
  readonly topics: readonly ITopic[];
  /** Where the runbook is read. @default docs/operator-runbook.md */
  readonly runbook?: string;
}

const operators = {
  above: ComparisonOperator.GREATER_THAN_THRESHOLD,
  'at least': ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  below: ComparisonOperator.LESS_THAN_THRESHOLD,
} as const;

/** An alarm that says what is the case, how urgent it is, and where the runbook tells what to do. The only kind we make. */
export class RunbookAlarm extends Construct {
  readonly alarm: Alarm;

  constructor(
    scope: Construct,
    id: string,
    { instance, row, subject, topics, runbook = defaultRunbook }: RunbookAlarmProps,
  ) {
    super(scope, id);
    const { periods, bad } = row.window ?? { periods: 1, bad: 1 };
    const of = subject.id === '' ? '' : `-${subject.id}`;
    this.alarm = new Alarm(this, 'Alarm', {
      alarmName: `${instance}-${row.id}${of}`,
      alarmDescription: descriptionOf(row, subject.id, runbook),
      metric: metricOf(row, subject),
      comparisonOperator: operators[row.comparison],
      threshold: row.threshold,
      evaluationPeriods: periods,
      datapointsToAlarm: bad,
      treatMissingData: row.silence === 'breaching' ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
    for (const topic of topics) {
      this.alarm.addAlarmAction(new SnsAction(topic));
      this.alarm.addOkAction(new SnsAction(topic));
    }
  }
}

export const defaultRunbook = 'docs/operator-runbook.md';

export function descriptionOf(
  row: Pick<AlarmRow, 'id' | 'title' | 'urgency'>,
  subject: string,
  runbook: string,
): string {
  const what = subject === '' ? row.title : `${subject}: ${row.title}`;
  return `${what}. ${when[row.urgency]}. ${runbook}#${anchorOf(row)}`;
}

const when = { now: 'Act now', today: 'Can wait for the morning', notice: 'Act now if nobody planned it' } as const;

/** The metric of an alarm, also for a graph of it: in one graph, the parts of each expression need a `suffix` of their own. */
export function metricOf(row: AlarmRow, subject: AlarmSubject, suffix = ''): IMetric {
  const period = Duration.minutes(row.periodMinutes);
  const of = ({ namespace, name, statistic, dimensions }: AlarmMetric, own = subject.dimensions) =>
    new Metric({
      namespace: subject.namespace ?? namespace,
      metricName: name,
      statistic,
      period,
      dimensionsMap: { ...own, ...dimensions },
    });
  if (row.expression === undefined) return of(row.metric);
  const parts = Object.entries({ m: row.metric, ...row.others });
  const names = new RegExp(`\\b(?:${parts.map(([name]) => name).join('|')})\\b`, 'g');
  return new MathExpression({
    expression: row.expression.replace(names, (name) => `${name}${suffix}`),
    usingMetrics: Object.fromEntries(
      parts.map(([name, metric]) => [`${name}${suffix}`, of(metric, name === 'm' ? undefined : subject.others)]),
    ),
    period,
    label: subject.id === '' ? row.title : subject.id,
  });
}
