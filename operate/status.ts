import { checkPeriods, type Periods } from '../ceremony/periods.ts';
import { edgeUrl, identityProviderEdge, identityProviderUrl, portOf, tufEdge, tufUrl } from '../local/endpoints.ts';
import { localServices, localUsers } from '../local/instance.ts';
import { KeyStore } from '../local/key-store.ts';
import { answers } from '../local/server-process.ts';
import { StateDirectory, type StateFacts } from '../local/state.ts';
import type { Command, Invocation, Outcome } from '../src/cli/command.ts';
import type { InstanceConfig } from '../src/config/config.ts';
import { readRootPolicy } from '../src/config/root-policy.ts';
import { formatInstant } from '../src/core/clock.ts';
import { exitCodes, ToolkitError } from '../src/core/error.ts';
import { pathExists } from '../src/core/files.ts';
import { toJson } from '../src/core/json.ts';
import { shellWord } from '../src/core/shell.ts';
import type { ServiceSpec } from '../src/services/service.ts';
import { roleNames, timestampPath } from '../src/tuf/layout.ts';
import { instanceConfiguration } from './configuration.ts';
import { readInstanceFacts } from './instance-facts.ts';
import { readTrustMaterial } from './instance-material.ts';
import { holderKeyName, readPublished, rootPolicyFile } from './root-of-trust.ts';
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
  /** Where clients reach it: at the gateway. */
  readonly url: string;
  readonly healthy: boolean;
}

/** Who can sign the root of trust, told from the keys that lie in the state directory. */
interface RootStatus {
  readonly kind: 'local' | 'held apart';
  readonly threshold: number;
  readonly holders: number;
  readonly keysHere: number;
}

interface Status {
  readonly state: string;
  readonly instance: string;
  readonly phase: 'down' | 'starting' | 'ready';
  readonly tufUrl: string;
  readonly rootFile: string;
  readonly issuer: string | null;
  readonly rootOfTrust: RootStatus | null;
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
  const material = await readTrustMaterial(state);
  const services = material ? await serviceStatuses(localServices(config, material, facts), facts) : [];
  const result: Status = {
    state: state.path,
    instance: facts.instanceName,
    phase: running?.phase ?? 'down',
    tufUrl: tufUrl(facts),
    rootFile: state.pinnedRootFile,
    issuer: material?.oidc[0]?.url ?? null,
    rootOfTrust: await rootStatus(state),
    services,
    roles: periods instanceof ToolkitError ? [] : roleNames.map((role) => roleStatus(periods, role)),
    warnings: warnings({ config, state, running, services, periods }),
  };
  const ready = result.phase === 'ready';
  const healthy = ready && services.every((service) => service.healthy);
  return { json: toJson(result), text: render(result), exitCode: exitCodeOf(periods, { ready, healthy }) };
}

async function serviceStatuses(specs: readonly ServiceSpec[], facts: StateFacts): Promise<readonly ServiceStatus[]> {
  const served = specs.map(({ id, health }) => {
    return { id, checkedAt: `http://127.0.0.1:${portOf(facts, `${id}/${health.port}`)}${health.path}` };
  });
  const own = [
    { id: tufEdge, checkedAt: `${tufUrl(facts)}/${timestampPath}` },
    { id: identityProviderEdge, checkedAt: `${identityProviderUrl(facts)}/.well-known/openid-configuration` },
  ];
  return await Promise.all(
    [...served, ...own].map(async ({ id, checkedAt }) => {
      return { id, url: edgeUrl(facts, id), healthy: await answers(checkedAt) };
    }),
  );
}

/** Returns `null` where there is no policy yet; that one cannot be read is told with the periods. */
async function rootStatus(state: StateDirectory): Promise<RootStatus | null> {
  try {
    const { root } = await readRootPolicy(rootPolicyFile(state));
    const keys = new KeyStore(state.keys);
    const here = await Promise.all(root.holders.map((id) => pathExists(keys.path(holderKeyName(id)))));
    const keysHere = here.filter(Boolean).length;
    const { threshold } = root;
    return { kind: keysHere >= threshold ? 'local' : 'held apart', threshold, holders: root.holders.length, keysHere };
  } catch (error) {
    if (error instanceof ToolkitError) return null;
    throw error;
  }
}

/** A repository that does not verify weighs more than a server that is down. Once published, it has to be readable. */
function exitCodeOf(periods: Periods | ToolkitError, { ready, healthy }: { ready: boolean; healthy: boolean }): number {
  if (periods instanceof ToolkitError) {
    const isFinding = periods.fault === 'evidence' || (ready && periods.fault !== 'environment');
    return isFinding ? exitCodes.evidence : exitCodes.environment;
  }
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

function describeRoot(root: RootStatus | null): string {
  if (root === null) return 'none that can be read';
  const { kind, threshold, holders, keysHere } = root;
  const who = `${threshold} of ${holders} holders sign; the keys of ${keysHere} lie in the state directory`;
  return kind === 'local' ? `local, for trying things out: ${who}` : who;
}

function render(result: Status): string {
  const mark = (healthy: boolean) => (healthy ? '●' : '○');
  const width = Math.max(...result.services.map(({ id }) => id.length));
  return [
    `${result.instance}: ${result.phase}`,
    '',
    ...result.services.map((service) => `  ${mark(service.healthy)} ${service.id.padEnd(width)}  ${service.url}`),
    '',
    ...result.roles.map((role) => `  ${role.role.padEnd(9)} v${role.version}  ${role.state}, expires ${role.expires}`),
    '',
    `  state          ${result.state}`,
    `  TUF repository ${result.tufUrl}`,
    `  pinned root    ${result.rootFile}`,
    `  issuer         ${result.issuer ?? 'none yet'}`,
    `  root of trust  ${describeRoot(result.rootOfTrust)}`,
    '',
    ...result.warnings.map((warning) => `  warning: ${warning}`),
    '',
  ].join('\n');
}
