import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { utf8 } from '../../../src/core/bytes.ts';
import type { SignatureAlgorithm } from '../../../src/core/signer.ts';
import { createFileKey, decryptFileKey, generatePassphrase, openFileKey } from '../../../src/keys/file-key.ts';
import { encryptPrivateKey } from '../../../src/keys/pkcs8.ts';
import { verifySignature } from '../../../src/keys/signer.ts';

const passphrase = 'correct horse battery staple ä';
const message = utf8('hello');
let directory: string;
let path: string;

/** An Ed25519 key that is encrypted with `passphrase`: each derivation takes a while on purpose. */
let encrypted: string;

beforeAll(async () => {
  encrypted = await encryptPrivateKey(generateKeyPairSync('ed25519').privateKey, passphrase);
});

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sigstead-keys-'));
  path = join(directory, 'key.pem');
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

const save = async (pem: string | Uint8Array): Promise<void> => await writeFile(path, pem, { mode: 0o600 });
const open = async (given = passphrase) => await openFileKey({ path, passphrase: given });

describe('createFileKey', () => {
  it.each<SignatureAlgorithm>(['ecdsa-p256-sha256', 'ecdsa-p384-sha384', 'ed25519'])(
    'makes a %s key that opens again and signs the same',
    async (algorithm) => {
      const made = await createFileKey({ path, passphrase, algorithm });
      const opened = await open();
      expect(made).toMatchObject({ algorithm, uri: `file:${path}` });
      expect(opened).toMatchObject({ algorithm, uri: `file:${path}` });
      expect(opened.publicKey.equals(made.publicKey)).toBe(true);
      expect(verifySignature(made.publicKey, message, await opened.sign(message))).toBe(true);
    },
  );

  it('writes PKCS#8 encrypted with scrypt and AES-256 that OpenSSL reads, mode 0600, and nothing else', async () => {
    const signer = await createFileKey({ path, passphrase, algorithm: 'ecdsa-p256-sha256' });
    const pem = await readFile(path, 'utf8');
    expect(pem).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
    const der = Buffer.from(pem.replaceAll(/-----.*-----|\n/g, ''), 'base64').toString('hex');
    expect(der).toContain('06092b06010401da47040b'); // scrypt
    expect(der).toContain('02024000020108020101'); // N = 16384, r = 8, p = 1
    expect(der).toContain('060960864801650304012a'); // AES-256-CBC
    expect(createPrivateKey({ key: pem, passphrase }).asymmetricKeyType).toBe('ec');
    expect(pemOf(signer.publicKey)).toBe(pemOf(createPrivateKey({ key: pem, passphrase })));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['key.pem']);
  });

  it('draws salt and IV anew for each file', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    expect(await encryptPrivateKey(privateKey, passphrase)).not.toBe(await encryptPrivateKey(privateKey, passphrase));
  });

  it('refuses to overwrite anything', async () => {
    await save('something');
    const made = createFileKey({ path, passphrase, algorithm: 'ed25519' });
    await expect(made).rejects.toThrowToolkit('CORE_FILE_EXISTS', { path });
    expect(await readFile(path, 'utf8')).toBe('something');
  });

  it('refuses an empty passphrase', async () => {
    const made = createFileKey({ path, passphrase: '', algorithm: 'ed25519' });
    await expect(made).rejects.toThrowToolkit('KEY_PASSPHRASE_EMPTY', { path });
    expect(await readdir(directory)).toEqual([]);
  });
});

