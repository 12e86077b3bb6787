import { ToolkitError } from '../../core/error.ts';

/** Return values by name: those that we treat in a way of their own, and those that people will meet. */
export const returnValue = {
  CKR_OK: 0x0,
  CKR_CANCEL: 0x1,
  CKR_HOST_MEMORY: 0x2,
  CKR_SLOT_ID_INVALID: 0x3,
  CKR_GENERAL_ERROR: 0x5,
  CKR_FUNCTION_FAILED: 0x6,
  CKR_ARGUMENTS_BAD: 0x7,
  CKR_ATTRIBUTE_SENSITIVE: 0x11,
  CKR_ATTRIBUTE_TYPE_INVALID: 0x12,
  CKR_ATTRIBUTE_VALUE_INVALID: 0x13,
  CKR_DEVICE_ERROR: 0x30,
  CKR_DEVICE_MEMORY: 0x31,
  CKR_DEVICE_REMOVED: 0x32,
  CKR_FUNCTION_CANCELED: 0x50,
  CKR_FUNCTION_NOT_SUPPORTED: 0x54,
  CKR_KEY_HANDLE_INVALID: 0x60,
  CKR_KEY_TYPE_INCONSISTENT: 0x63,
  CKR_KEY_FUNCTION_NOT_PERMITTED: 0x68,
  CKR_MECHANISM_INVALID: 0x70,
  CKR_MECHANISM_PARAM_INVALID: 0x71,
  CKR_OBJECT_HANDLE_INVALID: 0x82,
  CKR_OPERATION_ACTIVE: 0x90,
  CKR_PIN_INCORRECT: 0xa0,
  CKR_PIN_INVALID: 0xa1,
  CKR_PIN_LEN_RANGE: 0xa2,
  CKR_PIN_EXPIRED: 0xa3,
  CKR_PIN_LOCKED: 0xa4,
  CKR_SESSION_CLOSED: 0xb0,
  CKR_SESSION_COUNT: 0xb1,
  CKR_SESSION_HANDLE_INVALID: 0xb3,
  CKR_SESSION_EXISTS: 0xb6,
  CKR_TEMPLATE_INCOMPLETE: 0xd0,
  CKR_TEMPLATE_INCONSISTENT: 0xd1,
  CKR_TOKEN_NOT_PRESENT: 0xe0,
  CKR_TOKEN_NOT_RECOGNIZED: 0xe1,
  CKR_TOKEN_WRITE_PROTECTED: 0xe2,
  CKR_USER_ALREADY_LOGGED_IN: 0x100,
  CKR_USER_NOT_LOGGED_IN: 0x101,
  CKR_USER_PIN_NOT_INITIALIZED: 0x102,
  CKR_USER_ANOTHER_ALREADY_LOGGED_IN: 0x104,
  CKR_DOMAIN_PARAMS_INVALID: 0x130,
  CKR_CURVE_NOT_SUPPORTED: 0x140,
  CKR_BUFFER_TOO_SMALL: 0x150,
  CKR_CRYPTOKI_NOT_INITIALIZED: 0x190,
  CKR_CRYPTOKI_ALREADY_INITIALIZED: 0x191,
} as const;

export type ReturnValueName = keyof typeof returnValue;

const names: ReadonlyMap<number, string> = new Map(Object.entries(returnValue).map(([name, value]) => [value, name]));

/** Returns e.g. `CKR_PIN_LOCKED`, or the number where it is a vendor's own. */
export function returnValueName(value: number): string {
  return names.get(value) ?? `0x${value.toString(16)}`;
}

/** A call that a module did not answer with CKR_OK; `asTokenError` turns it into an error that names the token. */
export class CryptokiError extends Error {
  override readonly name = 'CryptokiError';
  readonly value: number;

  constructor(functionName: string, value: number) {
    super(`${functionName}: ${returnValueName(value)}`);
    this.value = value;
  }
}

/** True if `error` is a module's answer of one of these names. */
export function isReturnValue(error: unknown, ...wanted: readonly ReturnValueName[]): boolean {
  return error instanceof CryptokiError && wanted.some((name) => returnValue[name] === error.value);
}

