import { sign } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { toHex, utf8 } from '../../src/core/bytes.ts';
import { waitFor } from '../../src/core/wait.ts';
import { curves, pointOf } from '../../src/keys/pkcs11/curve.ts';
import { generateKeyPair } from '../../src/keys/pkcs11/key-pair.ts';
import { Pkcs11Module } from '../../src/keys/pkcs11/module.ts';
import { openPkcs11Signer, type Pkcs11Signer } from '../../src/keys/pkcs11/pkcs11-signer.ts';
import type { TokenState } from '../../src/keys/pkcs11/tokens.ts';
import { verifySignature } from '../../src/keys/signer.ts';
import { ecKey } from '../support/certificates.ts';
import { compileTestModule, type TestModule } from '../support/pkcs11-test-module.ts';

/* Tokens that lock, leave or lie: what SoftHSM never does. */

const curve = curves['ecdsa-p256-sha256'];
const { publicKey, privateKey } = ecKey();
const key = { params: toHex(curve.params), point: toHex(pointOf(curve, publicKey)) };
const uri = 'pkcs11:token=testing;object=key';
const message = utf8('the root of trust');
const calls = { login: 'C_Login 1 pin', pinPad: 'C_Login 1 null', again: 'C_Login 2 pin', sign: 'C_Sign' };
const flags = { none: '40c', countLow: '1040c', finalTry: '3040c', locked: '4040c', pinPad: '50c' };

let directory: string;
let testModule: TestModule;
let module: Pkcs11Module;
let asked: TokenState[];
let signer: Pkcs11Signer | undefined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sigstead-pkcs11-'));
  testModule = compileTestModule(directory);
});

afterAll(async () => await rm(directory, { recursive: true }));

afterEach(() => {
  signer?.close();
  module.close();
});

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

/** Starts anew with a token of this state, not logged in. */
async function start(state: Readonly<Record<string, string | number>> = {}): Promise<void> {
  asked = [];
  signer = undefined;
  testModule.set({ ...key, ...state });
  module = await Pkcs11Module.open(testModule.path);
}

async function open(text = '123456'): Promise<Pkcs11Signer> {
  const pin = async (token: TokenState) => {
    asked.push(token);
    return text;
  };
  signer = await openPkcs11Signer({ module, uri, pin });
  return signer;
}

function rawSignature(): Uint8Array {
  return new Uint8Array(sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }));
}

/** ECDSA is random: one signature in 256 has the zero that is looked for. */
function rawSignatureWhere(isWanted: (raw: Uint8Array) => boolean): Uint8Array {
  for (;;) {
    const raw = rawSignature();
    if (isWanted(raw)) return raw;
  }
}

describe('Pkcs11Module', () => {
  it('describes its token', async () => {
    await start({ flags: flags.finalTry });
    expect(module.listTokens()).toEqual([
      {
        slot: 7,
        label: 'testing',
        serial: '0001',
        manufacturer: 'sigstead',
        model: 'test module',
        hardwareVersion: '1.0',
        firmwareVersion: '5.7',
        initialised: true,
        loginRequired: true,
        userPinInitialised: true,
        protectedAuthenticationPath: false,
        countLow: true,
        finalTry: true,
        locked: false,
      },
    ]);
  });

  it('refuses a library that is no module', async () => {
    await start();
    const path = join(directory, 'none.so');
    await expect(Pkcs11Module.open(path)).rejects.toThrowToolkit('KEY_MODULE_LOAD', { what: path });
  });
});

describe('openPkcs11Signer', () => {
  it('shows how near the token is to locking before each try', async () => {
    await start({ tries: 3 });
    await expect(open('1')).rejects.toThrowToolkit('KEY_PIN_WRONG', { countLow: true, finalTry: false, locked: false });
    await expect(open('2')).rejects.toThrowToolkit('KEY_PIN_WRONG', { countLow: true, finalTry: true, locked: false });
    await expect(open('3')).rejects.toThrowToolkit('KEY_PIN_WRONG', { locked: true });
    expect(asked.map(({ countLow, finalTry }) => ({ countLow, finalTry }))).toEqual([
      { countLow: false, finalTry: false },
      { countLow: true, finalTry: false },
      { countLow: true, finalTry: true },
    ]);
    expect(testModule.calls()).toEqual([calls.login, calls.login, calls.login]);
    await expect(open()).rejects.toThrowToolkit('KEY_PIN_LOCKED', { serial: '0001' });
    expect(asked).toHaveLength(3);
  });

  it('refuses a locked token before any PIN is asked for', async () => {
    await start({ flags: flags.locked });
    await expect(open()).rejects.toThrowToolkit('KEY_PIN_LOCKED', { token: 'testing' });
    expect([asked, testModule.calls()]).toEqual([[], []]);
  });

  it('refuses a token that locks without having said so', async () => {
    await start({ login: 'a4' });
    await expect(open()).rejects.toThrowToolkit('KEY_PIN_LOCKED');
  });

  it('refuses an empty PIN before the token sees it', async () => {
    await start();
    await expect(open('')).rejects.toThrowToolkit('KEY_PIN_EMPTY', { token: 'testing' });
    expect(testModule.calls()).toEqual([]);
  });

  it('refuses a token whose PIN was never set', async () => {
    await start({ login: '102' });
    await expect(open()).rejects.toThrowToolkit('KEY_PIN_UNUSABLE', { returned: 'CKR_USER_PIN_NOT_INITIALIZED' });
  });

  it('leaves the PIN to a PIN pad, and says so', async () => {
    await start({ flags: flags.pinPad });
    const waits: string[] = [];
    const pin = () => Promise.reject(new Error('asked'));
    signer = await openPkcs11Signer({
      module,
      uri,
      pin,
      reports: (token, wait) => waits.push(`${token.label} ${wait}`),
    });
    expect([waits, testModule.calls()]).toEqual([['testing pin-pad'], [calls.pinPad]]);
  });

  it('refuses a token that is not there', async () => {
    await start({ absent: 1 });
    await expect(open()).rejects.toThrowToolkit('KEY_TOKEN_NOT_FOUND', { wanted: 'token=testing', present: [] });
  });

  it('refuses a key without its public half', async () => {
    await start();
    testModule.set({ params: key.params });
    await expect(open()).rejects.toThrowToolkit('KEY_PUBLIC_MISSING', { wanted: 'id=01' });
  });

  it('refuses a public key that is no point', async () => {
    await start({ point: '0400' });
    await expect(open()).rejects.toThrowToolkit('KEY_PUBLIC_UNREADABLE', { curve: 'P-256' });
  });

  it('refuses an RSA key', async () => {
    await start({ keytype: 0 });
    await expect(open()).rejects.toThrowToolkit('KEY_ALGORITHM', { got: 'rsa' });
  });
});

