import { attribute, loggedInStates, sessionFlag, type UserType } from './constants.ts';
import type { Argument, Cryptoki, FunctionName } from './cryptoki.ts';
import { ignoringAnswer, type Pkcs11Module } from './module.ts';
import { isReturnValue } from './return-values.ts';
import { type Attributes, outputAttribute, type Template, wordBytes, writeTemplate } from './template.ts';

/** An object of a token, as its module numbers it. */
export type ObjectHandle = bigint;

/** More than any certificate of a signing key has. */
const maxAttributeBytes = 8_192;
/** More than anybody keeps; a module that never comes to an end is stopped here. */
const maxFound = 1_024;
/** r and s of the largest curve that PKCS#11 has. */
const maxSignatureBytes = 256;

/**
 * A session with a token. It runs one operation at a time. All sessions of a process with one token share its login,
 * which ends with the last of them; that is why there is no logging out here.
 *
 * Methods throw `CryptokiError`: who calls them knows the token to name.
 */
export class Pkcs11Session {
  readonly #cryptoki: Cryptoki;
  readonly #handle: bigint;

  constructor(module: Pkcs11Module, slot: number, mode: 'read' | 'write' = 'read') {
    this.#cryptoki = module.cryptoki;
    const flags = sessionFlag.serial | (mode === 'write' ? sessionFlag.readWrite : 0);
    const handle = wordBytes(0);
    this.#cryptoki.call('C_OpenSession', slot, flags, null, null, handle);
    this.#handle = handle.readBigUInt64LE();
  }

  close(): void {
    ignoringAnswer(() => this.#call('C_CloseSession'));
  }

  isLoggedIn(): boolean {
    const info = Buffer.alloc(32);
    this.#call('C_GetSessionInfo', info);
    return loggedInStates.includes(Number(info.readBigUInt64LE(8)));
  }

  /** Logs in with a PIN, or with `null` where it is typed at the token. The caller overwrites the bytes. */
  async login(user: UserType, pin: Uint8Array | null): Promise<void> {
    try {
      await this.#callSlowly('C_Login', user, pin, pin?.length ?? 0);
    } catch (error) {
      if (!isReturnValue(error, 'CKR_USER_ALREADY_LOGGED_IN')) throw error;
    }
  }

  /** Sets the user's PIN; the security officer must be logged in. */
  initPin(pin: Uint8Array): void {
    this.#call('C_InitPIN', pin, pin.length);
  }

  /** Returns the objects that have all of these attributes; private ones only after a login. */
  find(attributes: Attributes): readonly ObjectHandle[] {
    const template = writeTemplate(this.#cryptoki, attributes);
    this.#call('C_FindObjectsInit', template.bytes, template.count);
    try {
      return this.#found();
    } finally {
      this.#call('C_FindObjectsFinal');
    }
  }

  /** Returns the value of an attribute, or `undefined` where the object has none or does not show it. */
  read(object: ObjectHandle, type: number): Uint8Array | undefined {
    const output = outputAttribute(this.#cryptoki, type, maxAttributeBytes);
    try {
      this.#call('C_GetAttributeValue', object, output.bytes, 1);
    } catch (error) {
      if (isReturnValue(error, 'CKR_ATTRIBUTE_TYPE_INVALID', 'CKR_ATTRIBUTE_SENSITIVE')) return undefined;
      throw error;
    }
    return output.value();
  }

  readLabel(object: ObjectHandle): string {
    return new TextDecoder().decode(this.read(object, attribute.label));
  }

  readNumber(object: ObjectHandle, type: number): number | undefined {
    const value = this.read(object, type);
    return value?.length === 8 ? Number(Buffer.from(value).readBigUInt64LE()) : undefined;
  }

  readFlag(object: ObjectHandle, type: number): boolean | undefined {
    const [value] = this.read(object, type) ?? [];
    return value === undefined ? undefined : value !== 0;
  }

  /**
   * Signs with a mechanism that takes no parameters.
   * @param beforeSigning runs once the operation has begun: where a key wants its PIN for every signature
   */
  async sign(
    key: ObjectHandle,
    mechanism: number,
    input: { readonly data: Uint8Array; readonly beforeSigning: () => Promise<void> },
  ): Promise<Uint8Array> {
    this.#call('C_SignInit', mechanismBytes(mechanism), key);
    await input.beforeSigning();
    const signature = Buffer.alloc(maxSignatureBytes);
    const length = wordBytes(signature.length);
    await this.#callSlowly('C_Sign', input.data, input.data.length, signature, length);
    return new Uint8Array(signature.subarray(0, Number(length.readBigUInt64LE())));
  }

  /** Makes a key pair; it takes as long as the token needs. */
  async generateKeyPair(
    mechanism: number,
    pair: { readonly publicKey: Attributes; readonly privateKey: Attributes },
  ): Promise<{ readonly publicKey: ObjectHandle; readonly privateKey: ObjectHandle }> {
    const [open, secret] = [pair.publicKey, pair.privateKey].map((one) => writeTemplate(this.#cryptoki, one)) as [
      Template,
      Template,
    ];
    const handles = [wordBytes(0), wordBytes(0)] as const;
    const templates = [open.bytes, open.count, secret.bytes, secret.count] as const;
    await this.#callSlowly('C_GenerateKeyPair', mechanismBytes(mechanism), ...templates, ...handles);
    return { publicKey: handles[0].readBigUInt64LE(), privateKey: handles[1].readBigUInt64LE() };
  }

  /** Makes an object of these attributes, which may hold secrets: what was written of them is overwritten. */
  createObject(attributes: Attributes): ObjectHandle {
    const template = writeTemplate(this.#cryptoki, attributes);
    const handle = wordBytes(0);
    try {
      this.#call('C_CreateObject', template.bytes, template.count, handle);
    } finally {
      template.bytes.fill(0);
    }
    return handle.readBigUInt64LE();
  }

  /** Returns bytes from the token's own generator. */
  random(length: number): Uint8Array {
    const bytes = Buffer.alloc(length);
    this.#call('C_GenerateRandom', bytes, length);
    return new Uint8Array(bytes);
  }

  #found(): readonly ObjectHandle[] {
    const handles: ObjectHandle[] = [];
    const handle = wordBytes(0);
    const count = wordBytes(0);
    while (handles.length < maxFound) {
      this.#call('C_FindObjects', handle, 1, count);
      if (count.readBigUInt64LE() === 0n) break;
      handles.push(handle.readBigUInt64LE());
    }
    return handles;
  }

  #call(name: FunctionName, ...args: readonly Argument[]): void {
    this.#cryptoki.call(name, this.#handle, ...args);
  }

  async #callSlowly(name: FunctionName, ...args: readonly Argument[]): Promise<void> {
    await this.#cryptoki.callSlowly(name, this.#handle, ...args);
  }
}

/** CK_MECHANISM without parameters. */
function mechanismBytes(mechanism: number): Buffer {
  const bytes = Buffer.alloc(24);
  bytes.writeBigUInt64LE(BigInt(mechanism));
  return bytes;
}
