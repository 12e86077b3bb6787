import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createFileKey } from '../../../src/keys/file-key.ts';
import { openSigner } from '../../../src/keys/open-signer.ts';

const noSecrets = { passphrase: async () => 'none', pin: async () => 'none' };

describe('openSigner', () => {
  it('accepts file: and asks for the passphrase of that path', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sigstead keys '));
    const path = join(directory, 'key.pem');
    const { uri, publicKey } = await createFileKey({ path, passphrase: 'secret', algorithm: 'ed25519' });
    const asked: string[] = [];
    const signer = await openSigner(uri, {
      ...noSecrets,
      passphrase: async (file) => {
        asked.push(file);
        return 'secret';
      },
    });
    expect(signer.publicKey.equals(publicKey)).toBe(true);
    expect(asked).toEqual([path]);
    signer.close();
    await rm(directory, { recursive: true });
  });

  it('refuses a pkcs11: URI that leads to no module', async () => {
    const unnamed = openSigner('pkcs11:object=root', noSecrets);
    await expect(unnamed).rejects.toThrowToolkit('KEY_MODULE_UNNAMED', { uri: 'pkcs11:object=root' });
    const missing = openSigner('pkcs11:object=root', noSecrets, { modulePath: '/nowhere.so' });
    await expect(missing).rejects.toThrowToolkit('KEY_MODULE_LOAD', { what: '/nowhere.so' });
  });

  it('refuses a PIN source that is no file', async () => {
    const opened = openSigner('pkcs11:object=root?module-path=/a.so&pin-source=|cat', noSecrets);
    await expect(opened).rejects.toThrowToolkit('KEY_URI');
  });

  it('refuses what is no key URI', async () => {
    await expect(openSigner('root.pem', noSecrets)).rejects.toThrowToolkit('KEY_URI', { uri: 'root.pem' });
  });
});
