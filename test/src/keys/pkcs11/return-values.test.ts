import { describe, expect, it } from '@jest/globals';
import { ToolkitError } from '../../../../src/core/error.ts';
import {
  asTokenError,
  CryptokiError,
  type ReturnValueName,
  returnValue,
  returnValueName,
} from '../../../../src/keys/pkcs11/return-values.ts';

describe('asTokenError', () => {
  const cases: readonly (readonly [ReturnValueName, string])[] = [
    ['CKR_DEVICE_REMOVED', 'KEY_TOKEN_GONE'],
    ['CKR_TOKEN_NOT_PRESENT', 'KEY_TOKEN_GONE'],
    ['CKR_SESSION_HANDLE_INVALID', 'KEY_TOKEN_GONE'],
    ['CKR_SESSION_CLOSED', 'KEY_TOKEN_GONE'],
    ['CKR_USER_NOT_LOGGED_IN', 'KEY_TOKEN_GONE'],
    ['CKR_CRYPTOKI_NOT_INITIALIZED', 'KEY_TOKEN_GONE'],
    ['CKR_MECHANISM_INVALID', 'KEY_TOKEN_MECHANISM'],
    ['CKR_CURVE_NOT_SUPPORTED', 'KEY_TOKEN_MECHANISM'],
    ['CKR_USER_PIN_NOT_INITIALIZED', 'KEY_PIN_UNUSABLE'],
    ['CKR_PIN_EXPIRED', 'KEY_PIN_UNUSABLE'],
    ['CKR_PIN_LEN_RANGE', 'KEY_PIN_UNUSABLE'],
    ['CKR_DEVICE_ERROR', 'KEY_TOKEN_FAILED'],
    ['CKR_DEVICE_MEMORY', 'KEY_TOKEN_FAILED'],
  ];

  it.each(cases)('makes of %s a %s that names the token and says what to do', (name, code) => {
    const error = asTokenError(new CryptokiError('C_Sign', returnValue[name]), 'token "a"');
    expect(error).toMatchObject({ code, hint: expect.stringMatching(/.{20}/), cause: expect.any(CryptokiError) });
    expect(error).toMatchObject({ message: expect.stringMatching(/^token "a": /) });
  });

  it("shows a vendor's own value as a number", () => {
    const error = asTokenError(new CryptokiError('C_Login', 0x8000_0001), 'token');
    expect(error).toMatchObject({ message: 'token: C_Login: 0x80000001', data: { returned: '0x80000001' } });
  });

  it('leaves everything else as it is', () => {
    const own = new ToolkitError('KEY_ALGORITHM', { message: 'x', fault: 'caller' });
    expect(asTokenError(own, 'token')).toBe(own);
    expect(asTokenError('thrown', 'token')).toBe('thrown');
  });
});

describe('returnValueName', () => {
  it('names values as pkcs11t.h does', () => {
    expect([0, 0xa0, 0x191, 0x200].map(returnValueName)).toEqual([
      'CKR_OK',
      'CKR_PIN_INCORRECT',
      'CKR_CRYPTOKI_ALREADY_INITIALIZED',
      '0x200',
    ]);
  });
});
