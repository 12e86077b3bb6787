import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import koffi from 'koffi';

export interface SoftHsm {
  readonly modulePath: string;
  /** For the process that loads the module; see `exportEnvironment` for this one. */
  readonly environment: Readonly<Record<'SOFTHSM2_CONF', string>>;
}

const modulePaths = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
];

/** Makes a directory of software tokens, none in it yet. Fails where SoftHSM is not installed. */
export async function softHsm(directory: string): Promise<SoftHsm> {
  const modulePath = modulePaths.find((path) => existsSync(path));
  if (modulePath === undefined) throw new Error(`SoftHSM is not installed: none of ${modulePaths.join(', ')}`);
  const tokens = join(directory, 'tokens');
  await mkdir(tokens, { recursive: true });
  const configuration = join(directory, 'softhsm2.conf');
  const lines = [`directories.tokendir = ${tokens}`, 'objectstore.backend = file', 'log.level = ERROR'];
  await writeFile(configuration, lines.map((line) => `${line}\n`).join(''));
  return { modulePath, environment: { SOFTHSM2_CONF: configuration } };
}

/**
 * Makes the environment of SoftHSM that of this process too. `process.env` is a copy inside the test runner, which C
 * code does not see. Call it before the module is opened, and only from one test at a time.
 */
export function exportEnvironment({ environment }: SoftHsm): void {
  const setenv = koffi.load(null).func('setenv', 'int', ['str', 'str', 'int']);
  for (const [name, value] of Object.entries(environment)) setenv(name, value, 1);
}
