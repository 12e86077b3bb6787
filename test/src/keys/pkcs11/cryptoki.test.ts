import { describe, expect, it } from '@jest/globals';
import { assertLayout, loadCryptoki } from '../../../../src/keys/pkcs11/cryptoki.ts';

describe('assertLayout', () => {
  it('accepts a long of 8 bytes', () => {
    expect(() => assertLayout(8)).not.toThrow();
  });

  it('refuses one of 4 bytes, as Windows has it', () => {
    expect(() => assertLayout(4)).toThrowToolkit('KEY_MODULE_PLATFORM', { bytesOfLong: 4 });
  });
});

describe('loadCryptoki', () => {
  it('refuses what is no library', async () => {
    await expect(loadCryptoki('/nowhere.so')).rejects.toThrowToolkit('KEY_MODULE_LOAD', { what: '/nowhere.so' });
  });
});
