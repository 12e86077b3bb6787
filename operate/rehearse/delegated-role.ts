import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toHex } from '../../src/core/bytes.ts';
import { addMs, dayMs, formatInstant } from '../../src/core/clock.ts';
import { makeDirectory } from '../../src/core/files.ts';
import { createFileKey, generatePassphrase } from '../../src/keys/file-key.ts';
import { canonicalize } from '../../src/tuf/canonical-json.ts';
import { keyId, tufKey } from '../../src/tuf/key.ts';
import { formatMetadata } from '../../src/tuf/metadata.ts';
import type { Stage } from './stage.ts';

export const delegatedRole = 'packages';

/** Plays the owners of a delegated role: they hand over their public key, and what they signed with it. */
export async function handOverRole(stage: Stage, now: Date): Promise<void> {
  const directory = join(stage.rootSigning, 'delegations', delegatedRole);
  await makeDirectory(directory);
  const path = stage.path(`${delegatedRole}.pem`);
  const signer = await createFileKey({ path, passphrase: generatePassphrase(), algorithm: 'ecdsa-p256-sha256' });
  const expires = formatInstant(addMs(now, 30 * dayMs));
  const signed = { _type: 'targets', spec_version: '1.0.31', version: 1, expires, targets: {} };
  const sig = toHex(await signer.sign(canonicalize(signed)));
  const keyid = keyId(tufKey(signer.publicKey));
  await writeFile(join(directory, 'owners.pem'), signer.publicKey.export({ type: 'spki', format: 'pem' }).toString());
  await writeFile(join(directory, 'metadata.json'), formatMetadata(signed, [{ keyid, sig }]));
}
