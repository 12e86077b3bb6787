import { join } from 'node:path';
import { portOf } from '../../lib/server-ports.ts';
import { waitFor } from '../../src/core/wait.ts';
import { startProgram } from '../../src/process/supervised-program.ts';
import { type Deployment, domain } from '../../test/support/aws/deployment.ts';
import { LoadClient, type ServiceClients } from '../load/load-client.ts';

/** How requests get to the servers. */
export interface Way {
  readonly name: string;
  connect(connections: number): ServiceClients;
}

const frontPort = 8443;

/** Past the front and the load balancer: to the tasks themselves, which leaves the emulator what only it can do. */
export function toTasks({ services }: Deployment): Way {
  const url = (id: string) => {
    const task = services.tasks.find(({ service }) => service === id);
    if (!task) throw new Error(`${id}: no task runs`);
    return `http://${task.address}:${portOf(id, 'http')}`;
  };
  return {
    name: 'to the tasks',
    connect: (connections) => ({
      fulcio: new LoadClient(url('fulcio'), connections),
      rekor: new LoadClient(url('rekor-log2026-1'), connections),
      timestamp: new LoadClient(url('timestamp-tsa-1'), connections),
    }),
  };
}

/** As clients do: by the names of the instance, TLS, and the rules of the deployed load balancer. */
export function throughBalancer({ aws }: Deployment): Way {
  const client = (host: string, connections: number) =>
    new LoadClient(`https://${host}.${domain}:${frontPort}`, connections, aws.network.address);
  return {
    name: 'through the load balancer',
    connect: (connections) => ({
      fulcio: client('fulcio', connections),
      rekor: client('log2026-1', connections),
      timestamp: client('tsa-1', connections),
    }),
  };
}

export async function startFront({
  aws,
  loadBalancer: prefix,
}: Deployment): Promise<{ readonly pid: number } & AsyncDisposable> {
  const { network, emulator, ca, directory } = aws;
  const options = {
    ...{ address: network.address, port: frontPort, emulator: emulator.address, ca: ca.pem, prefix },
    tls: await ca.issue('bench-front', `*.${domain}`),
  };
  const program = await startProgram({
    name: 'front',
    file: process.execPath,
    args: [join(import.meta.dirname, 'front-process.ts'), JSON.stringify(options)],
    env: {},
    cwd: directory,
    logFile: join(directory, 'bench-front.log'),
  });
  await waitFor(() => program.head().includes('listening'), {
    what: `the front (${program.tail()})`,
    timeoutMs: 20_000,
  });
  return { pid: program.pid, [Symbol.asyncDispose]: async () => program.stop(2_000) };
}
