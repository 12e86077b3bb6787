import type { KeyObject } from 'node:crypto';
import { toHex } from '../../core/bytes.ts';
import { ToolkitError } from '../../core/error.ts';
import { formatPkcs11Uri } from '../../core/pkcs11-uri.ts';
import { atToken } from './at-token.ts';
import { attribute, objectClass } from './constants.ts';
import type { Curve } from './curve.ts';
import { type KeyAttributes, type KeySelector, named } from './key-objects.ts';
import { type LoginOptions, logIn } from './login.ts';
import { Pkcs11Session } from './session.ts';
import type { Attributes } from './template.ts';
import { describeToken, type TokenState } from './tokens.ts';

export interface NewKeyOptions extends LoginOptions {
  readonly token: TokenState;
  /** CKA_LABEL of both halves; no key of the token may have it yet. */
  readonly label: string;
  /** CKA_ID of both halves. @default 16 bytes of the token's own generator */
  readonly id?: Uint8Array;
}

export interface TokenKey {
  /** Names token, serial, label and id; not the module, whose path is another one on each machine. */
  readonly uri: string;
  readonly publicKey: KeyObject;
  readonly keyAttributes: KeyAttributes;
}

export interface KeyName {
  readonly object: string;
  readonly id: Uint8Array;
}

/** What every private key of ours is and stays: of no use but to sign, and nothing to read. */
export function privateTemplate(curve: Curve, name: KeyName): Attributes {
  return [
    [attribute.class, objectClass.privateKey],
    [attribute.keyType, curve.keyType],
    [attribute.token, true],
    [attribute.private, true],
    [attribute.sensitive, true],
    [attribute.extractable, false],
    [attribute.sign, true],
    [attribute.decrypt, false],
    [attribute.unwrap, false],
    [attribute.derive, false],
    ...named(name),
  ];
}

export function publicTemplate(curve: Curve, name: KeyName): Attributes {
  return [
    [attribute.class, objectClass.publicKey],
    [attribute.keyType, curve.keyType],
    [attribute.token, true],
    [attribute.private, false],
    [attribute.verify, true],
    [attribute.ecParams, curve.params],
    ...named(name),
  ];
}

/**
 * Runs `work` in a session that may write, with the name of a key that the token does not have yet.
 * @throws KEY_TOKEN_LABEL_TAKEN, and what `openPkcs11Signer` throws of tokens and PINs
 */
export async function withNewName(
  options: NewKeyOptions,
  work: (session: Pkcs11Session, name: KeyName) => Promise<Omit<TokenKey, 'uri'>>,
): Promise<TokenKey> {
  const { module, token, label } = options;
  return await atToken(module.refresh(token), module, async () => {
    const session = new Pkcs11Session(module, token.slot, 'write');
    try {
      await logIn(session, token, options);
      const name = { object: label, id: options.id ?? session.random(16) };
      assertFree(session, token, name);
      const key = await work(session, name);
      return { uri: formatPkcs11Uri({ token: token.label, serial: token.serial, ...name }), ...key };
    } finally {
      session.close();
    }
  });
}

function assertFree(session: Pkcs11Session, token: TokenState, { object, id }: KeyName): void {
  const isTaken = (selector: KeySelector) =>
    [objectClass.privateKey, objectClass.publicKey].some(
      (kind) => session.find([[attribute.class, kind], ...named(selector)]).length > 0,
    );
  if (isTaken({ object })) throw taken(token, `label ${JSON.stringify(object)}`);
  if (isTaken({ id })) throw taken(token, `id ${toHex(id)}`);
}

function taken(token: TokenState, name: string): ToolkitError {
  return new ToolkitError('KEY_TOKEN_LABEL_TAKEN', {
    message: `${describeToken(token)}: a key with ${name} is there already`,
    fault: 'input',
    data: { token: token.label, serial: token.serial, name },
    hint: 'choose another name for the new key; no key in a token is ever replaced',
  });
}
