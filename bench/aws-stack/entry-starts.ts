import { readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { entryName, processes, readProcess } from './processes.ts';

/** What a task is before it is its server: what stands for the container runtime, then `entry`. */
const beforeServer: ReadonlySet<string> = new Set(['ip', 'unshare', 'sh', 'mount', 'chroot', entryName]);
const pollMs = 1;

/**
 * Starts one task and returns the seconds of processor time of its process until `entry` has become the server. What
 * stands for the container runtime is in it, and up to a poll's length of the server: it is rather too much.
 */
export async function entryStart(start: () => Promise<unknown>): Promise<number> {
  const [known, own] = [new Set(processes()), readlinkSync('/proc/self/ns/net')];
  const watch = new AbortController();
  const [spent] = await Promise.all([
    serverBegins(known, { own, signal: watch.signal }),
    start().finally(() => watch.abort()),
  ]);
  return spent;
}

async function serverBegins(
  known: ReadonlySet<number>,
  { own, signal }: { readonly own: string; readonly signal: AbortSignal },
): Promise<number> {
  const begun = new Set<number>();
  while (!signal.aborted) {
    for (const pid of processes().filter((each) => !known.has(each))) {
      const found = readProcess(pid);
      if (found === undefined || found.namespace === own) continue;
      // `entry` may be over between two looks: what came before it in the same process counts as well.
      if (beforeServer.has(found.command)) begun.add(pid);
      else if (begun.has(pid)) return found.cpuSeconds;
    }
    await sleep(pollMs);
  }
  throw new Error('the task is there, and nobody saw entry become its server');
}
