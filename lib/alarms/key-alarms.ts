import type { AlarmRow } from './row.ts';

/** A rule that was triggered once is enough: the event says the rest. */
const triggered = {
  subject: 'audit-rule',
  metric: { namespace: 'AWS/Events', name: 'TriggeredRules', statistic: 'Sum' },
  comparison: 'at least',
  threshold: 1,
  periodMinutes: 1,
  silence: 'notBreaching',
  urgency: 'now',
} as const;

/** Keys, who uses them, and what protects the evidence. */
export const keyAlarms: readonly AlarmRow[] = [
  {
    ...triggered,
    id: 'key-sign-by-other',
    title: 'somebody but its service signed with a key',
    auditRule: 'strange-signer-of',
  },
  {
    ...triggered,
    id: 'key-sign-elsewhere',
    title: 'a signature was asked for from another account',
    auditRule: 'signed-from-elsewhere',
  },
  {
    ...triggered,
    id: 'key-sign-refused',
    title: 'somebody was refused a signature',
    auditRule: 'signature-refused-by',
  },
  { ...triggered, id: 'key-end', title: 'a key was disabled or is to be deleted', auditRule: 'key-end' },
  { ...triggered, id: 'key-change', title: 'the policy of a key was changed', auditRule: 'key-change' },
  { ...triggered, id: 'role-change', title: 'a role of the instance was changed', auditRule: 'role-change' },
  {
    ...triggered,
    id: 'program-change',
    title: 'what runs under a role of the instance was changed',
    auditRule: 'program-change',
  },
  { ...triggered, id: 'version-deleted', title: 'a version of a file was deleted', auditRule: 'version-deleted' },
  { ...triggered, id: 'objects-deleted', title: 'somebody but a log deleted files', auditRule: 'objects-deleted' },
  { ...triggered, id: 'lock-change', title: 'how long a file is kept was changed', auditRule: 'lock-change' },
  { ...triggered, id: 'bucket-change', title: 'what protects a bucket was changed', auditRule: 'bucket-change' },
  {
    id: 'key-quota',
    title: 'signatures are close to what KMS allows in a second',
    subject: 'region',
    metric: {
      namespace: 'AWS/Usage',
      name: 'CallCount',
      statistic: 'Sum',
      dimensions: { Service: 'KMS', Type: 'API', Resource: 'CryptographicOperationsEcc', Class: 'None' },
    },
    expression: '100 * (m / PERIOD(m)) / SERVICE_QUOTA(m)',
    comparison: 'above',
    threshold: 60,
    periodMinutes: 1,
    window: { periods: 10, bad: 5 },
    silence: 'notBreaching',
    urgency: 'today',
  },
];
