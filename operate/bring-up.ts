import { ensureAuthorities } from '../local/authorities.ts';
import { portNames, tufUrl } from '../local/endpoints.ts';
import {
  clearRunDirectory,
  type LocalInstance,
  localClientId,
  serverEnvironment,
  startInstance,
} from '../local/instance.ts';
import { KeyStore } from '../local/key-store.ts';
import { assertPortsFree, choosePorts } from '../local/ports.ts';
import { ensureServers } from '../local/servers.ts';
import { createFacts, newInstanceId, readFacts, StateDirectory, type StateFacts } from '../local/state.ts';
import type { Environment, Talk } from '../src/cli/command.ts';
import { type InstanceConfig, readConfig } from '../src/config/config.ts';
import type { Clock } from '../src/core/clock.ts';
import { ToolkitError } from '../src/core/error.ts';
import type { Reached } from '../src/core/moment.ts';
import { asStep, type Progress } from '../src/core/progress.ts';
import { describeFinding } from '../src/core/rules.ts';
import { findMarked, stopAll } from '../src/process/marked-processes.ts';
import { compileTrust } from '../src/trust/compile.ts';
import type { TrustMaterial } from '../src/trust/material.ts';
import { checkIssuers } from './check-issuers.ts';
import { rememberConfiguration } from './configuration.ts';
import type { Phases } from './phases.ts';
import { ensureRootOfTrust, type RootOfTrust } from './root-of-trust.ts';
import { removeRecord, takeState, writeRecord } from './run-record.ts';

const orphanGraceMs = 15_000;

/** What every instance needs; cosign is a client, and built when nobody waits for it. */
const serverNames = ['tesseract', 'rekor', 'fulcio', 'timestamp-server'] as const;

export interface BringUpOptions {
  readonly configFile: string;
  readonly statePath: string;
  readonly testGrant: boolean;
  readonly environment: Environment;
  readonly progress: Progress;
  readonly talk: Talk;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly phases: Phases;
  readonly reached: Reached;
}

/** Which instance, and where its things are. */
interface Place {
  readonly config: InstanceConfig;
  readonly state: StateDirectory;
  readonly facts: StateFacts;
  readonly keys: KeyStore;
}

/** An instance that is ready: servers healthy, drift gate passed, trust published. */
export interface Ready extends Place {
  readonly instance: LocalInstance;
  readonly material: TrustMaterial;
  readonly rootOfTrust: RootOfTrust;
  /** Stops everything and gives the state directory free. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Brings an instance up on this machine: the one of the state directory if there is one, a new one otherwise.
 * Whatever fails, nothing is left running and the next call goes on where this one stopped.
 */
export async function bringUp(options: BringUpOptions): Promise<Ready> {
  const { reached } = options;
  const phase = interruptiblePhases(options);
  const config = await phase('config', () => readConfiguration(options));
  const state = new StateDirectory(options.statePath);
  const stack = new AsyncDisposableStack();
  try {
    await holdState(state, stack, reached);
    const facts = await phase('state', () => prepareState(state, config, options));
    stack.defer(() => removeRecord(state).then(() => reached('record-removed')));
    const binaries = await phase('servers', () => ensureServers(serverNames, serversOptions(options)));
    reached('binaries-found');
    await rememberConfiguration(state, config);
    const place = { config, state, facts, keys: new KeyStore(state.keys, reached) };
    const material = await phase('keys', () => ensureMaterial(place, options));
    const rootOfTrust = await phase('root', () => publishTrust(material, place, options));
    const instance = await phase('services', () =>
      startInstance({
        ...options,
        ...{ ...place, material, binaries },
        published: { trustedRoot: rootOfTrust.trustedRoot, at: `trusted_root.json of ${tufUrl(facts)}` },
        environment: serverEnvironment(options.environment),
        log: (line) => options.talk.warn(line),
      }),
    );
    stack.defer(() => instance.stop());
    await writeRecord(state, { phase: 'ready', testGrant: options.testGrant, clientId: localClientId(config) });
    reached('ready-recorded');
    stack.defer(() => reached('stopping'));
    const running = stack.move();
    return { ...place, instance, material, rootOfTrust, stop: () => running.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** An interrupt is noticed before each phase, and within those that wait for something. */
function interruptiblePhases({ phases, signal }: BringUpOptions) {
  return async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    return await phases.run(name, work);
  };
}

async function holdState(state: StateDirectory, stack: AsyncDisposableStack, reached: Reached): Promise<void> {
  const lock = await takeState(state);
  stack.defer(() => {
    lock.release();
    reached('lock-released');
  });
  reached('lock-taken');
}

async function readConfiguration(options: BringUpOptions): Promise<InstanceConfig> {
  const config = await readConfig(options.configFile);
  for (const warning of config.warnings) options.talk.warn(`${config.file}:${warning.line}: ${warning.message}`);
  await checkIssuers(config, options.talk);
  return config;
}

/** Reads or makes the state directory, ends what a killed run left behind, and sees that our ports are free. */
async function prepareState(
  state: StateDirectory,
  config: InstanceConfig,
  { testGrant, clock, reached }: BringUpOptions,
): Promise<StateFacts> {
  const facts = (await readFacts(state)) ?? (await makeFacts(state, config, clock.now()));
  reached('facts-written');
  assertSameInstance(state, facts, config);
  await stopAll(await findMarked(facts.id), orphanGraceMs);
  await clearRunDirectory(state);
  reached('run-directory-cleared');
  await writeRecord(state, { phase: 'starting', testGrant, clientId: localClientId(config) });
  await assertPortsFree(facts.ports);
  return facts;
}

async function makeFacts(state: StateDirectory, config: InstanceConfig, createdAt: Date): Promise<StateFacts> {
  const { name, domain } = config.instance;
  const ports = await choosePorts(portNames(config));
  await createFacts(state, { id: newInstanceId(), instanceName: name, domain, createdAt, ports });
  const facts = await readFacts(state);
  if (facts) return facts;
  throw new ToolkitError('LOCAL_STATE_INVALID', { message: `${state.factsFile}: vanished`, fault: 'environment' });
}

function assertSameInstance(state: StateDirectory, facts: StateFacts, config: InstanceConfig): void {
  const { name, domain } = config.instance;
  if (facts.instanceName === name && facts.domain === domain) return;
  throw new ToolkitError('LOCAL_STATE_OTHER_INSTANCE', {
    message: `${state.path}: expected the instance ${name} (${domain}), got ${facts.instanceName} (${facts.domain})`,
    fault: 'input',
    data: { state: state.path, expected: { name, domain }, got: { name: facts.instanceName, domain: facts.domain } },
    hint: `${config.file} describes another instance than this state directory holds; name another one with --state`,
  });
}

async function ensureMaterial(place: Place, options: BringUpOptions): Promise<TrustMaterial> {
  const { progress, clock, reached } = options;
  return await asStep(progress, 'keys and certificates', () =>
    ensureAuthorities({ ...place, now: clock.now(), reached }),
  );
}

async function publishTrust(material: TrustMaterial, place: Place, options: BringUpOptions): Promise<RootOfTrust> {
  const trust = compileTrust(material, { now: options.clock.now() });
  for (const warning of trust.warnings) options.talk.warn(describeFinding(warning));
  return await ensureRootOfTrust({ ...options, ...place, trust });
}

function serversOptions({ environment, progress, signal }: BringUpOptions) {
  return { env: environment, progress, signal };
}
