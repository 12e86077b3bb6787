import { execFileSync, spawnSync } from 'node:child_process';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildFlags } from '../../local/servers/go-build.ts';
import { serversModule } from '../../local/servers/packages.ts';
import { formatPkcs11Uri } from '../../src/core/pkcs11-uri.ts';
import { plugInAddress } from '../../src/services/service.ts';
import { softHsm } from './soft-hsm.ts';

/** A SoftHSM token for the keys of servers, and the program through which they reach it. */
export interface ServersToken {
  /** The directory that belongs on a server's PATH. */
  readonly programs: string;
  readonly plugIn: string;
  readonly pin: string;
  /** What a server's environment says of the token, but for the PIN. */
  readonly environment: Readonly<Record<string, string>>;
  /** Makes an ECDSA P-384 key as docs/hsm.md does, and returns its public half. */
  makeKey(label: string, id: string, ...more: readonly string[]): KeyObject;
  /** The key's address, as servers are told it. */
  addressOf(label: string): string;
}

/** Makes the token in a directory and builds the plug-in. Fails where SoftHSM, OpenSC or a C compiler is not installed. */
export async function serversToken(directory: string): Promise<ServersToken> {
  const programs = join(directory, 'programs');
  await mkdir(programs);
  const plugIn = join(programs, 'sigstore-kms-pkcs11');
  const go = { ...process.env, CGO_ENABLED: '1', GOWORK: 'off', GOFLAGS: '', GOTOOLCHAIN: 'auto' };
  const build = ['build', ...buildFlags, '-o', plugIn, './cmd/sigstore-kms-pkcs11'];
  execFileSync('go', build, { cwd: serversModule, env: go, stdio: 'pipe' });

  const { modulePath, environment } = await softHsm(directory);
  const pin = '246813';
  const tool = (program: string, args: readonly string[]) =>
    execFileSync(program, args, { env: { ...process.env, ...environment }, stdio: 'pipe' });
  tool('softhsm2-util', ['--init-token', '--free', '--label', 'servers', '--pin', pin, '--so-pin', '87654321']);

  const token = { ...environment, SIGSTEAD_PKCS11_MODULE: modulePath };
  // The scheme of an address where a PKCS#11 URI has its own.
  const addressOf = (label: string) => plugInAddress(formatPkcs11Uri({ token: 'servers', object: label }));
  const makeKey = (label: string, id: string, ...more: readonly string[]) => {
    const login = ['--module', modulePath, '--token-label', 'servers', '--login', '--pin', pin];
    const kind = ['--keypairgen', '--key-type', 'EC:secp384r1', '--label', label, '--id', id];
    tool('pkcs11-tool', [...login, ...kind, ...more]);
    const env = { ...token, SIGSTEAD_PKCS11_PIN: pin, SIGSTEAD_PKCS11_ALLOW_EXTRACTABLE: '1' };
    const asked = spawnSync(plugIn, ['public-key', addressOf(label)], { env, encoding: 'utf8' });
    if (asked.status !== 0) throw new Error(asked.stderr);
    return createPublicKey(asked.stdout);
  };
  return { programs, plugIn, pin, environment: token, makeKey, addressOf };
}
