import { resolve } from 'node:path';
import type { Invocation } from '../../src/cli/command.ts';
import { readSecretFile } from '../../src/core/files.ts';
import { parseKeyUri } from '../../src/keys/key-uri.ts';
import { type OpenedSigner, openSigner } from '../../src/keys/open-signer.ts';
import { assertShare, parseShare, type Share } from '../../src/keys/shares.ts';
import { type Authority, sharesInUse } from '../ca/authority.ts';
import { openEncryptedKey, withSecret } from '../ca/backup.ts';
import { openKey } from './open-key.ts';
import { usage } from './settings.ts';

/**
 * Asks for as many sheets as open the key of an authority, one by one. A sheet that is wrong is refused at once, by its
 * place in the order; nothing that was typed is shown.
 * @throws KEY_SHARE_DAMAGED, KEY_SHARE_FOREIGN, KEY_SHARE_REPEATED, KEY_SHARE_FALSE, CLI_NO_TERMINAL
 */
export async function askShares({ ask, talk }: Pick<Invocation, 'ask' | 'talk'>, authority: Authority) {
  const set = sharesInUse(authority);
  const shares: Share[] = [];
  while (shares.length < set.threshold) {
    const sheet = `sheet ${shares.length + 1} of ${set.threshold} of ${authority.name}`;
    const share = parseShare(await ask.secret(`${sheet} (set ${set.id}): type or scan the share`), sheet);
    assertShare(share, set, shares);
    shares.push(share);
    talk.say(`${sheet}: the share of ${share.holder}`);
  }
  return shares;
}

/**
 * Opens the key of an authority with the shares of its holders; a copy that was brought into another token, with the PIN
 * of that one. The caller closes it.
 */
export async function openCaKey(invocation: Invocation, authority: Authority, uri: string): Promise<OpenedSigner> {
  const isCopy = authority.document.custody === 'shares' && parseKeyUri(uri).scheme === 'pkcs11';
  if (isCopy) return await openKey(invocation, uri);
  assertSharesOpen(authority, uri);
  const shares = await askShares(invocation, authority);
  return await withSecret(
    authority,
    shares,
    async (secret) => await openWithSecret(invocation, authority, { uri, secret }),
  );
}

/**
 * Passes if a key is where shares open it: a token by its PIN, an encrypted file by its passphrase.
 * @throws CLI_USAGE, before anybody breaks a seal
 */
export function assertSharesOpen({ document, name }: Authority, uri: string): void {
  const { scheme } = parseKeyUri(uri);
  if (scheme === (document.custody === 'token' ? 'pkcs11' : 'file')) return;
  const place = document.custody === 'token' ? 'pkcs11: and its token' : 'file: and its encrypted key';
  throw usage(`expected --signer ${place}, which the shares of ${name} open`);
}

/** Opens the key with what the shares restored: logs in to its token, or decrypts its file in memory. */
export async function openWithSecret(
  { options }: Pick<Invocation, 'options'>,
  authority: Authority,
  { uri, secret }: { readonly uri: string; readonly secret: string },
): Promise<OpenedSigner> {
  const key = parseKeyUri(uri);
  if (key.scheme === 'file') {
    const pem = await readSecretFile(key.path);
    const { signer } = await openEncryptedKey(authority, { pem, what: key.path, passphrase: secret });
    return { ...signer, close: () => undefined };
  }
  const module = options.text('module');
  const secrets = { pin: async () => secret, passphrase: async () => secret };
  return await openSigner(uri, secrets, module === undefined ? {} : { modulePath: resolve(module) });
}
