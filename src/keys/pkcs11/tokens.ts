import { ToolkitError } from '../../core/error.ts';
import type { Pkcs11KeyUri } from '../../core/pkcs11-uri.ts';
import { printable } from '../../core/printable.ts';
import { tokenFlag } from './constants.ts';

/** A token as its module describes it now. */
export interface TokenState {
  readonly slot: number;
  readonly label: string;
  readonly serial: string;
  readonly manufacturer: string;
  readonly model: string;
  /** `major.minor`. */
  readonly hardwareVersion: string;
  readonly firmwareVersion: string;
  /** False for a blank one, which has no label and no keys. */
  readonly initialised: boolean;
  readonly loginRequired: boolean;
  readonly userPinInitialised: boolean;
  /** The PIN is typed at the token or its reader, never here. */
  readonly protectedAuthenticationPath: boolean;
  /** A wrong PIN was given since the last right one. */
  readonly countLow: boolean;
  /** The next wrong PIN locks the token. */
  readonly finalTry: boolean;
  readonly locked: boolean;
}

/** The size of CK_TOKEN_INFO. */
export const tokenInfoBytes = 208;

/** Reads CK_TOKEN_INFO. */
export function parseTokenInfo(info: Buffer, slot: number): TokenState {
  const text = (from: number, length: number) => textOf(info.subarray(from, from + length));
  const flags = Number(info.readBigUInt64LE(96) & 0xffff_ffffn);
  const has = (flag: number) => (flags & flag) !== 0;
  return {
    slot,
    label: text(0, 32),
    serial: text(80, 16),
    manufacturer: text(32, 32),
    model: text(64, 16),
    hardwareVersion: `${info[184]}.${info[185]}`,
    firmwareVersion: `${info[186]}.${info[187]}`,
    initialised: has(tokenFlag.initialised),
    loginRequired: has(tokenFlag.loginRequired),
    userPinInitialised: has(tokenFlag.userPinInitialised),
    protectedAuthenticationPath: has(tokenFlag.protectedAuthenticationPath),
    countLow: has(tokenFlag.userPinCountLow),
    finalTry: has(tokenFlag.userPinFinalTry),
    locked: has(tokenFlag.userPinLocked),
  };
}

/** Fields are filled up with blanks; some modules use zeros. */
function textOf(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  return printable(text.replace(/[\0 ]+$/, ''));
}

/** Which token: each property that is given must match. */
export type TokenSelector = Pick<Pkcs11KeyUri, 'token' | 'serial' | 'manufacturer' | 'model' | 'slotId'>;

/**
 * Returns the one initialised token that a selector, or the URI of a key, fits.
 * @throws KEY_TOKEN_NOT_FOUND, KEY_TOKEN_AMBIGUOUS
 */
export function selectToken(tokens: readonly TokenState[], wanted: TokenSelector): TokenState {
  const present = tokens.filter(({ initialised }) => initialised);
  const matching = present.filter((token) => matches(token, wanted));
  const [only] = matching;
  if (only === undefined) throw notFound(wanted, present);
  if (matching.length > 1) throw ambiguous(wanted, matching);
  return only;
}

/** Names a token for people: `token "root" (serial 0123)`. */
export function describeToken({ label, serial }: Pick<TokenState, 'label' | 'serial'>): string {
  return `token ${JSON.stringify(label)} (serial ${serial})`;
}

function matches(token: TokenState, wanted: TokenSelector): boolean {
  const pairs = [
    [wanted.token, token.label],
    [wanted.serial, token.serial],
    [wanted.manufacturer, token.manufacturer],
    [wanted.model, token.model],
    [wanted.slotId, token.slot],
  ];
  return pairs.every(([want, have]) => want === undefined || want === have);
}

function describeSelector({ token, serial, manufacturer, model, slotId }: TokenSelector): string {
  const parts = Object.entries({ token, serial, manufacturer, model, 'slot-id': slotId });
  const given = parts.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  return given.length === 0 ? 'any token' : given.join(';');
}

function notFound(wanted: TokenSelector, present: readonly TokenState[]): ToolkitError {
  const there = present.map(describeToken);
  return new ToolkitError('KEY_TOKEN_NOT_FOUND', {
    message: `${describeSelector(wanted)}: no such token; present: ${there.join(', ') || 'none'}`,
    fault: 'environment',
    data: { wanted: describeSelector(wanted), present: there },
    hint: 'put the token in, or correct token= and serial= in the key URI',
  });
}

function ambiguous(wanted: TokenSelector, matching: readonly TokenState[]): ToolkitError {
  const tokens = matching.map(describeToken);
  return new ToolkitError('KEY_TOKEN_AMBIGUOUS', {
    message: `${describeSelector(wanted)}: expected one token, got ${tokens.join(', ')}`,
    fault: 'input',
    data: { wanted: describeSelector(wanted), matching: tokens },
    hint: 'name the token by serial= in the key URI',
  });
}
