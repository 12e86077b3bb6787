import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { isErrno, ToolkitError } from '../src/core/error.ts';
import { portOwner } from '../src/process/sockets.ts';

/** Below the range from which kernels pick ports for outgoing connections, so that none is taken by chance later. */
const lowest = 20_000;
const highest = 31_999;

/** Chooses a free loopback port for each name. */
export async function choosePorts(names: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const chosen = new Map<number, string>();
  for (const name of names) {
    let candidate = randomInt(lowest, highest + 1);
    while (chosen.has(candidate) || !(await isFree(candidate))) candidate = randomInt(lowest, highest + 1);
    chosen.set(candidate, name);
  }
  return Object.fromEntries([...chosen].map(([port, name]) => [name, port]));
}

/**
 * Passes if every port is free.
 * @throws LOCAL_PORT_IN_USE, naming the process that listens there
 */
export async function assertPortsFree(ports: Readonly<Record<string, number>>): Promise<void> {
  for (const [name, port] of Object.entries(ports)) {
    if (!(await isFree(port))) throw await portInUse(name, port);
  }
}

/** The error of a port that somebody else holds, whom it names. */
export async function portInUse(name: string, port: number): Promise<ToolkitError> {
  const owner = (await portOwner(port)) ?? 'another process';
  return new ToolkitError('LOCAL_PORT_IN_USE', {
    message: `${name}: port ${port} is in use by ${owner}`,
    fault: 'environment',
    data: { name, port, owner },
    hint: 'clients know this instance by its ports, so another one is not chosen: stop that process and run the command again',
  });
}

async function isFree(port: number): Promise<boolean> {
  // Fulcio's metrics listen on every interface; a port that is free there is free on loopback too.
  for (const host of ['127.0.0.1', '0.0.0.0']) {
    if (!(await canListen(host, port))) return false;
  }
  return true;
}

async function canListen(host: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, resolve);
    });
    return true;
  } catch (error) {
    if (isErrno(error, 'EADDRINUSE') || isErrno(error, 'EACCES')) return false;
    throw error;
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}
