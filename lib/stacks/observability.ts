import { Annotations, ArnFormat, Stack, type StackProps } from 'aws-cdk-lib';
import { AlarmStatusWidget, Dashboard, GraphWidget, TextWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { logicalId } from '../access/logical-id.ts';
import { alarmTable } from '../alarms/alarm-table.ts';
import type { AlarmRow } from '../alarms/row.ts';
import { type AlarmSubject, type RegionFacts, subjectsOf } from '../alarms/subjects.ts';
import { metricOf, RunbookAlarm } from '../constructs/runbook-alarm.ts';
import type { Deployment } from '../deployment.ts';

export interface ObservabilityStackProps extends StackProps, RegionFacts {
  readonly deployment: Deployment;
  /** Where operators read the runbook, before `#`. @default docs/operator-runbook.md */
  readonly runbook?: string;
}

/** What is graphed, left to right: what users feel, what the logs do, what carries it. */
const graphed = [
  'prober-failing',
  'prober-slow',
  'checkpoint-age',
  'server-errors',
  'tasks-missing',
  'database-capacity',
  'key-quota',
  'signatures-unlogged',
  'tls-expiry',
  'tuf-timestamp-expiry',
];

/** The alarms of one region, all of them from the table, and a dashboard with their state. */
export class ObservabilityStack extends Stack {
  readonly alarms: readonly RunbookAlarm[];

  constructor(scope: Construct, id: string, props: ObservabilityStackProps) {
    super(scope, id, { description: `Alarms of ${props.deployment.names.instance} in ${props.region}`, ...props });
    const { deployment, runbook } = props;
    const topics = this.#topics(deployment);
    const placed = alarmTable.map((row) => ({ row, subjects: subjectsOf(row, deployment, props) }));
    this.alarms = placed.flatMap(({ row, subjects }) =>
      subjects.map((subject) => {
        const name = subject.id === '' ? row.id : `${row.id}-${subject.id}`;
        const { instance } = deployment.names;
        return new RunbookAlarm(this, logicalId(name), { instance, row, subject, topics, ...(runbook && { runbook }) });
      }),
    );
    this.#dashboard(props, placed);
  }

  #topics({ config }: Deployment): readonly ITopic[] {
    const alerts = config.monitors?.alerts ?? [];
    if (alerts.length === 0) {
      Annotations.of(this).addWarningV2(
        'sigstead:alarms-tell-nobody',
        'monitors.alerts is empty: alarms change colour, and nobody is told',
      );
    }
    return alerts.map(({ sns }) =>
      Topic.fromTopicArn(
        this,
        logicalId(`topic-${sns}`),
        this.formatArn({ service: 'sns', resource: sns, arnFormat: ArnFormat.NO_RESOURCE_NAME }),
      ),
    );
  }

  #dashboard(
    { deployment, region }: ObservabilityStackProps,
    placed: readonly { readonly row: AlarmRow; readonly subjects: readonly AlarmSubject[] }[],
  ): void {
    const { names } = deployment;
    const dashboard = new Dashboard(this, 'Dashboard', { dashboardName: names.stack('instance', region) });
    dashboard.addWidgets(
      new TextWidget({
        markdown: `# ${names.instance} in ${region}\nEach alarm names its runbook.`,
        width: 24,
        height: 2,
      }),
    );
    dashboard.addWidgets(
      new AlarmStatusWidget({ title: 'Alarms', alarms: this.alarms.map(({ alarm }) => alarm), width: 24, height: 8 }),
    );
    const graphs = placed
      .filter(({ row, subjects }) => graphed.includes(row.id) && subjects.length > 0)
      .map(({ row, subjects }) => {
        const left = subjects.map((subject, index) => metricOf(row, subject, String(index)));
        return new GraphWidget({ title: row.title, left, leftAnnotations: [{ value: row.threshold }], width: 12 });
      });
    for (let index = 0; index < graphs.length; index += 2) dashboard.addWidgets(...graphs.slice(index, index + 2));
  }
}
