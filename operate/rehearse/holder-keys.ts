import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { ToolkitError } from '../../src/core/error.ts';
import { createFile, makePrivateDirectory, pathExists } from '../../src/core/files.ts';
import { formatPkcs11Uri } from '../../src/core/pkcs11-uri.ts';
import type { SignatureAlgorithm } from '../../src/core/signer.ts';
import { createFileKey, generatePassphrase } from '../../src/keys/file-key.ts';
import { fileKeyUri } from '../../src/keys/key-uri.ts';
import { initToken } from '../../src/keys/pkcs11/init-token.ts';
import { generateKeyPair } from '../../src/keys/pkcs11/key-pair.ts';
import { Pkcs11Module } from '../../src/keys/pkcs11/module.ts';
import { exportToModules } from '../../src/keys/pkcs11/module-environment.ts';

/** Where the keys of a rehearsal live. */
export interface KeyRoom {
  readonly kind: 'softhsm' | 'file';
  /** Makes a key of a person, and returns the options that name it on a command line. */
  newKey(owner: string, label: string): Promise<readonly string[]>;
  /** Makes room for the key of an offline root, and returns how its genesis and its later uses name it. */
  newRoot(name: string): Promise<RootPlace>;
  /** What a person types when asked for the PIN or the passphrase of a key. */
  secretFor(question: string): string | undefined;
  close(): void;
}

export interface RootPlace {
  readonly custody: 'token' | 'shares';
  /** Of `ceremony ca run`, for the genesis. */
  readonly options: readonly string[];
  /** Of everything afterwards. */
  readonly opened: readonly string[];
}

const p256: SignatureAlgorithm = 'ecdsa-p256-sha256';

const modulePaths = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
];

/** Returns the SoftHSM of this machine, if there is one. */
export async function findSoftHsm(): Promise<string | undefined> {
  for (const path of modulePaths) if (await pathExists(path)) return path;
  return undefined;
}

/**
 * Opens a room of software tokens, one for each person, each with a PIN of its own.
 * @throws OPS_NO_SOFTHSM if SoftHSM is not installed
 */
export async function softHsmRoom(directory: string): Promise<KeyRoom> {
  const modulePath = await findSoftHsm();
  if (modulePath === undefined) throw noSoftHsm();
  const tokens = join(directory, 'tokens');
  await makePrivateDirectory(tokens);
  const configuration = join(directory, 'softhsm2.conf');
  await createFile(configuration, `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`);
  await exportToModules('SOFTHSM2_CONF', configuration);
  const module = await Pkcs11Module.open(modulePath);
  const pins = new Map<string, string>();
  return {
    kind: 'softhsm',
    newKey: async (owner, label) => {
      const pin = pins.get(owner) ?? newPin();
      if (!pins.has(owner)) await newToken(module, owner, pin);
      pins.set(owner, pin);
      const token = module.listTokens().find((each) => each.label === owner);
      if (!token) throw new TypeError(`no token of ${owner}`);
      await generateKeyPair({ module, token, label, algorithm: p256, pin: async () => pin });
      return ['--signer', formatPkcs11Uri({ token: owner, object: label }), '--module', modulePath];
    },
    newRoot: async (name) => {
      const pin = newPin();
      await newToken(module, name, pin);
      pins.set(name, pin);
      const options = ['--signer', formatPkcs11Uri({ token: name, object: name }), '--module', modulePath];
      return { custody: 'token', options, opened: ['--module', modulePath] };
    },
    secretFor: (question) => [...pins].find(([owner]) => question.includes(`token ${JSON.stringify(owner)}`))?.[1],
    close: () => module.close(),
  };
}

/** Opens a room of encrypted key files, where SoftHSM is not to be had. */
export async function fileRoom(directory: string): Promise<KeyRoom> {
  await makePrivateDirectory(directory);
  const passphrases = new Map<string, string>();
  return {
    kind: 'file',
    newKey: async (owner, label) => {
      const path = join(directory, `${owner}-${label}.pem`);
      const passphrase = generatePassphrase();
      await createFileKey({ path, passphrase, algorithm: p256 });
      passphrases.set(path, passphrase);
      return ['--signer', fileKeyUri(path)];
    },
    newRoot: async (name) => {
      const path = join(directory, `${name}.pem`);
      return { custody: 'shares', options: ['--key-to', path], opened: ['--signer', fileKeyUri(path)] };
    },
    secretFor: (question) => [...passphrases].find(([path]) => question.endsWith(path))?.[1],
    close: () => undefined,
  };
}

async function newToken(module: Pkcs11Module, label: string, pin: string): Promise<void> {
  const blank = module.listTokens().find(({ initialised }) => !initialised);
  if (!blank) throw new TypeError('SoftHSM offers no blank token');
  await initToken({ module, slot: blank.slot, label, soPin: newPin(), userPin: pin });
}

function newPin(): string {
  return String(randomInt(10_000_000, 99_999_999));
}

function noSoftHsm(): ToolkitError {
  return new ToolkitError('OPS_NO_SOFTHSM', {
    message: `SoftHSM: expected its PKCS#11 module, found none of ${modulePaths.join(', ')}`,
    fault: 'environment',
    data: { searched: modulePaths },
    hint: 'install it (Debian: apt install softhsm2), or rehearse with key files: --signer file',
  });
}
