import { describe, expect, it } from '@jest/globals';
import { parseTokenInfo, selectToken, type TokenState, tokenInfoBytes } from '../../../../src/keys/pkcs11/tokens.ts';

interface Info {
  readonly label?: string;
  readonly serial?: string;
  readonly flags?: number;
  readonly padding?: string;
}

function tokenOf(slot: number, { label = '', serial = '', flags = 0x40c, padding = ' ' }: Info): TokenState {
  const info = Buffer.alloc(tokenInfoBytes);
  info.fill(padding, 0, 96);
  info.write(label, 0);
  info.write('Yubico', 32);
  info.write('YubiKey YK5', 64);
  info.write(serial, 80);
  info.writeBigUInt64LE(BigInt(flags), 96);
  info.set([1, 0, 5, 7], 184);
  return parseTokenInfo(info, slot);
}

const alice = tokenOf(0, { label: 'YubiKey PIV', serial: '111' });
const bob = tokenOf(1, { label: 'YubiKey PIV', serial: '222', padding: '\0' });
const blank = tokenOf(2, { flags: 0x4 });
const tokens = [alice, bob, blank];

describe('parseTokenInfo', () => {
  it('reads names without what fills them up, and versions', () => {
    const names = { manufacturer: 'Yubico', model: 'YubiKey YK5', hardwareVersion: '1.0', firmwareVersion: '5.7' };
    expect(alice).toMatchObject({ slot: 0, label: 'YubiKey PIV', serial: '111', ...names });
    expect(bob).toMatchObject({ slot: 1, label: 'YubiKey PIV', serial: '222', ...names });
  });

  it.each([
    ['loginRequired', 2],
    ['userPinInitialised', 3],
    ['protectedAuthenticationPath', 8],
    ['initialised', 10],
    ['countLow', 16],
    ['finalTry', 17],
    ['locked', 18],
  ] as const)('reads %s from bit %i alone', (name, bit) => {
    const set = Object.entries(tokenOf(0, { flags: 1 << bit })).filter(([, value]) => value === true);
    expect(set).toEqual([[name, true]]);
  });

  it('takes from a label what a terminal would obey', () => {
    expect(tokenOf(0, { label: 'a\u001b[2Jb' }).label).toBe('ab');
  });
});

describe('selectToken', () => {
  it.each([
    [{ serial: '222' }, bob],
    [{ token: 'YubiKey PIV', serial: '111' }, alice],
    [{ slotId: 1, model: 'YubiKey YK5', manufacturer: 'Yubico' }, bob],
  ])('accepts the one that fits %j', (wanted, expected) => {
    expect(selectToken(tokens, wanted)).toBe(expected);
  });

  it('accepts any where there is one, and never a blank one', () => {
    expect(selectToken([blank, alice], {})).toBe(alice);
    expect(() => selectToken([blank], {})).toThrowToolkit('KEY_TOKEN_NOT_FOUND', { wanted: 'any token', present: [] });
  });

  it.each([
    [{ token: 'YubiKey' }, 'token=YubiKey'],
    [{ serial: '111', slotId: 1 }, 'serial=111;slot-id=1'],
  ])('refuses %j, which none fits, and names those that are there', (selector, wanted) => {
    const present = ['token "YubiKey PIV" (serial 111)', 'token "YubiKey PIV" (serial 222)'];
    expect(() => selectToken(tokens, selector)).toThrowToolkit('KEY_TOKEN_NOT_FOUND', { wanted, present });
  });

  it('refuses to choose among several, and names them', () => {
    const matching = ['token "YubiKey PIV" (serial 111)', 'token "YubiKey PIV" (serial 222)'];
    expect(() => selectToken(tokens, { model: 'YubiKey YK5' })).toThrowToolkit('KEY_TOKEN_AMBIGUOUS', { matching });
  });
});
