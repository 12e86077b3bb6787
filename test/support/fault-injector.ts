import { execFileSync } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { projectDirectory } from './instance.ts';

/** What happens at a call: nothing, an error, or the end of the process by SIGKILL. */
export type Fault = 'none' | 'ENOSPC' | 'EIO' | 'kill';

const actions: Readonly<Record<Fault, number>> = {
  none: 0,
  ENOSPC: constants.errno.ENOSPC,
  EIO: constants.errno.EIO,
  kill: -1,
};

/** `fault-injector.c`, preloaded into this process. */
export interface FaultInjector {
  /** Lets the call with this number meet a fault, of those that change files below the directory. */
  arm(directory: string, call: number, fault: Fault): void;
  /** Returns the calls since, e.g. `link root-signing/x`. Names of temporary files are without what is random. */
  disarm(): readonly string[];
}

/** Compiles the library for `LD_PRELOAD` into a directory, and returns its path. Fails where there is no gcc. */
export function compileFaultInjector(directory: string): string {
  const library = join(directory, 'fault-injector.so');
  const source = join(projectDirectory, 'test', 'support', 'fault-injector.c');
  execFileSync('gcc', ['-shared', '-fPIC', '-O1', '-Wall', '-Wextra', '-Werror', '-o', library, source, '-ldl']);
  return library;
}

/** Returns the injector of this process, which was started with `LD_PRELOAD=library`. */
export function faultInjector(library: string): FaultInjector {
  const loaded = koffi.load(library);
  const arm = loaded.func('fault_arm', 'void', ['str', 'int', 'int']);
  const disarm = loaded.func('fault_disarm', 'str', []);
  return {
    arm: (directory, call, fault) => void arm(directory, call, actions[fault]),
    disarm: () => linesOf(disarm() as string).map(withoutRandom),
  };
}

/** Two runs of one command make the same calls, but for the names of their temporary files. */
export function withoutRandom(call: string): string {
  return call.replace(/\.[0-9a-f]{16}\.tmp$/, '.tmp');
}

export function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}
