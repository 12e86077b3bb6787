import { utf8 } from '../../core/bytes.ts';
import { ToolkitError } from '../../core/error.ts';
import { userType } from './constants.ts';
import type { Pkcs11Module } from './module.ts';
import { isReturnValue } from './return-values.ts';
import type { Pkcs11Session } from './session.ts';
import { describeToken, type TokenState } from './tokens.ts';

/**
 * Where a PIN comes from, given the token as it is before this try: how near it is to locking can be shown to whoever
 * types. It is called once for each try; nothing here tries twice.
 */
export type PinSource = (token: TokenState) => Promise<string>;

/** What a token is about to wait for: a PIN typed at it, or a signature, which may want a touch. */
export type TokenWait = 'pin-pad' | 'signature';

export interface LoginOptions {
  readonly module: Pkcs11Module;
  readonly pin: PinSource;
  /** Is told when only a hand at the token can go on. */
  readonly reports?: ((token: TokenState, wait: TokenWait) => void) | undefined;
}

/**
 * Logs the user in, unless a session of this process is logged in already or the token wants no login.
 * @throws KEY_PIN_LOCKED before any PIN is asked for
 * @throws KEY_PIN_WRONG with the state of the token after this try
 * @throws KEY_PIN_EMPTY, KEY_TOKEN_GONE
 */
export async function logIn(session: Pkcs11Session, token: TokenState, options: LoginOptions): Promise<void> {
  if (!token.loginRequired || session.isLoggedIn()) return;
  await withPin(token, options, async (pin) => await session.login(userType.user, pin));
}

/**
 * Asks for a PIN and has it used: its bytes are overwritten after. It is `null` where it will be typed at the token.
 * @throws what `logIn` throws
 */
export async function withPin<T>(
  token: TokenState,
  options: LoginOptions,
  use: (pin: Uint8Array | null) => Promise<T>,
): Promise<T> {
  const pin = await askPin(token, options);
  try {
    return await use(pin);
  } catch (error) {
    if (isReturnValue(error, 'CKR_PIN_LOCKED')) throw pinLocked(token);
    if (isReturnValue(error, 'CKR_PIN_INCORRECT')) throw wrongPin(options.module.refresh(token));
    throw error;
  } finally {
    pin?.fill(0);
  }
}

async function askPin(token: TokenState, { module, pin, reports }: LoginOptions): Promise<Uint8Array | null> {
  const now = module.refresh(token);
  if (now.locked) throw pinLocked(now);
  if (now.protectedAuthenticationPath) {
    reports?.(now, 'pin-pad');
    return null;
  }
  const text = await pin(now);
  // A PIN of no length would be taken for one that is typed at the token.
  if (text === '') throw emptyPin(now);
  return utf8(text);
}

function pinLocked(token: TokenState): ToolkitError {
  return new ToolkitError('KEY_PIN_LOCKED', {
    message: `${describeToken(token)}: its PIN is locked after too many wrong ones`,
    fault: 'input',
    data: { token: token.label, serial: token.serial },
    hint: 'unlock it with its PUK or security officer PIN, using the tool of its maker; the key stays',
  });
}

function wrongPin({ label, serial, countLow, finalTry, locked }: TokenState): ToolkitError {
  const next = finalTry ? 'one more wrong one locks it' : 'it does not say how many tries are left';
  return new ToolkitError('KEY_PIN_WRONG', {
    message: `${describeToken({ label, serial })}: wrong PIN; ${locked ? 'it is locked now' : next}`,
    fault: 'input',
    data: { token: label, serial, countLow, finalTry, locked },
    hint: 'make sure that it is the PIN of this very token before you try again: every token locks after a few',
  });
}

function emptyPin(token: TokenState): ToolkitError {
  return new ToolkitError('KEY_PIN_EMPTY', {
    message: `${describeToken(token)}: expected a PIN, got an empty one`,
    fault: 'input',
    data: { token: token.label, serial: token.serial },
    hint: 'type the PIN; nothing was sent to the token, and no try was used up',
  });
}
