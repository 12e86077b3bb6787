import { checkPeriods, type Periods } from '../ceremony/periods.ts';
import { tufUrl } from '../local/endpoints.ts';
import { localServices, localUsers } from '../local/instance.ts';
import { answers } from '../local/server-process.ts';
import { StateDirectory, type StateFacts } from '../local/state.ts';
import type { Command, Invocation, Outcome } from '../src/cli/command.ts';
import type { InstanceConfig } from '../src/config/config.ts';
import { readRootPolicy } from '../src/config/root-policy.ts';
import { formatInstant } from '../src/core/clock.ts';
import { exitCodes, ToolkitError } from '../src/core/error.ts';
import { shellWord } from '../src/core/shell.ts';
import { roleNames } from '../src/tuf/layout.ts';
import { instanceConfiguration } from './configuration.ts';
import { readInstanceFacts } from './instance-facts.ts';
import { readTrustMaterial } from './instance-material.ts';
import { readPublished, rootPolicyFile } from './root-of-trust.ts';
import { findRunning, type RunRecord } from './run-record.ts';
import { configOption, stateOption, statePath } from './settings.ts';

export const statusCommand: Command = {
  words: ['status'],
  summary: 'show what runs, what clients need, and what wants attention',
  options: { ...stateOption, ...configOption },
  examples: [
    { command: 'sigstead status', explains: 'for people' },
    { command: 'sigstead status --json', explains: 'for programs' },
  ],
  exitNotes: [
    '4    also: the published TUF repository does not verify',
    '5    also: the instance is not up, or a server does not answer',
  ],
  run: status,
};

interface ServiceStatus {
  readonly id: string;
  readonly healthy: boolean;
}

interface Status {
  readonly state: string;
  readonly instance: string;
  readonly phase: 'down' | 'starting' | 'ready';
  readonly tufUrl: string;
  readonly rootFile: string;
  readonly issuer: string;
  readonly rootOfTrust: string;
  readonly services: readonly ServiceStatus[];
  readonly roles: readonly { role: string; version: number; expires: string; state: string }[];
  readonly warnings: readonly string[];
}

async function status(invocation: Invocation): Promise<Outcome> {
  const state = new StateDirectory(statePath(invocation.options, invocation.environment));
  const facts = await readInstanceFacts(state);
  const config = await instanceConfiguration(invocation.options, state);
  const running = await findRunning(state);
  const periods = await rolePeriods(state, invocation.clock.now());
  const services = await serviceStatuses(config, state, facts);
  const result: Status = {
    state: state.path,
    instance: facts.instanceName,
    phase: running?.phase ?? 'down',
    tufUrl: tufUrl(facts),
    rootFile: state.pinnedRootFile,
    issuer: (await readTrustMaterial(state))?.oidc[0]?.url ?? '',
    rootOfTrust: 'local: file keys of all holders lie in the state directory, for trying things out',
    services,
    roles: periods instanceof ToolkitError ? [] : roleNames.map((role) => roleStatus(periods, role)),
    warnings: warnings({ config, state, running, services, periods }),
  };
  const healthy = result.phase === 'ready' && services.every((service) => service.healthy);
  return { json: JSON.parse(JSON.stringify(result)), text: render(result), exitCode: exitCodeOf(periods, healthy) };
}

async function serviceStatuses(
  config: InstanceConfig,
  state: StateDirectory,
  facts: StateFacts,
): Promise<readonly ServiceStatus[]> {
  const material = await readTrustMaterial(state);
  if (!material) return [];
  return await Promise.all(
    localServices(config, material, facts).map(async ({ id, health }) => ({
      id,
      healthy: await answers(`http://127.0.0.1:${facts.ports[`${id}/${health.port}`]}${health.path}`),
    })),
  );
}

/** A repository that does not verify weighs more than a server that is down. */
function exitCodeOf(periods: Periods | ToolkitError, healthy: boolean): number {
  if (periods instanceof ToolkitError && periods.fault === 'evidence') return exitCodes.evidence;
  return healthy ? exitCodes.ok : exitCodes.environment;
}

/** Returns the periods, or why they cannot be told. */
async function rolePeriods(state: StateDirectory, now: Date): Promise<Periods | ToolkitError> {
  try {
    const repository = await readPublished(state);
    return checkPeriods({ repository, policy: await readRootPolicy(rootPolicyFile(state)), now });
  } catch (error) {
    if (error instanceof ToolkitError) return error;
    throw error;
  }
}

function roleStatus(periods: Periods, role: (typeof roleNames)[number]) {
  const period = periods[role];
  return { role, version: period.version, expires: formatInstant(period.expires), state: period.state };
}

interface Findings {
  readonly config: InstanceConfig;
  readonly state: StateDirectory;
  readonly running: RunRecord | undefined;
  readonly services: readonly ServiceStatus[];
  readonly periods: Periods | ToolkitError;
}

function warnings({ config, state, running, services, periods }: Findings): readonly string[] {
  const users = localUsers(config).map((user) => user.email);
  const sick = services.filter((service) => !service.healthy).map((service) => service.id);
  return [
    ...config.warnings.map((warning) => `${config.file}:${warning.line}: ${warning.message}`),
    ...(users.length > 0 ? [`test users who log in without a password: ${users.join(', ')}`] : []),
    ...(running?.testGrant
      ? ['the grant for tests is open: whoever reads its secret file can sign as any test user']
      : []),
    ...(running && sick.length > 0
      ? [`not healthy: ${sick.join(', ')} (sigstead logs SERVICE --state ${shellWord(state.path)})`]
      : []),
    ...(periods instanceof ToolkitError ? [`the TUF repository: ${periods.message}`] : roleWarnings(periods)),
  ];
}

function roleWarnings(periods: Periods): readonly string[] {
  return roleNames
    .filter((role) => periods[role].state !== 'fresh')
    .map((role) => `TUF role ${role} is ${periods[role].state}; the next "sigstead up" signs it again`);
}

function render(result: Status): string {
  const mark = (healthy: boolean) => (healthy ? '●' : '○');
  return [
    `${result.instance}: ${result.phase}`,
    '',
    ...result.services.map((service) => `  ${mark(service.healthy)} ${service.id}`),
    '',
    ...result.roles.map((role) => `  ${role.role.padEnd(9)} v${role.version}  ${role.state}, expires ${role.expires}`),
    '',
    `  state          ${result.state}`,
    `  TUF repository ${result.tufUrl}`,
    `  pinned root    ${result.rootFile}`,
    `  issuer         ${result.issuer}`,
    `  root of trust  ${result.rootOfTrust}`,
    '',
    ...result.warnings.map((warning) => `  warning: ${warning}`),
    '',
  ].join('\n');
}
