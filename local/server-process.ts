import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ToolkitError } from '../src/core/error.ts';
import { createFile, makePrivateDirectory } from '../src/core/files.ts';
import { request } from '../src/core/http.ts';
import type { Reached } from '../src/core/moment.ts';
import { waitFor } from '../src/core/wait.ts';
import { makeFifo, serveFifo } from '../src/process/fifo.ts';
import { type RunningProgram, startProgram } from '../src/process/supervised-program.ts';
import type { KeySpec, ServiceSpec } from '../src/services/service.ts';
import { portOf } from './endpoints.ts';
import { failureHint } from './failure-hint.ts';
import type { KeyStore } from './key-store.ts';
import { type Placement, renderProcess } from './render.ts';
import type { StateDirectory, StateFacts } from './state.ts';

/** How long after a server's end the system may take to tell us. */
const endNoticeMs = 250;

export interface ServerProcess {
  readonly spec: ServiceSpec;
  readonly program: RunningProgram;
  /** By the machine's own clock: the times of what the server writes are compared with it. */
  readonly startedAt: Date;
}

export interface ServerSurroundings {
  readonly state: StateDirectory;
  readonly facts: StateFacts;
  /** From `markerOf`: by it a later run finds what this one leaves behind. */
  readonly marker: string;
  readonly keys: KeyStore;
  readonly binary: string;
  /** Inherited by every server, e.g. proxies and CA bundles for outgoing requests. */
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly reached: Reached;
}

/**
 * Starts one server and returns once it answers its health check.
 *
 * Secrets reach it through its environment or through a pipe that exists for one read; none stands in its arguments
 * or, unencrypted, on disk.
 * @throws LOCAL_SERVER_DIED, LOCAL_SERVER_UNHEALTHY with the end of its log
 */
export async function startServer(spec: ServiceSpec, around: ServerSurroundings): Promise<ServerProcess> {
  around.signal.throwIfAborted();
  const place = await placementOf(spec, around);
  const rendered = renderProcess(spec, place);
  for (const file of rendered.files) await createFile(file.path, file.content);
  const piped = spec.keys.filter(isPiped);
  for (const key of piped) await makeFifo(place.keyPath(key.name));
  const startedAt = new Date();
  const program = await startProgram({
    name: spec.id,
    file: around.binary,
    args: rendered.args,
    env: { ...around.environment, ...rendered.environment, SIGSTEAD_INSTANCE: around.marker },
    // A working directory of its own: Tessera leaves dangling links when it is started inside its storage.
    cwd: place.runDirectory,
    logFile: around.state.logOf(spec.id),
  });
  around.reached('server-started', spec.id);
  // Ends what still waits for a server that is dead already.
  const over = new AbortController();
  const signal = AbortSignal.any([around.signal, over.signal]);
  const dead = diesBefore(program, spec, around.state);
  try {
    await Promise.race([
      dead,
      Promise.all([
        ...piped.map((key) => handOver(key, spec, { ...around, signal }, place.keyPath(key.name))),
        untilHealthy(spec, program, place, { ...around, signal }),
      ]),
    ]);
  } catch (error) {
    const reason = await explained(error, dead);
    await program.stop(1_000);
    throw reason;
  } finally {
    over.abort();
  }
  around.reached('server-healthy', spec.id);
  return { spec, program, startedAt };
}

/** @throws LOCAL_SERVER_DIED always, once the program ends */
export async function diesBefore(program: RunningProgram, spec: ServiceSpec, state: StateDirectory): Promise<never> {
  const { code, signal } = await program.exited;
  throw new ToolkitError('LOCAL_SERVER_DIED', {
    message: `${spec.id}: ended with ${signal ?? `exit code ${code}`}; the end of its log:\n${program.tail()}`,
    fault: 'environment',
    data: { service: spec.id, code, signal },
    hint: await failureHint(spec.id, state),
  });
}

/**
 * Returns why something failed: that a server has ended, if it has, because all else follows from that. Connections
 * to it break a moment before the system tells us.
 */
export async function explained(error: unknown, ended: Promise<never>): Promise<unknown> {
  return await Promise.race([ended.catch((end: unknown) => end), sleep(endNoticeMs, error)]);
}

async function placementOf(spec: ServiceSpec, around: ServerSurroundings): Promise<Placement> {
  const runDirectory = join(around.state.run, spec.id);
  await rm(runDirectory, { recursive: true, force: true });
  await makePrivateDirectory(runDirectory);
  await makePrivateDirectory(around.state.logs);
  const storageDirectory = around.state.dataOf(spec.id);
  if (spec.storage === 'directory') await makePrivateDirectory(storageDirectory);
  const encrypted = spec.keys.filter((key) => key.delivery === 'encrypted-file');
  const passphrases = await Promise.all(
    encrypted.map(async (key) => [key.name, await around.keys.passphrase(spec.id)] as const),
  );
  return {
    nonce: randomUUID(),
    port: (service, name) => portOf(around.facts, `${service}/${name}`),
    runDirectory,
    storageDirectory,
    keyPath: (name) => keyPathOf(spec, name, runDirectory, around.keys),
    passphrases: new Map(passphrases),
  };
}

function keyPathOf(spec: ServiceSpec, name: string, runDirectory: string, keys: KeyStore): string {
  const key = spec.keys.find((candidate) => candidate.name === name);
  return key && isPiped(key) ? join(runDirectory, `${name}.pipe`) : keys.path(spec.id);
}

function isPiped(key: KeySpec): boolean {
  return key.delivery === 'pipe-pkcs8' || key.delivery === 'pipe-sec1';
}

async function handOver(key: KeySpec, spec: ServiceSpec, around: ServerSurroundings, path: string): Promise<void> {
  const form = key.delivery === 'pipe-sec1' ? 'sec1' : 'pkcs8';
  const pem = await around.keys.decrypted(spec.id, form);
  // The health check gives up first: it knows the server's log.
  await serveFifo(path, pem, { timeoutMs: 2 * spec.startTimeoutMs, signal: around.signal });
  around.reached('key-handed-over', spec.id);
}

async function untilHealthy(
  spec: ServiceSpec,
  program: RunningProgram,
  place: Placement,
  { state, signal }: Pick<ServerSurroundings, 'state' | 'signal'>,
): Promise<void> {
  const url = `http://127.0.0.1:${place.port(spec.id, spec.health.port)}${spec.health.path}`;
  const options = { what: `${spec.id} to answer ${url}`, timeoutMs: spec.startTimeoutMs, signal };
  try {
    await waitFor(async () => await answers(url, signal), options);
  } catch (cause) {
    if (!(cause instanceof ToolkitError) || cause.code !== 'CORE_TIMEOUT') throw cause;
    throw new ToolkitError('LOCAL_SERVER_UNHEALTHY', {
      message: `${spec.id}: did not answer ${url} within ${spec.startTimeoutMs} ms; the end of its log:\n${program.tail()}`,
      fault: 'environment',
      data: { service: spec.id, url },
      hint: await failureHint(spec.id, state),
      cause,
    });
  }
}

/** Whether a server answers its health check now. */
export async function answers(url: string, signal?: AbortSignal): Promise<boolean> {
  try {
    const answer = await request(url, { maxBytes: 65_536, timeoutMs: 2_000, ...(signal && { signal }) });
    return answer.status === 200;
  } catch (error) {
    if (error instanceof ToolkitError && error.code === 'CORE_HTTP_UNREACHABLE') return false;
    throw error;
  }
}
