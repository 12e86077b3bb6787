import type { KeyObject } from 'node:crypto';
import { resolve } from 'node:path';
import { type PlacedHsmKey, placedHsmKeys, placedTinkKeys } from '../../lib/access/placement.ts';
import type { ParsedOptions } from '../../src/cli/command.ts';
import { parseUtf8 } from '../../src/core/bytes.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { readFileCapped } from '../../src/core/files.ts';
import { parsePublicKeyPem } from '../../src/core/public-key.ts';
import { algorithmOf } from '../../src/keys/algorithm.ts';
import { type HsmKey, type TinkKey, wrappedKeyset } from '../../src/services/deployment.ts';
import { kekUri } from '../../src/services/rekor.ts';
import { plugInAddress } from '../../src/services/service.ts';
import type { DeploymentFiles } from './settings.ts';

export const keyAlgorithms = { ECC_NIST_P384: 'ecdsa-p384-sha384', ECC_NIST_P256: 'ecdsa-p256-sha256' } as const;

/** What people bring of the keys that they made. */
export interface GivenKeys {
  readonly hsmKeys: ReadonlyMap<string, HsmKey>;
  readonly tinkKeys: ReadonlyMap<string, TinkKey>;
}

/**
 * Returns the keys that people made, those of the files alone: what is recorded already need not be brought again.
 * @throws CLI_USAGE for a service whose key is not one of them, OPS_HSM_KEY, OPS_TINK_KEYSET
 */
export async function readGivenKeys(files: DeploymentFiles, options: ParsedOptions): Promise<GivenKeys> {
  const [inHsm, inKeysets] = [placedHsmKeys(files), placedTinkKeys(files)];
  const publicKeys = pathsOf('--public-key', options.texts('public-key'), [...inHsm, ...inKeysets]);
  const keysets = pathsOf('--keyset', options.texts('keyset'), inKeysets);
  const [hsmKeys, tinkKeys] = [new Map<string, HsmKey>(), new Map<string, TinkKey>()];
  for (const placed of inHsm) {
    const path = publicKeys.get(placed.id);
    if (path !== undefined) hsmKeys.set(placed.id, { uri: placed.uri, publicKey: await readPublicKey(placed, path) });
    else if (!files.record.hsmKeys?.has(placed.id)) throw noPublicKey(placed);
  }
  for (const placed of inKeysets) {
    const [publicKey, keyset] = [publicKeys.get(placed.id), keysets.get(placed.id)];
    if (publicKey !== undefined && keyset !== undefined)
      tinkKeys.set(placed.id, {
        ...{ uri: placed.uri, publicKey: await readPublicKey(placed, publicKey) },
        keyset: await readKeyset(placed, keyset),
      });
    else if (publicKey !== undefined || keyset !== undefined || !files.record.tinkKeys?.has(placed.id))
      throw noKeyset(placed);
  }
  return { hsmKeys, tinkKeys };
}

function pathsOf(
  option: string,
  given: readonly string[],
  placed: readonly PlacedHsmKey[],
): ReadonlyMap<string, string> {
  return new Map(given.map((text) => pathOfService(option, text, placed)));
}

function pathOfService(option: string, text: string, placed: readonly PlacedHsmKey[]): readonly [string, string] {
  const [id = '', ...rest] = text.split('=');
  const path = rest.join('=');
  if (path !== '' && placed.some((key) => key.id === id)) return [id, path];
  const known = placed.map((key) => key.id).join(', ') || 'none';
  const kind = option === '--keyset' ? 'a service whose key is tink:…' : 'a service whose key people made';
  throw new ToolkitError('CLI_USAGE', {
    message: `${option}: expected SERVICE=FILE for ${kind} (${known}), got ${text}`,
    fault: 'input',
    hint: 'keys in KMS are read there: name only services whose key is pkcs11:… or tink:… in sigstead.yaml',
  });
}

async function readPublicKey({ id, spec }: PlacedHsmKey, path: string): Promise<KeyObject> {
  const publicKey = parsePublicKeyPem(parseUtf8(await readFileCapped(resolve(path), 1 << 16), path));
  const algorithm = publicKey && algorithmOf(publicKey);
  if (publicKey && algorithm === keyAlgorithms[spec]) return publicKey;
  throw new ToolkitError('OPS_HSM_KEY', {
    message: `${path}: expected the public key of ${id} as PEM, for ${keyAlgorithms[spec]}, got ${algorithm ?? 'something else'}`,
    fault: 'input',
    data: { service: id, path },
    hint: 'make a key on that curve; sigstore-kms-pkcs11 public-key prints it, and tink-keyset writes it (docs/hsm.md)',
  });
}

async function readKeyset({ id }: PlacedHsmKey, path: string): Promise<string> {
  const keyset = parseUtf8(await readFileCapped(resolve(path), 1 << 14), path);
  try {
    return wrappedKeyset(keyset);
  } catch (cause) {
    throw new ToolkitError('OPS_TINK_KEYSET', {
      message: `${path}: expected the keyset of ${id}, wrapped by a KMS key`,
      fault: 'input',
      data: { service: id, path },
      hint: 'tink-keyset writes one (docs/hsm.md); a keyset that nobody wrapped is a key in the open: never use it',
      cause,
    });
  }
}

function noPublicKey({ id, uri }: PlacedHsmKey): ToolkitError {
  return new ToolkitError('OPS_HSM_KEY', {
    message: `${id}: expected its public key, which nobody but its HSM can tell, got none`,
    fault: 'input',
    data: { service: id, uri },
    hint: `beside the HSM: sigstore-kms-pkcs11 public-key '${plugInAddress(uri)}' > ${id}.pub.pem; then: sigstead aws record --public-key ${id}=${id}.pub.pem`,
  });
}

function noKeyset({ id, uri }: PlacedHsmKey): ToolkitError {
  const [keyset, publicKey] = [`${id}.keyset.json`, `${id}.pub.pem`];
  return new ToolkitError('OPS_TINK_KEYSET', {
    message: `${id}: expected its keyset and its public key, got not both`,
    fault: 'input',
    data: { service: id, uri },
    hint: `who may use that KMS key runs: tink-keyset --kek=${kekUri(uri)} --keyset=${keyset} --public-key=${publicKey}; then: sigstead aws record --public-key ${id}=${publicKey} --keyset ${id}=${keyset}`,
  });
}