describe('openFileKey', () => {
  it('accepts what OpenSSL writes by default: PBKDF2', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
    await save(pkcs8(privateKey, { cipher: 'aes-256-cbc', passphrase }));
    expect((await open()).algorithm).toBe('ecdsa-p384-sha384');
  });

  it('accepts Windows line breaks', async () => {
    await save(encrypted.replaceAll('\n', '\r\n'));
    expect((await open()).algorithm).toBe('ed25519');
  });

  it('refuses a wrong passphrase, naming the file', async () => {
    await save(encrypted);
    const error = await open('wrong').catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'KEY_PASSPHRASE',
      message: expect.stringContaining(`${path}: the passphrase does not open this key`),
      data: { what: path },
    });
    await expect(open('')).rejects.toThrowToolkit('KEY_PASSPHRASE');
  });

  it('refuses a file that others can read', async () => {
    await save(encrypted);
    await chmod(path, 0o644);
    await expect(open()).rejects.toThrowToolkit('CORE_SECRET_MODE', { path, mode: '0644' });
  });

  it('refuses a file that is not there', async () => {
    await expect(open()).rejects.toThrowToolkit('CORE_FILE_MISSING', { path });
  });

  it('refuses keys without encryption', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    for (const pem of [pkcs8(privateKey), privateKey.export({ type: 'sec1', format: 'pem' })]) {
      await save(pem);
      await expect(open()).rejects.toThrowToolkit('KEY_UNENCRYPTED', { what: path });
    }
  });

  it.each([
    ['secp256k1', () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }), 'ec secp256k1'],
    ['P-521', () => generateKeyPairSync('ec', { namedCurve: 'secp521r1' }), 'ec secp521r1'],
    ['X25519', () => generateKeyPairSync('x25519'), 'x25519'],
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 1024 }), 'rsa'],
  ])('refuses %s', async (_, generate, got) => {
    await save(pkcs8(generate().privateKey, { cipher: 'aes-256-cbc', passphrase }));
    await expect(open()).rejects.toThrowToolkit('KEY_ALGORITHM', { what: path, got });
  });

  it.each([
    ['an empty file', ''],
    ['text', 'hello\n'],
    ['bytes that are no text', Uint8Array.of(0xff, 0xfe, 0)],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n'],
    ['an empty sequence', '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n'],
    ['stray bits', '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAB=\n-----END ENCRYPTED PRIVATE KEY-----\n'],
  ])('refuses %s', async (_, content) => {
    await save(content);
    await expect(open()).rejects.toThrowToolkit('KEY_FORMAT', { what: path });
  });

  it('refuses a key with text around it, a key that was cut, and two keys', async () => {
    const cut = encrypted.replace(/\n[^\n]+\n-----END/, '\n-----END');
    for (const text of [`Bag Attributes\n${encrypted}`, `${encrypted}x`, cut, encrypted + encrypted]) {
      await save(text);
      await expect(open()).rejects.toThrowToolkit('KEY_FORMAT', { what: path });
    }
  });

  it('refuses the old encryption of PEM headers, and other ciphers', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const legacy = privateKey.export({ type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase });
    for (const pem of [legacy, pkcs8(privateKey, { cipher: 'aes-128-cbc', passphrase })]) {
      await save(pem);
      await expect(open()).rejects.toThrowToolkit('KEY_FORMAT', { what: path });
    }
  });

  it('refuses scrypt beyond what OpenSSL spends, before spending it', async () => {
    const der = Buffer.from(encrypted.replaceAll(/-----.*-----|\n/g, ''), 'base64');
    for (const cost of [
      '02027fff020108020101',
      '02022000020109020101',
      '02024000020108020109',
      '02020000020108020101',
    ]) {
      const hex = der.toString('hex').replace('02024000020108020101', cost);
      const changed = Buffer.from(hex, 'hex').toString('base64');
      await save(`-----BEGIN ENCRYPTED PRIVATE KEY-----\n${changed}\n-----END ENCRYPTED PRIVATE KEY-----\n`);
      await expect(open()).rejects.toThrowToolkit('KEY_FORMAT', { what: path });
    }
  });
});

describe('decryptFileKey', () => {
  it('accepts an ECDSA key as SEC 1 for TesseraCT', async () => {
    const signer = await createFileKey({ path, passphrase, algorithm: 'ecdsa-p256-sha256' });
    const pem = await decryptFileKey({ path, passphrase, as: 'sec1' });
    expect(pem).toMatch(/^-----BEGIN EC PRIVATE KEY-----\n/);
    expect(pemOf(createPrivateKey(pem))).toBe(pemOf(signer.publicKey));
  });

  it('accepts any key as PKCS#8 for Rekor', async () => {
    const signer = await createFileKey({ path, passphrase, algorithm: 'ed25519' });
    const pem = await decryptFileKey({ path, passphrase, as: 'pkcs8' });
    expect(pem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(pemOf(createPrivateKey(pem))).toBe(pemOf(signer.publicKey));
  });

  it('refuses SEC 1 for a key that has no such form', async () => {
    await save(encrypted);
    const pem = decryptFileKey({ path, passphrase, as: 'sec1' });
    await expect(pem).rejects.toThrowToolkit('KEY_ALGORITHM', { what: path, got: 'ed25519' });
  });
});

describe('generatePassphrase', () => {
  it('draws 32 bytes as base64url', () => {
    expect(generatePassphrase()).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(generatePassphrase()).not.toBe(generatePassphrase());
  });
});

function pkcs8(key: KeyObject, encryption: { cipher?: string; passphrase?: string } = {}): string {
  return key.export({ type: 'pkcs8', format: 'pem', ...encryption }).toString();
}

/** Public half of a key, private or public. */
function pemOf(key: KeyObject): string {
  const { kty, crv, x, y } = key.export({ format: 'jwk' });
  return JSON.stringify({ kty, crv, x, y });
}
