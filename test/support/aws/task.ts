import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerDefinition, TaskDefinition } from '@aws-sdk/client-ecs';
import { type ProgramResult, runProgram } from '../../../src/process/run-program.ts';
import { type ProgramEnd, startProgram } from '../../../src/process/supervised-program.ts';
import type { Host } from './network.ts';
import { onHost } from './network.ts';

/** What a task of the emulated ECS needs that the emulator without Docker does not give it. */
export interface TaskPlace {
  readonly host: Host;
  /** The image's files, below a directory. */
  readonly rootfs: string;
  readonly directory: string;
  /** CA certificates that stand for Amazon's: they lie over those of the image. */
  readonly caBundle: string;
  /** Of the task role. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Values of the containers' secrets by name, as the execution role read them. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly endpoint: string;
  /** A directory of this machine that the task may write to, and where it finds that. */
  readonly volume?: { readonly from: string; readonly to: string };
}

interface RunningContainer {
  /** Of the task: that its first container ended. */
  readonly exited: Promise<ProgramEnd>;
  readonly logFile: string;
  tail(): string;
  stop(graceMs: number): Promise<void>;
  /** Runs the health checks of its definition as ECS does: in the container, as its user. Returns the first failure. */
  checkHealth(): Promise<ProgramResult>;
}

export interface RunningTask extends RunningContainer {
  readonly family: string;
  readonly address: string;
  /** Sends a signal to all of its processes at once: a server may be a child of what started it. */
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
}

const searchPath = '/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Starts the containers of a task definition as processes: in their image's files, read-only, as their user, each as
 * process 1 of a PID namespace, on one interface of their own, with their exact entry point, command and environment.
 */
export async function startTask(definition: TaskDefinition, place: TaskPlace): Promise<RunningTask> {
  const { containerDefinitions = [], family = '' } = definition;
  const containers: RunningContainer[] = [];
  for (const container of containerDefinitions) {
    const directory = join(place.directory, container.name ?? '');
    containers.push(await startContainer(container, { ...place, directory }));
  }
  const [first] = containers;
  if (!first) throw new Error(`${family}: expected containers`);
  return {
    ...{ family, address: place.host.address, exited: Promise.race(containers.map(({ exited }) => exited)) },
    logFile: first.logFile,
    tail: () => containers.map((container) => container.tail()).join('\n'),
    // What depends on another is stopped before it.
    stop: async (graceMs) => {
      for (const container of containers.toReversed()) await container.stop(graceMs);
    },
    checkHealth: async () => {
      const checks = await Promise.all(containers.map(async (container) => container.checkHealth()));
      return checks.find(({ exitCode }) => exitCode !== 0) ?? (checks[0] as ProgramResult);
    },
    signal: async (signal) => {
      const args = ['netns', 'pids', place.host.namespace];
      const { stdout } = await runProgram({ file: 'ip', args, env: { PATH: searchPath }, timeoutMs: 10_000 });
      for (const pid of stdout.split('\n').filter((line) => line !== '')) process.kill(Number(pid), signal);
    },
  };
}

async function startContainer(container: ContainerDefinition, place: TaskPlace): Promise<RunningContainer> {
  const { host, rootfs, directory } = place;
  await mkdir(directory, { recursive: true });
  const logFile = join(directory, 'log');
  await writeFile(join(directory, 'hosts'), '127.0.0.1 localhost\n');
  const words = [...(container.entryPoint ?? []), ...(container.command ?? [])];
  const user = container.user ?? '0:0';
  const env = {
    PATH: searchPath,
    ...Object.fromEntries((container.environment ?? []).map(({ name = '', value = '' }) => [name, value])),
    ...Object.fromEntries((container.secrets ?? []).map(({ name = '' }) => [name, place.secrets[name] ?? ''])),
    ...place.credentials,
    AWS_ENDPOINT_URL: place.endpoint,
  };
  const program = await startProgram({
    name: container.name ?? 'container',
    file: '/usr/sbin/ip',
    args: onHost(
      host,
      ...['unshare', '--mount', '--pid', '--fork', '--kill-child=SIGTERM', 'sh', '-euc', script, 'sh'],
      ...[rootfs, place.caBundle, user, container.readonlyRootFilesystem === true ? 'ro' : 'rw'],
      ...[place.volume?.from ?? '', place.volume?.to ?? '', ...words],
    ),
    env,
    cwd: directory,
    logFile,
  });
  return {
    ...{ exited: program.exited, logFile },
    tail: () => program.tail(),
    stop: async (graceMs) => program.stop(graceMs),
    checkHealth: async () => {
      const args = [
        '--target',
        await processOne(program.pid),
        ...inside,
        ...userWords(user),
        ...healthCommand(container),
      ];
      return await runProgram({ file: 'nsenter', args, env, timeoutMs: 20_000 });
    },
  };
}

/** Namespaces and root directory of the container. */
const inside = ['--mount', '--net', '--pid', '--root', '--wd'];

function userWords(user: string): readonly string[] {
  const [uid = '0', gid = '0'] = user.split(':');
  return ['--setuid', uid, '--setgid', gid, '--'];
}

function healthCommand({ name, healthCheck }: ContainerDefinition): readonly string[] {
  const [form, ...words] = healthCheck?.command ?? [];
  if (form !== 'CMD') throw new Error(`${name}: expected a health check without a shell, got ${form ?? 'none'}`);
  return words;
}

/** Process 1 of the container: the one child of what waits for it. */
async function processOne(waiting: number): Promise<string> {
  return (await readFile(`/proc/${waiting}/task/${waiting}/children`, 'utf8')).trim();
}

/** $1 the image's files, $2 CA certificates, $3 user, $4 ro or rw, $5 and $6 a volume, then the command line. */
const script = `
root=$1 bundle=$2 user=$3 mode=$4 from=$5 to=$6; shift 6
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
mount --bind /etc/hosts "$root/etc/hosts"
mount --bind "$bundle" "$root/etc/ssl/certs/ca-certificates.crt"
mount --bind /dev "$root/dev"
mount -o "remount,bind,$mode" "$root"
[ -z "$from" ] || mount --bind "$from" "$root$to"
exec chroot --userspec="$user" --groups= "$root" "$@"
`;
