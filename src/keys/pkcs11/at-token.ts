import type { Pkcs11Module } from './module.ts';
import { asTokenError, isReturnValue } from './return-values.ts';
import { describeToken, type TokenState } from './tokens.ts';

/** Names the token in whatever fails at it, and tells one that broke from one that was taken out. */
export async function atToken<T>(token: TokenState, module: Pkcs11Module, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // Some modules have no better answer for a token that is gone.
    if (isReturnValue(error, 'CKR_DEVICE_ERROR', 'CKR_GENERAL_ERROR', 'CKR_FUNCTION_FAILED')) module.refresh(token);
    throw asTokenError(error, describeToken(token));
  }
}
