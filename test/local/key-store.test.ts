import { createPrivateKey } from 'node:crypto';
import { chmod, cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { KeyStore } from '../../local/key-store.ts';
import { spkiOf } from '../../src/core/digest.ts';
import { verifySignature } from '../../src/keys/signer.ts';

let directory: string;
let keys: KeyStore;
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'sigstead-test-')), 'keys');
  keys = new KeyStore(directory);
});
afterEach(async () => await rm(join(directory, '..'), { recursive: true, force: true }));

describe('KeyStore', () => {
  it('makes a key once, and opens the same one later', async () => {
    const made = await keys.ensure('fulcio', 'ecdsa-p384-sha384');
    const opened = await new KeyStore(directory).ensure('fulcio', 'ecdsa-p384-sha384');
    expect(spkiOf(opened.publicKey)).toEqual(spkiOf(made.publicKey));
    const message = new TextEncoder().encode('message');
    expect(verifySignature(made.publicKey, message, await opened.sign(message))).toBe(true);
  });

  it('keeps key and passphrase in files that others cannot read, in a directory that they cannot enter', async () => {
    await keys.ensure('fulcio', 'ecdsa-p256-sha256');
    expect(await readdir(directory)).toEqual(['fulcio.passphrase', 'fulcio.pem']);
    const paths = [directory, keys.path('fulcio'), join(directory, 'fulcio.passphrase')];
    const modes = (await Promise.all(paths.map((path) => stat(path)))).map(({ mode }) => mode & 0o777);
    expect(modes).toEqual([0o700, 0o600, 0o600]);
    expect(await readFile(keys.path('fulcio'), 'utf8')).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    expect(await keys.passphrase('fulcio')).toMatch(/^[\w-]{43}$/);
  });

  it('goes on with the passphrase that an interrupted start left behind', async () => {
    await keys.ensure('other', 'ed25519');
    const left = 'a'.repeat(43);
    await writeFile(join(directory, 'fulcio.passphrase'), `${left}\n`, { mode: 0o600 });
    await keys.ensure('fulcio', 'ed25519');
    expect(await keys.passphrase('fulcio')).toBe(left);
    await expect(keys.open('fulcio')).resolves.toBeDefined();
  });

  it('tells each key that it made to whoever follows', async () => {
    const reached: string[] = [];
    const followed = new KeyStore(directory, (moment, what) => void reached.push(`${moment} ${what}`));
    await followed.ensure('fulcio', 'ed25519');
    await followed.ensure('fulcio', 'ed25519');
    expect(reached).toEqual(['key-made fulcio']);
  });

  it('decrypts for servers in the form that they read', async () => {
    const { publicKey } = await keys.ensure('rekor', 'ecdsa-p256-sha256');
    const forms = [await keys.decrypted('rekor', 'pkcs8'), await keys.decrypted('rekor', 'sec1')];
    expect(forms.map((pem) => pem.split('\n')[0])).toEqual([
      '-----BEGIN PRIVATE KEY-----',
      '-----BEGIN EC PRIVATE KEY-----',
    ]);
    for (const pem of forms) {
      const jwk = createPrivateKey(pem).export({ format: 'jwk' });
      expect(jwk).toMatchObject(publicKey.export({ format: 'jwk' }));
    }
  });

  /** Holds the key `a`: each derivation takes a while on purpose. */
  let prepared: string;
  beforeAll(async () => {
    prepared = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
    await new KeyStore(prepared).ensure('a', 'ed25519');
  });
  afterAll(async () => await rm(prepared, { recursive: true, force: true }));

  it.each([
    ['a key without its passphrase', 'CORE_FILE_MISSING', () => rm(join(directory, 'a.passphrase'))],
    [
      'the passphrase of another key',
      'KEY_PASSPHRASE',
      () => writeFile(join(directory, 'a.passphrase'), 'b'.repeat(43)),
    ],
    ['a passphrase that others can read', 'CORE_SECRET_MODE', () => chmod(join(directory, 'a.passphrase'), 0o644)],
    ['a key that others can read', 'CORE_SECRET_MODE', () => chmod(join(directory, 'a.pem'), 0o640)],
    ['a key that is gone', 'CORE_FILE_MISSING', () => rm(join(directory, 'a.pem'))],
  ])('refuses to open %s', async (_, code, damage) => {
    await cp(prepared, directory, { recursive: true });
    await damage();
    await expect(keys.open('a')).rejects.toThrowToolkit(code);
  });
});
