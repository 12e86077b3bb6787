import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { utf8 } from '../../src/core/bytes.ts';
import { signatureAlgorithms } from '../../src/keys/algorithm.ts';
import { openSigner } from '../../src/keys/open-signer.ts';
import { importPrivateKey } from '../../src/keys/pkcs11/import-key.ts';
import { initToken } from '../../src/keys/pkcs11/init-token.ts';
import { generateKeyPair } from '../../src/keys/pkcs11/key-pair.ts';
import { Pkcs11Module } from '../../src/keys/pkcs11/module.ts';
import { openPkcs11Signer } from '../../src/keys/pkcs11/pkcs11-signer.ts';
import type { TokenState } from '../../src/keys/pkcs11/tokens.ts';
import { verifySignature } from '../../src/keys/signer.ts';
import { ecKey } from '../support/certificates.ts';
import { exportEnvironment, type SoftHsm, softHsm } from '../support/soft-hsm.ts';

/* SoftHSM keeps tokens as a real module does, but counts no wrong PINs: pkcs11-refusals.test.ts has those. */

const userPin = '123456';
const message = utf8('the root of trust');
const pin = async () => userPin;

let directory: string;
let hsm: SoftHsm;
let module: Pkcs11Module;
let token: TokenState;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sigstead-pkcs11-'));
  hsm = await softHsm(directory);
  exportEnvironment(hsm);
  module = await Pkcs11Module.open(hsm.modulePath);
  token = await newToken('alice');
});

afterAll(async () => {
  module.close();
  await rm(directory, { recursive: true });
});

async function newToken(label: string): Promise<TokenState> {
  return await initToken({ module, slot: blankSlot(), label, soPin: '87654321', userPin });
}

function blankSlot(): number {
  return module.listTokens().find(({ initialised }) => !initialised)?.slot ?? -1;
}

function pkcs11Tool(...args: readonly string[]): string {
  const login = ['--module', hsm.modulePath, '--token-label', 'alice', '--login', '--pin', userPin];
  const env = { ...process.env, ...hsm.environment };
  return execFileSync('pkcs11-tool', [...login, ...args], { env, encoding: 'utf8', stdio: 'pipe' });
}

describe('initToken', () => {
  it('returns the new token', () => {
    expect(token).toMatchObject({ label: 'alice', model: 'SoftHSM v2', loginRequired: true, locked: false });
    expect(token.serial).toMatch(/^[0-9a-f]{16}$/);
  });

  it('refuses a token that has keys to lose', async () => {
    const again = initToken({ module, slot: token.slot, label: 'again', soPin: '87654321', userPin });
    await expect(again).rejects.toThrowToolkit('KEY_TOKEN_NOT_BLANK', { token: 'alice', serial: token.serial });
  });

  it('refuses a label that does not fit', async () => {
    const long = initToken({ module, slot: blankSlot(), label: 'é'.repeat(17), soPin: '87654321', userPin });
    await expect(long).rejects.toThrowToolkit('KEY_TOKEN_LABEL', { bytes: 34 });
  });

  it('refuses a PIN that the token does not take', async () => {
    const short = initToken({ module, slot: blankSlot(), label: 'short', soPin: '1', userPin });
    await expect(short).rejects.toThrowToolkit('KEY_PIN_UNUSABLE', { what: expect.stringMatching(/^slot \d+$/) });
  });
});

describe('generateKeyPair', () => {
  it.each(signatureAlgorithms)('makes a %s key that signs and cannot leave', async (algorithm) => {
    const key = await generateKeyPair({ module, token, label: `root ${algorithm}`, algorithm, pin });
    expect(key.keyAttributes).toEqual({
      sensitive: true,
      extractable: false,
      alwaysSensitive: true,
      neverExtractable: true,
      local: true,
      alwaysAuthenticate: false,
    });
    const signer = await openPkcs11Signer({ module, uri: key.uri, pin });
    expect(signer).toMatchObject({ algorithm, uri: key.uri, keyAttributes: key.keyAttributes });
    const signature = await signer.sign(message);
    signer.close();
    expect(verifySignature(key.publicKey, message, signature)).toBe(true);
  });

  it('refuses a label and an id that are taken', async () => {
    const options = { module, token, algorithm: 'ecdsa-p256-sha256', pin } as const;
    await generateKeyPair({ ...options, label: 'taken', id: Uint8Array.of(1) });
    const [label, id] = ['label "taken"', 'id 01'];
    await expect(generateKeyPair({ ...options, label: 'taken' })).rejects.toThrowToolkit('KEY_TOKEN_LABEL_TAKEN', {
      name: label,
    });
    const sameId = generateKeyPair({ ...options, label: 'free', id: Uint8Array.of(1) });
    await expect(sameId).rejects.toThrowToolkit('KEY_TOKEN_LABEL_TAKEN', { name: id });
  });
});

