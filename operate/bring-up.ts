import { ensureAuthorities, rememberMaterial } from '../local/authorities.ts';
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
import { createFacts, markerOf, newInstanceId, StateDirectory, type StateFacts } from '../local/state.ts';
import type { Environment, Talk } from '../src/cli/command.ts';
import type { Clock } from '../src/core/clock.ts';
import type { Reached } from '../src/core/moment.ts';
import { asStep, type Progress } from '../src/core/progress.ts';
import { describeFinding } from '../src/core/rules.ts';
import { findMarked, stopAll } from '../src/process/marked-processes.ts';
import { compileTrust } from '../src/trust/compile.ts';
import type { TrustMaterial } from '../src/trust/material.ts';
import {
  type AcceptedInstance,
  acceptInstance,
  readPast,
  readWanted,
  type WantedInstance,
} from './accepted-instance.ts';
import { checkIssuers } from './check-issuers.ts';
import { rememberConfiguration } from './configuration.ts';
import { assertLogsOpen, frozenLogs } from './freeze/log-shards.ts';
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

/** Which instance, and what was decided when it was made. */
interface KnownInstance extends AcceptedInstance {
  readonly facts: StateFacts;
  /** Ids of the logs that are frozen: they are read, and no server writes to them. */
  readonly frozen: ReadonlySet<string>;
}

/** And where its things are. */
interface Place extends KnownInstance {
  readonly state: StateDirectory;
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
  const wanted = await phase('config', () => readInstance(options));
  const state = new StateDirectory(options.statePath);
  const stack = new AsyncDisposableStack();
  try {
    await holdState(state, stack, reached);
    const known = await phase('state', () => prepareState(state, wanted, options));
    stack.defer(() => removeRecord(state).then(() => reached('record-removed')));
    const binaries = await phase('servers', () => ensureServers(serverNames, serversOptions(options)));
    reached('binaries-found');
    const place = { ...known, state, keys: new KeyStore(state.keys, reached) };
    const material = await phase('keys', () => ensureMaterial(place, options));
    const rootOfTrust = await phase('root', () => publishTrust(material, place, options));
    await rememberMaterial(state, material);
    const instance = await phase('services', () =>
      startInstance({
        ...options,
        ...{ ...place, material, binaries },
        published: { trustedRoot: rootOfTrust.trustedRoot, at: `trusted_root.json of ${tufUrl(known.facts)}` },
        environment: serverEnvironment(options.environment),
        log: (line) => options.talk.warn(line),
      }),
    );
    stack.defer(() => instance.stop());
    await rememberConfiguration(state, known.config);
    await writeRecord(state, { phase: 'ready', testGrant: options.testGrant, clientId: localClientId(known.config) });
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

async function readInstance({ configFile, talk }: BringUpOptions): Promise<WantedInstance> {
  const wanted = await readWanted(configFile);
  for (const { file, warnings } of [wanted.config, wanted.policy]) {
    for (const { line, message } of warnings) talk.warn(`${file}:${line}: ${message}`);
  }
  await checkIssuers(wanted.config, talk);
  return wanted;
}

/**
 * Reads or makes the state directory, ends what a killed run left behind, and sees that our ports are free. Whatever
 * can be refused is refused first.
 */
async function prepareState(
  state: StateDirectory,
  wanted: WantedInstance,
  { testGrant, clock, reached }: BringUpOptions,
): Promise<KnownInstance> {
  const past = await readPast(state);
  const accepted = acceptInstance(wanted, past, state.path);
  const frozen = await frozenLogs(accepted.config, state);
  assertLogsOpen(accepted.config, frozen);
  const facts = past?.facts ?? (await makeFacts(state, accepted, clock.now()));
  reached('facts-written');
  await stopAll(await findMarked(await markerOf(state, facts)), orphanGraceMs);
  await clearRunDirectory(state);
  reached('run-directory-cleared');
  await writeRecord(state, { phase: 'starting', testGrant, clientId: localClientId(accepted.config) });
  await assertPortsFree(facts.ports);
  return { ...accepted, facts, frozen };
}

/** The configuration first: where there are facts, it tells what they were made for. */
async function makeFacts(state: StateDirectory, { config }: AcceptedInstance, now: Date): Promise<StateFacts> {
  const { name: instanceName, domain } = config.instance;
  await rememberConfiguration(state, config);
  const ports = await choosePorts(portNames(config));
  const facts = { id: newInstanceId(), instanceName, domain, createdAt: now, ports };
  await createFacts(state, facts);
  return facts;
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
