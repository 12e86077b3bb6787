import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { InstanceConfig, LocalUser } from '../src/config/config.ts';
import type { Clock } from '../src/core/clock.ts';
import { createFile, makePrivateDirectory, pathExists, privateFileMode } from '../src/core/files.ts';
import type { Reached } from '../src/core/moment.ts';
import type { Progress } from '../src/core/progress.ts';
import { describeFinding } from '../src/core/rules.ts';
import { sigstoreClientId } from '../src/identity/fulcio-config.ts';
import { instanceServices } from '../src/services/instance.ts';
import type { ServiceSpec } from '../src/services/service.ts';
import { assertNoDrift, type DriftOptions } from '../src/trust/drift.ts';
import type { TrustMaterial } from '../src/trust/material.ts';
import { edgeListeners } from './edge-listeners.ts';
import { identityProviderUrl } from './endpoints.ts';
import { startGateway } from './gateway/gateway.ts';
import { createIdentityProvider, type IdentityProvider } from './identity-provider/provider.ts';
import type { KeyStore } from './key-store.ts';
import { readLiveIdentities, readStoredIdentities } from './live-identities.ts';
import { type RunningServices, startServices } from './running-services.ts';
import { explained } from './server-process.ts';
import type { ServerName } from './servers.ts';
import { markerOf, type StateDirectory, type StateFacts } from './state.ts';

export interface InstanceOptions {
  readonly config: InstanceConfig;
  readonly material: TrustMaterial;
  readonly state: StateDirectory;
  readonly facts: StateFacts;
  readonly keys: KeyStore;
  readonly binaries: ReadonlyMap<ServerName, string>;
  /** Ids of logs that are frozen: the gateway serves their files, and nothing is started that could write to them. */
  readonly frozen: ReadonlySet<string>;
  /** Opens the grant for tests; its secret lies in the state directory. */
  readonly testGrant: boolean;
  /** The `trusted_root.json` that clients are given, and where: what the servers do has to agree with it. */
  readonly published: { readonly trustedRoot: Uint8Array; readonly at: string };
  /** Inherited by every server (proxies, CA bundles); see `serverEnvironment`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly progress: Progress;
  readonly reached: Reached;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Told what an operator should know of the gateway and the identity provider, a line each. */
  readonly log: (line: string) => void;
}

/** A whole instance on this machine: servers, gateway and identity provider, healthy. */
export interface LocalInstance {
  readonly specs: readonly ServiceSpec[];
  readonly services: RunningServices;
  readonly identityProvider: IdentityProvider;
  /** Rejects when a server ends by itself; never resolves. */
  readonly failure: Promise<never>;
  /** The edge closes first, so that nothing new is acknowledged; then the servers stop. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts an instance of what the trust material describes and returns once every server is healthy and was found to
 * hold the keys that the published trust names. The key files are compared before: a log that starts with another key
 * may sign its checkpoint with it. If it cannot, everything that was started is stopped before the
 * error is thrown.
 *
 * The caller holds the lock of the state directory and has linted the material.
 * @throws TRUST_DRIFT (evidence) if a key file, or a live key or chain, differs from the published one
 */
export async function startInstance(options: InstanceOptions): Promise<LocalInstance> {
  const { state, facts } = options;
  const specs = localServices(options.config, options.material, facts);
  const drift = { now: options.clock.now(), publishedAt: options.published.at };
  assertNoDrift(await readStoredIdentities(specs, options.keys), options.published.trustedRoot, drift);
  const stack = new AsyncDisposableStack();
  try {
    const identityProvider = await prepareIdentityProvider(options);
    stack.defer(() => identityProvider.close());
    // Before the first server: whoever took the issuer's port while Fulcio starts would be believed for ever after.
    const edge = { open: false };
    const offered = { identityProvider: identityProvider.handler, isOpen: () => edge.open };
    const gateway = await startGateway({ listeners: edgeListeners(specs, state, facts, offered), log: options.log });
    stack.defer(() => gateway.close());
    options.reached('gateway-listening');
    const running = specs.filter(({ id }) => !options.frozen.has(id));
    const services = await startServices({ ...options, specs: running, marker: await markerOf(state, facts) });
    stack.defer(() => services.stop());
    await passDriftGate(services, options, drift);
    edge.open = true;
    const all = stack.move();
    const stop = async () => {
      await gateway.close();
      options.reached('gateway-closed');
      await all.disposeAsync();
    };
    return { specs, services, identityProvider, failure: services.failure, stop };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function prepareIdentityProvider(options: InstanceOptions): Promise<IdentityProvider> {
  const { config, state, facts, clock, log } = options;
  if (options.testGrant) await ensureTestSecret(state);
  return await createIdentityProvider({
    issuer: identityProviderUrl(facts),
    clientId: localClientId(config),
    users: localUsers(config),
    directory: state.identityProvider,
    clock,
    log,
    ...(options.testGrant && { testSecretFile: state.testSecretFile }),
  });
}

/** No client reaches a server before it: the edge opens after. */
async function passDriftGate(services: RunningServices, options: InstanceOptions, drift: DriftOptions): Promise<void> {
  const live = await whileAlive(services, options, (signal) =>
    readLiveIdentities({ ...options, signal, processes: services.processes }),
  );
  for (const warning of assertNoDrift(live, options.published.trustedRoot, drift)) {
    options.log(describeFinding(warning));
  }
  options.reached('drift-gate-passed');
}

/** Gives up as soon as a server ends, and says so rather than what follows from it. */
async function whileAlive<T>(
  { failure }: RunningServices,
  { signal }: InstanceOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ended = new AbortController();
  failure.catch((error: unknown) => ended.abort(error));
  try {
    return await work(AbortSignal.any([signal, ended.signal]));
  } catch (error) {
    throw await explained(error, failure);
  }
}

/** The secret outlives a restart: scripts that were handed it go on working. */
async function ensureTestSecret(state: StateDirectory): Promise<void> {
  if (await pathExists(state.testSecretFile)) return;
  await makePrivateDirectory(state.identityProvider);
  await createFile(state.testSecretFile, randomBytes(32).toString('hex'), { mode: privateFileMode });
}

/** Returns the servers of a local instance as data. */
export function localServices(
  config: InstanceConfig,
  material: TrustMaterial,
  facts: StateFacts,
): readonly ServiceSpec[] {
  return instanceServices(config, material, { backend: 'posix', localIssuerUrl: identityProviderUrl(facts) });
}

/** Test users exist because the configuration lists them, and for no other reason. */
export function localUsers(config: InstanceConfig): readonly LocalUser[] {
  return config.issuers.flatMap((issuer) => (issuer.preset === 'local' ? issuer.users : []));
}

/** Returns the audience of the local provider's tokens. */
export function localClientId(config: InstanceConfig): string {
  return config.issuers.find((issuer) => issuer.preset === 'local')?.clientId ?? sigstoreClientId;
}

/** Empties the directory of what a run needs: pipes and rendered files of a run that was killed are worth nothing. */
export async function clearRunDirectory(state: StateDirectory): Promise<void> {
  await rm(state.run, { recursive: true, force: true });
  await makePrivateDirectory(state.run);
}

const inherited = [
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
];

/** Returns the part of our environment that servers get: how to reach the issuers outside, and nothing else. */
export function serverEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(inherited.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])));
}
