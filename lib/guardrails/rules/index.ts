import type { Rule } from '../../../src/core/rules.ts';
import type { GuardedInstance } from '../assembly.ts';
import { containerRules } from './containers.ts';
import { dataRules } from './data.ts';
import { instanceRules } from './instance.ts';
import { keyRules } from './keys.ts';
import { networkRules } from './network.ts';

/** What every assembly must hold, whatever the configuration: what aws-cdk-lib and cdk-nag do not know to ask. */
export const invariants: readonly Rule<GuardedInstance>[] = [
  ...keyRules,
  ...containerRules,
  ...dataRules,
  ...networkRules,
  ...instanceRules,
];