describe('importPrivateKey', () => {
  it.each([
    ['ecdsa-p256-sha256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['ecdsa-p384-sha384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
    ['ed25519', () => generateKeyPairSync('ed25519')],
  ] as const)('restores a %s key, and says that it was not born there', async (algorithm, generate) => {
    const { privateKey, publicKey } = generate();
    const key = await importPrivateKey({ module, token, label: `restored ${algorithm}`, privateKey, pin });
    expect(key.publicKey.equals(publicKey)).toBe(true);
    expect(key.keyAttributes).toMatchObject({ sensitive: true, extractable: false, local: false });
    expect(key.keyAttributes.neverExtractable).toBe(false);
    const signer = await openPkcs11Signer({ module, uri: key.uri, pin });
    expect(verifySignature(publicKey, message, await signer.sign(message))).toBe(true);
    signer.close();
  });

  it('refuses a key that no client verifies', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const imported = importPrivateKey({ module, token, label: 'rsa', privateKey, pin });
    await expect(imported).rejects.toThrowToolkit('KEY_ALGORITHM', { got: 'rsa' });
  });
});

describe('openPkcs11Signer', () => {
  it('asks for no PIN again while a session of this process is logged in', async () => {
    const { uri } = await generateKeyPair({ module, token, label: 'twice', algorithm: 'ecdsa-p256-sha256', pin });
    const first = await openPkcs11Signer({ module, uri, pin });
    const second = await openPkcs11Signer({ module, uri, pin: () => Promise.reject(new Error('asked')) });
    first.close();
    await expect(second.sign(message)).resolves.toBeInstanceOf(Uint8Array);
    second.close();
    await expect(openPkcs11Signer({ module, uri, pin: async () => 'wrong1' })).rejects.toThrowToolkit('KEY_PIN_WRONG');
  });

  it('refuses a wrong PIN after one try, and never shows it', async () => {
    const tries: TokenState[] = [];
    const wrong = async (state: TokenState) => {
      tries.push(state);
      return '999999';
    };
    const error = await openPkcs11Signer({ module, uri: 'pkcs11:token=alice;object=taken', pin: wrong }).catch(
      (e) => e,
    );
    expect(error).toMatchObject({ code: 'KEY_PIN_WRONG', data: { token: 'alice', serial: token.serial } });
    expect(JSON.stringify([error, error.message, String(error.cause)])).not.toContain('999999');
    expect(tries).toHaveLength(1);
  });

  it('refuses a key that is not there, and names those that are', async () => {
    const missing = openPkcs11Signer({ module, uri: 'pkcs11:token=alice;object=missing', pin });
    await expect(missing).rejects.toThrowToolkit('KEY_OBJECT_NOT_FOUND', { wanted: 'object=missing' });
    const again = openPkcs11Signer({ module, uri: 'pkcs11:token=alice;object=missing', pin });
    await expect(again).rejects.toThrow('object=taken;id=01');
  });

  it('refuses two tokens of one label until the serial tells them apart', async () => {
    const [one, two] = [await newToken('twin'), await newToken('twin')];
    await generateKeyPair({ module, token: two, label: 'root', algorithm: 'ecdsa-p256-sha256', pin });
    const twins = openPkcs11Signer({ module, uri: 'pkcs11:token=twin;object=root', pin });
    await expect(twins).rejects.toThrowToolkit('KEY_TOKEN_AMBIGUOUS', {
      matching: expect.arrayContaining([one, two].map(({ serial }) => `token "twin" (serial ${serial})`)),
    });
    const signer = await openPkcs11Signer({ module, uri: `pkcs11:serial=${two.serial};object=root`, pin });
    expect(signer.token.serial).toBe(two.serial);
    signer.close();
  });
});

