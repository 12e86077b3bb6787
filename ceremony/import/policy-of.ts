import { dayMs } from '../../src/core/clock.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import type { RoleName } from '../../src/tuf/layout.ts';
import { quorumOf } from '../../src/tuf/threshold.ts';
import { ownersOf } from '../owners.ts';
import type { ImportedRepository } from './imported.ts';

const maxDays = 3650;

interface Period {
  readonly expiryDays: number;
  readonly resignDays: number;
  /** Where it comes from. */
  readonly from: string;
}

/**
 * Returns a policy.yaml that asks for what an imported repository has: holders, thresholds, periods, and what may be
 * lost. Comments say where each came from; people change it before they change the repository by it.
 */
export function policyOf(imported: ImportedRepository, now: Date): string {
  const { root } = imported;
  const [forRoot, forTargets] = [holdersOf(imported, 'root'), holdersOf(imported, 'targets')];
  const everybody = [...new Set([...forRoot, ...forTargets])];
  const tolerance = Math.max(
    0,
    Math.min(forRoot.length - root.roles.root.threshold, forTargets.length - root.roles.targets.threshold),
  );
  const held = (role: 'root' | 'targets', holders: readonly string[]) => [
    '',
    `${role}:`,
    `  threshold: ${root.roles[role].threshold}  # as in root v${root.version}`,
    `  holders: [${holders.map(scalar).join(', ')}]`,
    ...periodLines(periodOf(imported, role, now)),
  ];
  return [
    `# The root policy of a repository that was imported: what it was by its root v${root.version}. Read it, complete it, and`,
    '# change by it only what an event announces.',
    '',
    '# By the names that the keys carry; holder-… where a key carries none. Nobody has enrolled a key here yet: their',
    '# keys are those that the root lists.',
    'holders:',
    ...everybody.map((id) => `  - { id: ${scalar(id)}, name: ${scalar(id)} }  # ${keysOf(imported, id)}`),
    ...held('root', forRoot),
    ...held('targets', forTargets),
    '',
    '# Where the key of snapshot and timestamp is, the repository does not say in a way that this toolkit reads.',
    'online:',
    '  key: awskms',
    '',
    'ceremony:',
    `  tolerance: ${tolerance}  # what the thresholds leave`,
    ...(['snapshot', 'timestamp'] as const).flatMap((role) => [
      '',
      `${role}:`,
      ...periodLines(periodOf(imported, role, now)),
    ]),
    '',
  ].join('\n');
}

/** YAML takes some of the names that we allow for numbers or truth values. */
function scalar(id: string): string {
  return /^(?:[0-9]|(?:true|false|null|yes|no|on|off)$)/.test(id) ? `'${id}'` : id;
}

/** Two ids of one key are one holder. */
function holdersOf({ root }: ImportedRepository, role: 'root' | 'targets'): readonly string[] {
  const owners = ownersOf(root);
  return [...new Set(quorumOf(root, role).keys.map(({ keyid }) => owners.get(keyid) ?? `holder-${keyid.slice(0, 8)}`))];
}

function keysOf({ root }: ImportedRepository, holder: string): string {
  const ids = [...ownersOf(root)].filter(([, owner]) => owner === holder).map(([keyid]) => keyid.slice(0, 8));
  return `key ${ids.join(', ')}`;
}

function periodLines({ expiryDays, resignDays, from }: Period): readonly string[] {
  return [`  expiryDays: ${expiryDays}  # ${from}`, `  resignDays: ${resignDays}`];
}

/** Of the offline roles tuf-on-ci keeps them in the metadata itself, of the others in the root. */
function periodOf(imported: ImportedRepository, role: RoleName, now: Date): Period {
  const own = role === 'root' || role === 'targets';
  const roles = imported.root.signed['roles'] as Readonly<Record<string, JsonObject>>;
  const fields = own ? imported[role].signed : roles[role];
  const expiryDays = daysAt(fields?.['x-tuf-on-ci-expiry-period']);
  const resignDays = daysAt(fields?.['x-tuf-on-ci-signing-period']);
  if (expiryDays && resignDays && resignDays < expiryDays) {
    return { expiryDays, resignDays, from: 'x-tuf-on-ci-expiry-period and x-tuf-on-ci-signing-period' };
  }
  const { version, expires } = imported[role];
  const left = Math.round((expires.getTime() - now.getTime()) / dayMs);
  const days = Math.min(maxDays, Math.max(left, 2));
  const from = `${role} v${version} had ${Math.max(left, 0)} days left when it was imported; choose what you keep to`;
  return { expiryDays: days, resignDays: Math.max(1, Math.floor(days / 3)), from };
}

function daysAt(value: Json | undefined): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= maxDays ? value : undefined;
}
