import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createFileKey } from '../../../src/keys/file-key.ts';
import { openSigner } from '../../../src/keys/open-signer.ts';

const noSecrets = { passphrase: async () => 'none' };

describe('openSigner', () => {
  it('accepts file: and asks for the passphrase of that path', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sigstead keys '));
    const path = join(directory, 'key.pem');
    const { uri, publicKey } = await createFileKey({ path, passphrase: 'secret', algorithm: 'ed25519' });
    const asked: string[] = [];
    const signer = await openSigner(uri, {
      passphrase: async (file) => {
        asked.push(file);
        return 'secret';
      },
    });
    expect(signer.publicKey.equals(publicKey)).toBe(true);
    expect(asked).toEqual([path]);
    await rm(directory, { recursive: true });
  });

  it.each(['pkcs11:object=root', 'awskms:///alias/root'])('refuses %s and says what it opens', async (uri) => {
    await expect(openSigner(uri, noSecrets)).rejects.toThrowToolkit('KEY_SCHEME_UNSUPPORTED', { supported: ['file'] });
    await expect(openSigner(uri, noSecrets)).rejects.toThrow(`${uri}: expected a key URI of scheme file:`);
  });

  it('refuses what is no key URI', async () => {
    await expect(openSigner('root.pem', noSecrets)).rejects.toThrowToolkit('KEY_URI', { uri: 'root.pem' });
  });
});