/** What is answered once a token was taken out, or taken out and put back, which ends the login. */
const gone: readonly ReturnValueName[] = [
  'CKR_DEVICE_REMOVED',
  'CKR_TOKEN_NOT_PRESENT',
  'CKR_TOKEN_NOT_RECOGNIZED',
  'CKR_SLOT_ID_INVALID',
  'CKR_SESSION_HANDLE_INVALID',
  'CKR_SESSION_CLOSED',
  'CKR_OBJECT_HANDLE_INVALID',
  'CKR_KEY_HANDLE_INVALID',
  'CKR_USER_NOT_LOGGED_IN',
  'CKR_CRYPTOKI_NOT_INITIALIZED',
];

const unsupported: readonly ReturnValueName[] = [
  'CKR_MECHANISM_INVALID',
  'CKR_MECHANISM_PARAM_INVALID',
  'CKR_CURVE_NOT_SUPPORTED',
  'CKR_DOMAIN_PARAMS_INVALID',
  'CKR_FUNCTION_NOT_SUPPORTED',
];

const pinUnusable: readonly ReturnValueName[] = [
  // Where a PIN is set and not given: a wrong one is for `withPin` to tell, which knows the token.
  'CKR_PIN_INCORRECT',
  'CKR_USER_PIN_NOT_INITIALIZED',
  'CKR_PIN_EXPIRED',
  'CKR_PIN_INVALID',
  'CKR_PIN_LEN_RANGE',
];

/**
 * Returns the error to throw for whatever failed at a token; what is no answer of a module comes back as it is.
 * @param what names the token or the module
 */
export function asTokenError(error: unknown, what: string): unknown {
  if (!(error instanceof CryptokiError)) return error;
  if (isReturnValue(error, ...gone)) return tokenGone(what, error);
  if (isReturnValue(error, ...unsupported)) return mechanismMissing(what, error);
  if (isReturnValue(error, ...pinUnusable)) return pinRefused(what, error);
  return new ToolkitError('KEY_TOKEN_FAILED', {
    message: `${what}: ${error.message}`,
    fault: 'environment',
    data: { what, returned: returnValueName(error.value) },
    hint: hints.get(error.value) ?? "look the value up in the manual of the token's PKCS#11 module, and try again",
    cause: error,
  });
}

const hints: ReadonlyMap<number, string> = new Map<number, string>([
  [returnValue.CKR_DEVICE_MEMORY, 'the token is full: remove objects that are no longer needed'],
  [returnValue.CKR_TOKEN_WRITE_PROTECTED, 'the token may not be written to: unlock it with the tool of its maker'],
  [returnValue.CKR_FUNCTION_CANCELED, 'somebody cancelled at the token, or nobody touched it in time: try again'],
  [returnValue.CKR_KEY_FUNCTION_NOT_PERMITTED, 'the key was not made for signing: choose another one'],
  [returnValue.CKR_SESSION_COUNT, 'other programs hold all sessions of the token: end them and try again'],
  [returnValue.CKR_SESSION_EXISTS, 'another program uses the token: end it and try again'],
  [returnValue.CKR_USER_ANOTHER_ALREADY_LOGGED_IN, 'another user is logged in to the token: end that program first'],
]);

/** The token of the session is no longer there. */
export function tokenGone(what: string, cause?: unknown): ToolkitError {
  return new ToolkitError('KEY_TOKEN_GONE', {
    message: `${what}: the token is no longer there, or no longer logged in`,
    fault: 'environment',
    data: { what },
    hint: 'put the token back and run the same command again; nothing was signed',
    cause,
  });
}

function mechanismMissing(what: string, error: CryptokiError): ToolkitError {
  return new ToolkitError('KEY_TOKEN_MECHANISM', {
    message: `${what}: the token does not support this kind of key or signature (${error.message})`,
    fault: 'input',
    data: { what, returned: returnValueName(error.value) },
    hint: 'take ecdsa-p256-sha256, which every token of the last ten years has, or a newer token',
    cause: error,
  });
}

function pinRefused(what: string, error: CryptokiError): ToolkitError {
  return new ToolkitError('KEY_PIN_UNUSABLE', {
    message: `${what}: no PIN is set, or it has expired or a form that the token does not take (${error.message})`,
    fault: 'input',
    data: { what, returned: returnValueName(error.value) },
    hint: 'set a new user PIN with the tool of the maker of the token; the key stays',
    cause: error,
  });
}
