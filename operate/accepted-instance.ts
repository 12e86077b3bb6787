import { assertLocalKeys } from '../local/key-sources.ts';
import { readFacts, type StateDirectory, type StateFacts } from '../local/state.ts';
import { changedAuthorities, changedPolicy } from '../src/config/changes.ts';
import { type InstanceConfig, readConfig } from '../src/config/config.ts';
import { formatProblem, type Problem } from '../src/config/problem.ts';
import { type RootPolicy, readRootPolicy } from '../src/config/root-policy.ts';
import { ToolkitError } from '../src/core/error.ts';
import { pathExists } from '../src/core/files.ts';
import { rememberedConfiguration } from './configuration.ts';
import { assertOwnRootSigning } from './published-memory.ts';
import { rootPolicyFile } from './root-of-trust.ts';

/** What an operator wrote: without a mistake in itself, and with keys that this machine can use. */
export interface WantedInstance {
  readonly config: InstanceConfig;
  readonly policy: RootPolicy;
}

/** What a state directory holds already. */
export interface PastInstance {
  readonly facts: StateFacts;
  readonly config: InstanceConfig;
  /** Absent if the first start did not get that far. */
  readonly policy: RootPolicy | undefined;
}

declare const accepted: unique symbol;

/** What an operator wrote and the state directory agrees with. Only `acceptInstance` makes one, and only it is built. */
export interface AcceptedInstance extends WantedInstance {
  readonly [accepted]: true;
}

/**
 * Reads the configuration and the policy that it names. Writes nothing.
 * @throws CFG_MISSING, CFG_INVALID, CFG_POLICY_INVALID, LOCAL_KEY_SOURCE
 */
export async function readWanted(configFile: string): Promise<WantedInstance> {
  const config = await readConfig(configFile);
  const policy = await readRootPolicy(config.rootPolicyFile);
  assertLocalKeys(config, policy);
  return { config, policy };
}

/**
 * Reads what earlier starts decided, or returns `undefined` before the first one. The caller holds the state directory.
 * @throws LOCAL_STATE_NEWER, LOCAL_STATE_INVALID, CORE_OWNER
 * @throws OPS_POLICY_CHANGED, OPS_PINNED_ROOT (evidence) if somebody changed the instance's own copies
 */
export async function readPast(state: StateDirectory): Promise<PastInstance | undefined> {
  const facts = await readFacts(state);
  if (!facts) return undefined;
  const own = rootPolicyFile(state);
  await assertOwnRootSigning(state, own);
  const config = await rememberedConfiguration(state);
  if (!config) throw vanished(state.configurationFile);
  return { facts, config, policy: (await pathExists(own)) ? await readRootPolicy(own) : undefined };
}

/**
 * Passes an instance on if it is the one that the state directory holds, or the first one there: what clients trust it
 * by stays as it was at the first start.
 * @throws LOCAL_STATE_OTHER_INSTANCE, LOCAL_CONFIG_CHANGED
 */
export function acceptInstance(
  wanted: WantedInstance,
  past: PastInstance | undefined,
  state: string,
): AcceptedInstance {
  const { config, policy } = wanted;
  if (past) {
    assertSameInstance(config, past.facts, state);
    assertUnchanged(config.file, changedAuthorities(past.config, config));
    if (past.policy) assertUnchanged(policy.file, changedPolicy(past.policy, policy));
  }
  return wanted as AcceptedInstance;
}

function assertSameInstance(config: InstanceConfig, facts: StateFacts, state: string): void {
  const { name, domain } = config.instance;
  if (facts.instanceName === name && facts.domain === domain) return;
  throw new ToolkitError('LOCAL_STATE_OTHER_INSTANCE', {
    message: `${state}: expected the instance ${name} (${domain}), got ${facts.instanceName} (${facts.domain})`,
    fault: 'input',
    data: { state, expected: { name, domain }, got: { name: facts.instanceName, domain: facts.domain } },
    hint: `${config.file} describes another instance than this state directory holds; name another one with --state`,
  });
}

function assertUnchanged(file: string, problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  throw new ToolkitError('LOCAL_CONFIG_CHANGED', {
    message: problems.map((problem) => formatProblem(problem, file)).join('\n'),
    fault: 'input',
    data: { file, problems },
    hint: 'clients trust this instance as it was; to change that is a rotation, which this version cannot do: put the old value back, or start a new instance in another directory with --state',
  });
}

function vanished(file: string): ToolkitError {
  return new ToolkitError('LOCAL_STATE_INVALID', {
    message: `${file}: expected the configuration of the last start, found none`,
    fault: 'input',
    data: { file },
    hint: 'restore it from a backup, or name another directory with --state',
  });
}