describe('sign', () => {
  it.each([
    ['r', (raw: Uint8Array) => raw[0] === 0],
    ['s', (raw: Uint8Array) => raw[32] === 0],
    ['neither', (raw: Uint8Array) => (raw[0] ?? 0) > 127 && (raw[32] ?? 0) > 127],
  ])('accepts a signature where %s begins with zeros', async (_, isWanted) => {
    await start({ signature: toHex(rawSignatureWhere(isWanted)) });
    const { sign: signWith } = await open();
    expect(verifySignature(publicKey, message, await signWith(message))).toBe(true);
  });

  it.each([
    ['another message', () => sign('sha256', utf8('x'), { key: privateKey, dsaEncoding: 'ieee-p1363' })],
    ['another key', () => sign('sha256', message, { key: ecKey().privateKey, dsaEncoding: 'ieee-p1363' })],
    ['half a signature', () => rawSignature().subarray(0, 32)],
    ['one byte too many', () => Buffer.concat([rawSignature(), Uint8Array.of(0)])],
    ['nothing', () => new Uint8Array()],
    ['zeros', () => new Uint8Array(64)],
  ])('refuses a token that returns %s', async (_, signature) => {
    await start({ signature: toHex(signature()) || '0' });
    const { sign: signWith } = await open();
    await expect(signWith(message)).rejects.toThrowToolkit('KEY_SIGNATURE_WRONG', { serial: '0001', uri });
  });

  it.each([
    ['CKR_TOKEN_NOT_PRESENT', { absent: 1 }],
    ['CKR_DEVICE_REMOVED', { sign: '32' }],
    ['CKR_SESSION_HANDLE_INVALID', { sign: 'b3' }],
    ['CKR_USER_NOT_LOGGED_IN', { sign: '101' }],
  ])('refuses with a way on once the token is gone: %s', async (_, state) => {
    await start();
    const { sign: signWith } = await open();
    testModule.set({ ...key, ...state });
    const error = await signWith(message).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'KEY_TOKEN_GONE', fault: 'environment', hint: expect.stringMatching(/again/) });
  });

  it('tells a broken token from one that is gone, and goes on when it works again', async () => {
    await start({ sign: '30' });
    const { sign: signWith } = await open();
    await expect(signWith(message)).rejects.toThrowToolkit('KEY_TOKEN_FAILED', { returned: 'CKR_DEVICE_ERROR' });
    testModule.set({ ...key, signature: toHex(rawSignature()) });
    await expect(signWith(message)).resolves.toBeInstanceOf(Uint8Array);
  });

  it('refuses a mechanism that the token does not have', async () => {
    await start({ sign: '70' });
    const { sign: signWith } = await open();
    await expect(signWith(message)).rejects.toThrowToolkit('KEY_TOKEN_MECHANISM', {
      returned: 'CKR_MECHANISM_INVALID',
    });
  });

  it('leaves this thread free, and the module loaded, while the token is busy', async () => {
    await start({ busy: 1 });
    const { sign: signWith } = await open();
    const signing = signWith(message);
    const isBusy = () => testModule.calls().includes(calls.sign);
    await waitFor(isBusy, { what: 'the token to be busy', timeoutMs: 10_000 });
    // What only koffi knew would be unloaded here, under the thread that runs it.
    for (let round = 0; round < 10; round++) {
      collectGarbage();
      await nextTurn();
    }
    testModule.set({ ...key, signature: toHex(rawSignature()) });
    expect(verifySignature(publicKey, message, await signing)).toBe(true);
  });

  it('asks for the PIN once more for each signature of a key that wants it', async () => {
    await start({ reauthenticate: 1, signature: toHex(rawSignature()) });
    const { sign: signWith, keyAttributes } = await open();
    await signWith(message);
    expect(keyAttributes.alwaysAuthenticate).toBe(true);
    expect(testModule.calls()).toEqual([calls.login, calls.again, calls.sign]);
    expect(asked).toHaveLength(2);
  });
});

describe('generateKeyPair', () => {
  it.each([
    ['extractable', { extractable: 1 }, ['extractable']],
    ['of another curve', { params: toHex(curves.ed25519.params), point: '07'.repeat(32) }, ['ed25519']],
  ])('refuses a token that makes a key %s', async (_, state, wrong) => {
    await start(state);
    const [token] = module.listTokens();
    if (token === undefined) throw new Error('expected a token');
    const pin = async () => '123456';
    const made = generateKeyPair({ module, token, label: 'new', algorithm: 'ecdsa-p256-sha256', pin });
    await expect(made).rejects.toThrowToolkit('KEY_TOKEN_KEY_WRONG', { wrong });
  });
});
