import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectDirectory } from './instance.ts';

/** The module of `pkcs11-test-module.c`, compiled with a state file of its own. */
export interface TestModule {
  readonly path: string;
  /** Says what the token does from now on; the names are explained in the C file. */
  set(state: Readonly<Record<string, string | number>>): void;
  /** The calls of C_Login and C_Sign since the last `set`. */
  calls(): readonly string[];
}

/** Compiles it into a directory; one of each directory is loaded beside another. Fails where there is no gcc. */
export function compileTestModule(directory: string): TestModule {
  const path = join(directory, 'pkcs11-test-module.so');
  const stateFile = join(directory, 'state');
  const logFile = `${stateFile}.log`;
  const source = join(projectDirectory, 'test', 'support', 'pkcs11-test-module.c');
  const flags = ['-shared', '-fPIC', '-O1', '-Wall', '-Wextra', '-Werror', `-DSTATE_FILE="${stateFile}"`];
  execFileSync('gcc', [...flags, '-o', path, source], { stdio: 'pipe' });
  return {
    path,
    set: (state) => {
      writeFileSync(
        `${stateFile}.new`,
        Object.entries(state)
          .map((line) => `${line.join(' ')}\n`)
          .join(''),
      );
      writeFileSync(logFile, '');
      // In one step: a call that waits for it reads the old state or the new one.
      renameSync(`${stateFile}.new`, stateFile);
    },
    calls: () => readFileSync(logFile, 'utf8').split('\n').filter(Boolean),
  };
}