describe('openSigner', () => {
  const noPassphrase = { passphrase: () => Promise.reject(new Error('asked')) };

  it('opens a token by the module of the URI or of the options, beside others who use the module', async () => {
    const uri = 'pkcs11:token=alice;object=taken';
    const named = await openSigner(`${uri}?module-path=${hsm.modulePath}`, { ...noPassphrase, pin });
    const given = await openSigner(uri, { ...noPassphrase, pin }, { modulePath: hsm.modulePath });
    named.close();
    expect(verifySignature(named.publicKey, message, await given.sign(message))).toBe(true);
    given.close();
    expect(module.listTokens().map(({ label }) => label)).toContain('alice');
  });

  it('reads the PIN from a file that the URI names', async () => {
    const path = join(directory, 'pin');
    await writeFile(path, `${userPin}\n`, { mode: 0o600 });
    const uri = `pkcs11:token=alice;object=taken?module-path=${hsm.modulePath}&pin-source=file:${path}`;
    const asks = { ...noPassphrase, pin: () => Promise.reject(new Error('asked')) };
    (await openSigner(uri, asks)).close();
    await expect(openSigner(uri.replace('file:', 'https:'), asks)).rejects.toThrowToolkit('KEY_URI');
  });
});

describe('other implementations', () => {
  it('OpenSSL accepts a signature of the token', async () => {
    const signer = await openPkcs11Signer({ module, uri: 'pkcs11:token=alice;object=taken', pin });
    const files = { message: join(directory, 'm'), signature: join(directory, 's'), key: join(directory, 'k.pem') };
    await writeFile(files.message, message);
    await writeFile(files.signature, await signer.sign(message));
    await writeFile(files.key, signer.publicKey.export({ type: 'spki', format: 'pem' }));
    signer.close();
    const dgst = ['dgst', '-sha256', '-verify', files.key, '-signature', files.signature, files.message];
    expect(execFileSync('openssl', dgst, { encoding: 'utf8' })).toBe('Verified OK\n');
  });

  it('pkcs11-tool finds the key, sensitive and never extractable', () => {
    const objects = pkcs11Tool('-O');
    const key = objects.split(/^(?=\S)/m).find((text) => /Private Key/.test(text) && /label: +taken$/m.test(text));
    expect(key).toMatch(/ID: +01$/m);
    expect(key).toMatch(/Usage: +sign$/m);
    expect(key).toMatch(/Access: +sensitive, always sensitive, never extracta?ble, local$/m);
  });

  it('are told apart by id where pkcs11-tool made two keys of one label', async () => {
    const make = (id: string) =>
      pkcs11Tool('--keypairgen', '--key-type', 'EC:prime256v1', '--label', 'double', '--id', id);
    make('0a');
    make('0b');
    const both = openPkcs11Signer({ module, uri: 'pkcs11:token=alice;object=double', pin });
    await expect(both).rejects.toThrowToolkit('KEY_OBJECT_AMBIGUOUS', {
      matching: expect.arrayContaining(['object=double;id=0a', 'object=double;id=0b']),
    });
    const one = await openPkcs11Signer({ module, uri: 'pkcs11:token=alice;object=double;id=%0b', pin });
    expect(verifySignature(one.publicKey, message, await one.sign(message))).toBe(true);
    one.close();
  });

  it('may leave a certificate where the public key was', async () => {
    const { privateKey, publicKey } = ecKey();
    await importPrivateKey({ module, token, label: 'certified', id: Uint8Array.of(0xce), privateKey, pin });
    pkcs11Tool('--delete-object', '--type', 'pubkey', '--id', 'ce');
    const [pem, der] = [join(directory, 'ca.pem'), join(directory, 'ca.der')];
    await writeFile(pem, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    execFileSync('openssl', ['req', '-x509', '-key', pem, '-subj', '/CN=ca', '-outform', 'DER', '-out', der]);
    pkcs11Tool('--write-object', der, '--type', 'cert', '--id', 'ce', '--label', 'certified');
    const signer = await openPkcs11Signer({ module, uri: 'pkcs11:token=alice;object=certified', pin });
    expect(signer.publicKey.equals(publicKey)).toBe(true);
    expect(verifySignature(publicKey, message, await signer.sign(message))).toBe(true);
    signer.close();
  });
});
