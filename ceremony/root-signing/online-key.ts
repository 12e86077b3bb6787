import { createPublicKey, type KeyObject } from 'node:crypto';
import { dirname } from 'node:path';
import { ToolkitError } from '../../src/core/error.ts';
import { createFile, makeDirectory, pathExists, readFileCapped, replaceFile } from '../../src/core/files.ts';
import { type Format, formatDocument, parseFormatted } from '../../src/core/formatted.ts';
import { object, parsed, text } from '../../src/core/shape.ts';
import type { Signer } from '../../src/core/signer.ts';
import { parseKeyUri } from '../../src/keys/key-uri.ts';
import { physicalKeyOf, tufKey } from '../../src/tuf/key.ts';
import type { RootSigningLayout } from './layout.ts';

/** Where the key of snapshot and timestamp lives, and its public half. The URI stands here alone, not in any root. */
export interface OnlineKey {
  readonly uri: string;
  readonly publicKey: KeyObject;
}

const onlineKeyFormat: Format<OnlineKey> = {
  name: 'sigstead-online-key/v1',
  read: object({
    uri: parsed(text, keyUri),
    publicKey: parsed(text, publicKeyOf),
  }),
  maxBytes: 8192,
  code: 'CER_ONLINE_KEY_FILE',
  hint: 'name the key again: sigstead ceremony enroll --online --signer URI',
};

/** @throws CER_ONLINE_KEY_FILE, CORE_FILE_MISSING, CORE_JSON */
export async function readOnlineKey(path: string): Promise<OnlineKey> {
  return parseFormatted(await readFileCapped(path, onlineKeyFormat.maxBytes), onlineKeyFormat, path);
}

/**
 * Writes down the online key that shall be used. One that is replaced is kept until the change is published: both sign
 * that publication.
 * @throws TUF_KEY for a key that some client does not read
 */
export async function recordOnlineKey(
  layout: RootSigningLayout,
  signer: Signer,
): Promise<'first' | 'same' | 'replaces'> {
  tufKey(signer.publicKey);
  const publicKey = signer.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const document = formatDocument(onlineKeyFormat, { uri: signer.uri, publicKey });
  await makeDirectory(dirname(layout.onlineKey));
  if (!(await pathExists(layout.onlineKey))) {
    await createFile(layout.onlineKey, document);
    return 'first';
  }
  const known = await readOnlineKey(layout.onlineKey);
  const same = physicalKeyOf(known.publicKey) === physicalKeyOf(signer.publicKey);
  if (!same && !(await pathExists(layout.formerOnlineKey))) {
    await createFile(layout.formerOnlineKey, await readFileCapped(layout.onlineKey, onlineKeyFormat.maxBytes));
  }
  await replaceFile(layout.onlineKey, document);
  return same ? 'same' : 'replaces';
}

/** As it stands, and one that can be opened. */
function keyUri(uri: string): string {
  parseKeyUri(uri);
  return uri;
}

function publicKeyOf(pem: string): KeyObject {
  try {
    const key = createPublicKey(pem);
    tufKey(key);
    return key;
  } catch (cause) {
    if (cause instanceof ToolkitError) throw cause;
    throw new ToolkitError('CER_ONLINE_KEY_FILE', {
      message: 'expected a public key in PEM',
      fault: 'input',
      hint: onlineKeyFormat.hint,
      cause,
    });
  }
}

export function onlineKeyUnnamed(path: string): ToolkitError {
  return new ToolkitError('CER_ONLINE_KEY_UNNAMED', {
    message: `${path}: expected the key that signs snapshot and timestamp, found none`,
    fault: 'input',
    data: { path },
    hint: 'name it: sigstead ceremony enroll --online --signer URI',
  });
}
