import { issuance } from '../../src/services/issuance.ts';
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
  {
    ...triggered,
    id: 'key-read-by-other',
    title: 'somebody who has nothing to do with a key asked for its public half',
    auditRule: 'strange-reader-of',
    urgency: 'today',
  },
  {
    ...triggered,
    id: 'key-secret-read',
    title: 'somebody but its service read or changed the secret with a key or its PIN, or unwrapped its keyset',
    auditRule: 'key-secret-of',
  },
  {
    ...triggered,
    id: 'database-secret-read',
    title: "somebody else read the password of a log's database",
    auditRule: 'database-secret-of',
  },
  {
    ...triggered,
    id: 'secret-change',
    title: 'a secret of the instance was changed or copied',
    auditRule: 'secret-change',
  },
  {
    id: 'signatures-unlogged',
    title: 'the key of Fulcio signed more than the CT logs show',
    subject: 'issuance',
    metric: { namespace: 'AWS/Events', name: 'TriggeredRules', statistic: 'Sum' },
    // Of an hour and what is around it, so that neither the minutes that an event takes nor those between two looks of
    // the monitor make a difference. It is sent for the hour before last: nothing newer is judged.
    others: { logged: { namespace: 'Sigstead', name: 'CertificatesLogged', statistic: 'Maximum' } },
    expression: `m - ${issuance.signaturesPerCertificate} * logged`,
    comparison: 'above',
    // Somebody whose certificate the CT log does not take has used one signature for nothing.
    threshold: 10,
    periodMinutes: issuance.windowMinutes,
    window: { periods: 3, bad: 1 },
    silence: 'notBreaching',
    urgency: 'now',
  },
  { ...triggered, id: 'key-end', title: 'a key was disabled or is to be deleted', auditRule: 'key-end' },
  { ...triggered, id: 'key-return', title: 'a key was enabled again', auditRule: 'key-return' },
  { ...triggered, id: 'key-change', title: 'the policy of a key was changed', auditRule: 'key-change' },
  {
    ...triggered,
    id: 'role-change',
    title: 'a role of the instance, or of deployments, was changed',
    auditRule: 'role-change',
  },
  {
    ...triggered,
    id: 'program-change',
    title: 'what runs under a role of the instance was changed',
    auditRule: 'program-change',
  },
  {
    ...triggered,
    id: 'user-change',
    title: 'a user of the identity provider, or how users log in, was changed',
    auditRule: 'user-change',
    // Somebody makes users: most of these were announced.
    urgency: 'notice',
  },
  {
    ...triggered,
    id: 'route-change',
    title: 'what leads requests to the servers was changed',
    auditRule: 'route-change',
  },
  {
    ...triggered,
    id: 'database-change',
    title: 'a database, or who reaches it, was changed',
    auditRule: 'database-change',
  },
  { ...triggered, id: 'break-glass-used', title: 'somebody became break-glass', auditRule: 'break-glass-used' },
  { ...triggered, id: 'version-deleted', title: 'a version of a file was deleted', auditRule: 'version-deleted' },
  { ...triggered, id: 'objects-deleted', title: 'somebody but a log deleted files', auditRule: 'objects-deleted' },
  { ...triggered, id: 'lock-change', title: 'how long a file is kept was changed', auditRule: 'lock-change' },
  { ...triggered, id: 'bucket-change', title: 'what protects a bucket was changed', auditRule: 'bucket-change' },
  {
    ...triggered,
    id: 'audit-change',
    title: 'what watches the instance was changed',
    auditRule: 'audit-change',
  },
  {
    ...triggered,
    id: 'deployment',
    title: 'a deployment began',
    auditRule: 'deployment',
    // One message of a deployment, however many stacks it changes.
    periodMinutes: 60,
    urgency: 'notice',
  },
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
