import { Front, type FrontOptions } from '../../test/support/aws/front.ts';

/** A front in a process of its own, so that its processor time is not the load client's; says that it listens, then waits. */
const { prefix, ...options } = JSON.parse(process.argv[2] ?? '{}') as Omit<FrontOptions, 'route'> & { prefix: string };
const front = await Front.begin({ ...options, route: (host) => ({ host: host.replace(/:\d+$/, ''), prefix }) });
process.stdout.write('listening\n');
process.once('SIGTERM', () => void front[Symbol.asyncDispose]());
