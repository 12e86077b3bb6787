import { initializeFlag } from './constants.ts';
import { type Cryptoki, loadCryptoki } from './cryptoki.ts';
import { asTokenError, CryptokiError, isReturnValue, tokenGone } from './return-values.ts';
import { wordBytes } from './template.ts';
import { describeToken, parseTokenInfo, type TokenState, tokenInfoBytes } from './tokens.ts';

/**
 * How many of us use each module, by its function list. A module has one state for the whole process: it must not be
 * finalized under another user of it, nor by us where somebody else initialized it.
 */
const users = new Map<bigint, number>();

/** A PKCS#11 module (the driver of a kind of token), loaded by its path and initialized. Close it after its signers. */
export class Pkcs11Module {
  readonly path: string;
  /** For the files of this folder. */
  readonly cryptoki: Cryptoki;
  #isOpen = true;

  private constructor(path: string, cryptoki: Cryptoki) {
    this.path = path;
    this.cryptoki = cryptoki;
  }

  /**
   * Loads and initializes a module. Its code runs in this process: the path must be one that the caller trusts.
   * @throws KEY_MODULE_PLATFORM, KEY_MODULE_LOAD, KEY_TOKEN_FAILED
   */
  static async open(path: string): Promise<Pkcs11Module> {
    const cryptoki = await loadCryptoki(path);
    initialize(cryptoki, path);
    return new Pkcs11Module(path, cryptoki);
  }

  /**
   * Returns every token that is present, also blank ones.
   * @throws KEY_TOKEN_FAILED
   */
  listTokens(): readonly TokenState[] {
    try {
      return this.#slots().flatMap((slot) => this.#tokenIn(slot) ?? []);
    } catch (error) {
      throw asTokenError(error, this.path);
    }
  }

  /**
   * Returns what the token says of itself now: flags change with every PIN that is tried.
   * @throws KEY_TOKEN_GONE also if another token is in its slot
   */
  refresh(token: TokenState): TokenState {
    try {
      const now = this.#tokenIn(token.slot);
      if (now?.serial === token.serial && now.label === token.label) return now;
    } catch (error) {
      throw asTokenError(error, describeToken(token));
    }
    throw tokenGone(describeToken(token));
  }

  /** Ends the use of the module. Once its last user is gone, all logins end. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const { functionList } = this.cryptoki;
    const left = users.get(functionList);
    if (left === undefined) return;
    if (left > 1) users.set(functionList, left - 1);
    else {
      users.delete(functionList);
      ignoringAnswer(() => this.cryptoki.call('C_Finalize', null));
    }
  }

  #slots(): readonly number[] {
    const count = wordBytes(0);
    const tokenPresent = 1;
    this.cryptoki.call('C_GetSlotList', tokenPresent, null, count);
    const slots = Buffer.alloc(8 * Number(count.readBigUInt64LE()));
    if (slots.length === 0) return [];
    this.cryptoki.call('C_GetSlotList', tokenPresent, slots, count);
    return Array.from({ length: Number(count.readBigUInt64LE()) }, (_, index) =>
      Number(slots.readBigUInt64LE(index * 8)),
    );
  }

  #tokenIn(slot: number): TokenState | undefined {
    const info = Buffer.alloc(tokenInfoBytes);
    try {
      this.cryptoki.call('C_GetTokenInfo', slot, info);
      return parseTokenInfo(info, slot);
    } catch (error) {
      // It was taken out since the slots were listed, or is no token at all.
      if (isReturnValue(error, 'CKR_TOKEN_NOT_PRESENT', 'CKR_TOKEN_NOT_RECOGNIZED', 'CKR_DEVICE_REMOVED'))
        return undefined;
      throw error;
    }
  }
}

function initialize(cryptoki: Cryptoki, path: string): void {
  const { functionList } = cryptoki;
  const others = users.get(functionList);
  if (others !== undefined) {
    users.set(functionList, others + 1);
    return;
  }
  try {
    cryptoki.call('C_Initialize', initializeArguments());
    users.set(functionList, 1);
  } catch (error) {
    if (!isReturnValue(error, 'CKR_CRYPTOKI_ALREADY_INITIALIZED')) throw asTokenError(error, path);
  }
}

/** CK_C_INITIALIZE_ARGS: four functions for locks, none of them given; flags; a reserved pointer. */
function initializeArguments(): Buffer {
  const args = Buffer.alloc(48);
  args.writeBigUInt64LE(BigInt(initializeFlag.osLockingOk), 32);
  return args;
}

/** Ends something at a token that may be gone: whatever it answers, nothing is left to be done. */
export function ignoringAnswer(end: () => void): void {
  try {
    end();
  } catch (error) {
    if (!(error instanceof CryptokiError)) throw error;
  }
}
