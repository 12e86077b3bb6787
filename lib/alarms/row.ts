/** What a metric is measured of: an alarm is made for each one there is. */
export type Subject =
  | 'instance'
  | 'region'
  | 'log'
  /** A log that is not frozen. */
  | 'open-log'
  | 'rekor'
  | 'issuance'
  | 'authority'
  | 'host'
  | 'function'
  | 'queue'
  | 'load-balancer'
  | 'target-group'
  | 'service'
  | 'database'
  | 'audit-rule';

export interface AlarmMetric {
  readonly namespace: string;
  readonly name: string;
  readonly statistic: 'Average' | 'Maximum' | 'Minimum' | 'Sum' | 'p99';
  /** Besides those of the subject. */
  readonly dimensions?: Readonly<Record<string, string>>;
}

/** One alarm as data. Its runbook is the section `alarm-ID` of docs/operator-runbook.md, and its description says so. */
export interface AlarmRow {
  /** Unique, kebab-case. */
  readonly id: string;
  /** What is the case when it rings, as a sentence. */
  readonly title: string;
  readonly subject: Subject;
  readonly metric: AlarmMetric;
  /** Of the metric, called `m`, and of the others by their names. @default - the metric as it is */
  readonly expression?: string;
  readonly others?: Readonly<Record<string, AlarmMetric>>;
  readonly comparison: 'above' | 'at least' | 'below';
  readonly threshold: number;
  readonly periodMinutes: number;
  /** How many periods are looked at, and how many of them have to be bad. @default one of one */
  readonly window?: { readonly periods: number; readonly bad: number };
  /** What silence means. A metric that something of ours has to send is breaching: whoever is dead says nothing. */
  readonly silence: 'breaching' | 'notBreaching';
  /** `now`: wakes somebody. `today`: can wait for the morning. `notice`: nothing to do for whoever expected it. */
  readonly urgency: 'now' | 'today' | 'notice';
  /** Only the audit rules whose id is this, or begins with it and a service. */
  readonly auditRule?: string;
}

/** Anchor of the runbook. */
export function anchorOf({ id }: Pick<AlarmRow, 'id'>): `alarm-${string}` {
  return `alarm-${id}`;
}
