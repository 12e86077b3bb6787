import { utf8 } from '../../core/bytes.ts';
import { ToolkitError } from '../../core/error.ts';
import { userType } from './constants.ts';
import type { Pkcs11Module } from './module.ts';
import { asTokenError, tokenGone } from './return-values.ts';
import { Pkcs11Session } from './session.ts';
import type { TokenState } from './tokens.ts';

export interface InitTokenOptions {
  readonly module: Pkcs11Module;
  /** Of a blank token. */
  readonly slot: number;
  readonly label: string;
  /** Of the security officer, who can set the user's PIN anew and cannot use the keys. */
  readonly soPin: string;
  readonly userPin: string;
}

const labelBytes = 32;

/**
 * Gives a blank token a label and its two PINs, and returns it.
 * @throws KEY_TOKEN_NOT_BLANK if there is anything to lose, KEY_TOKEN_LABEL
 * @throws KEY_PIN_UNUSABLE, KEY_TOKEN_FAILED, KEY_TOKEN_GONE
 */
export async function initToken(options: InitTokenOptions): Promise<TokenState> {
  const { module, slot, label } = options;
  const paddedLabel = padLabel(label);
  const what = `slot ${slot}`;
  const before = module.listTokens();
  const blank = before.find((token) => token.slot === slot);
  if (blank === undefined) throw tokenGone(what);
  if (blank.initialised) throw notBlank(what, blank);
  const [soPin, userPin] = [utf8(options.soPin), utf8(options.userPin)];
  try {
    await module.cryptoki.callSlowly('C_InitToken', slot, soPin, soPin.length, paddedLabel);
    await setUserPin(module, slot, { soPin, userPin });
  } catch (error) {
    throw asTokenError(error, what);
  } finally {
    soPin.fill(0);
    userPin.fill(0);
  }
  // Modules number the slot anew, and give the token its serial, when it is initialised.
  const isNew = (token: TokenState) =>
    !before.some(({ initialised, serial }) => initialised && serial === token.serial);
  const made = module.listTokens().find((token) => token.initialised && token.label === label && isNew(token));
  if (made === undefined) throw tokenGone(what);
  return made;
}

async function setUserPin(
  module: Pkcs11Module,
  slot: number,
  { soPin, userPin }: Readonly<Record<'soPin' | 'userPin', Uint8Array>>,
): Promise<void> {
  const session = new Pkcs11Session(module, slot, 'write');
  try {
    await session.login(userType.securityOfficer, soPin);
    session.initPin(userPin);
  } finally {
    session.close();
  }
}

function padLabel(label: string): Uint8Array {
  const bytes = utf8(label);
  if (bytes.length > 0 && bytes.length <= labelBytes) return Buffer.alloc(labelBytes, ' ').fill(bytes, 0, bytes.length);
  throw new ToolkitError('KEY_TOKEN_LABEL', {
    message: `token label ${JSON.stringify(label)}: expected 1 to ${labelBytes} bytes, got ${bytes.length}`,
    fault: 'input',
    data: { label, bytes: bytes.length },
    hint: 'choose a shorter label for the token',
  });
}

function notBlank(what: string, { label, serial }: TokenState): ToolkitError {
  return new ToolkitError('KEY_TOKEN_NOT_BLANK', {
    message: `${what}: expected a blank token, got ${JSON.stringify(label)} (serial ${serial}), whose keys would be lost`,
    fault: 'input',
    data: { what, token: label, serial },
    hint: 'take a blank token; one that has served its time is reset with the tool of its maker',
  });
}
