import { keyAlarms } from './key-alarms.ts';
import { logAlarms } from './log-alarms.ts';
import type { AlarmRow } from './row.ts';
import { serviceAlarms } from './service-alarms.ts';
import { trustAlarms } from './trust-alarms.ts';

/** Every alarm of an instance. */
export const alarmTable: readonly AlarmRow[] = [...trustAlarms, ...logAlarms, ...serviceAlarms, ...keyAlarms];
