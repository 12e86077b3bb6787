import { describe, expect, it } from '@jest/globals';
import { keyWeakness } from '../../../src/x509/good-key.ts';
import { ecKey, ed25519Key, rsaKey, rsaPublicKey } from '../../support/certificates.ts';
import { weakModulusKeys } from './weak-keys.ts';

describe('keyWeakness', () => {
  it.each([
    ['RSA of 2048 bits', () => rsaKey()],
    ['P-256', () => ecKey()],
    ['P-384', () => ecKey('secp384r1')],
    ['P-521', () => ecKey('secp521r1')],
    ['Ed25519', () => ed25519Key()],
  ])('accepts %s', (_, make) => {
    expect(keyWeakness(make().publicKey)).toBeUndefined();
  });

  it.each([
    ['RSA of 1024 bits', () => rsaKey(1024).publicKey, /4096 bits, got 1024/],
    ['an RSA exponent of 3', () => rsaPublicKey(3), /exponent 65537, got 3/],
    ['P-224', () => ecKey('secp224r1').publicKey, /got secp224r1/],
    ['secp256k1', () => ecKey('secp256k1').publicKey, /got secp256k1/],
    ['a small factor', weakModulusKeys['a small factor'], /small prime/],
    ['the mark of the Infineon library', weakModulusKeys['the mark of the Infineon library'], /ROCA/],
    ['close factors', weakModulusKeys['close factors'], /Fermat/],
  ])('refuses %s', (_, make, reason) => {
    expect(keyWeakness(make())).toMatch(reason);
  });
});
