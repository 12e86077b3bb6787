import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readOnlineKey } from '../../ceremony/root-signing/online-key.ts';
import { toHex } from '../../src/core/bytes.ts';
import { replaceFile } from '../../src/core/files.ts';
import { openSigner } from '../../src/keys/open-signer.ts';
import { canonicalize } from '../../src/tuf/canonical-json.ts';
import { keyId, tufKey } from '../../src/tuf/key.ts';
import { formatMetadata, parseMetadata } from '../../src/tuf/metadata.ts';
import type { Stage } from './stage.ts';

/** Far above what re-signing every minute would reach. */
const absurdVersion = 1_000_000_000;

/** Plays whoever stole the online key: signs a timestamp of an absurd version, which clients remember. */
export async function fastForward(stage: Stage): Promise<void> {
  const path = join(stage.published, 'timestamp.json');
  const timestamp = parseMetadata(await readFile(path), 'timestamp');
  const { uri } = await readOnlineKey(join(stage.rootSigning, 'online', 'key.json'));
  const signer = await openSigner(uri, {
    passphrase: async (file) => stage.onlineKeys.secretFor(`passphrase of ${file}`) ?? '',
    pin: async () => '',
  });
  const signed = { ...timestamp.signed, version: absurdVersion };
  const sig = toHex(await signer.sign(canonicalize(signed)));
  await replaceFile(path, formatMetadata(signed, [{ keyid: keyId(tufKey(signer.publicKey)), sig }]));
  signer.close();
}
