import { promisify } from 'node:util';
import { describeCause, ToolkitError } from '../../core/error.ts';
import { CryptokiError, returnValue } from './return-values.ts';

/** Places in CK_FUNCTION_LIST (pkcs11f.h), and arguments: `w` a CK_ULONG, `p` a pointer, `b` a CK_BBOOL. */
const functions = {
  C_Initialize: [0, 'p'],
  C_Finalize: [1, 'p'],
  C_GetSlotList: [4, 'bpp'],
  C_GetTokenInfo: [6, 'wp'],
  C_InitToken: [9, 'wpwp'],
  C_InitPIN: [10, 'wpw'],
  C_OpenSession: [12, 'wwppp'],
  C_CloseSession: [13, 'w'],
  C_GetSessionInfo: [15, 'wp'],
  C_Login: [18, 'wwpw'],
  C_CreateObject: [20, 'wpwp'],
  C_GetAttributeValue: [24, 'wwpw'],
  C_FindObjectsInit: [26, 'wpw'],
  C_FindObjects: [27, 'wpwp'],
  C_FindObjectsFinal: [28, 'w'],
  C_SignInit: [42, 'wpw'],
  C_Sign: [43, 'wpwpp'],
  C_GenerateKeyPair: [59, 'wppwpwpp'],
  C_GenerateRandom: [64, 'wpw'],
} as const satisfies Readonly<Record<string, readonly [number, string]>>;

export type FunctionName = keyof typeof functions;

/** What a function takes. Bytes are passed as they lie in memory, without a copy, and are written to in place. */
export type Argument = number | bigint | Uint8Array | null;

/** The functions of one module. Each throws `CryptokiError` unless the module answers CKR_OK. */
export interface Cryptoki {
  /** Tells modules apart: two paths may lead to one. */
  readonly functionList: bigint;
  call(name: FunctionName, ...args: readonly Argument[]): void;
  /** Like `call`, on another thread: for what waits for a person or a slow chip. */
  callSlowly(name: FunctionName, ...args: readonly Argument[]): Promise<void>;
  /** Where bytes lie in memory, for structures that point to others. The caller keeps them alive. */
  addressOf(bytes: Uint8Array): bigint;
}

type Koffi = typeof import('koffi');
type NativeFunction = ReturnType<ReturnType<Koffi['load']>['func']>;

/**
 * Every module by its path, for as long as the process lives: koffi unloads a library that nobody holds, which the
 * functions found by pointers do not, and a module must not go while a thread of ours or its own is in it.
 */
const libraries = new Map<string, ReturnType<Koffi['load']>>();

const koffiTypes = { w: 'ulong', p: 'void *', b: 'uchar' } as const;
const pointerBytes = 8;

/**
 * Loads a PKCS#11 module, which runs its code in this process: the path is the caller's to trust.
 * @throws KEY_MODULE_PLATFORM, KEY_MODULE_LOAD
 */
export async function loadCryptoki(path: string): Promise<Cryptoki> {
  const koffi = await loadKoffi();
  assertLayout(koffi.sizeof('ulong'));
  const functionList = functionListOf(koffi, path);
  const natives = new Map<FunctionName, NativeFunction>();
  const native = (name: FunctionName): NativeFunction => {
    const known = natives.get(name) ?? bind(koffi, functionList, name);
    natives.set(name, known);
    return known;
  };
  // Keeps the memory of the arguments alive for as long as another thread uses it.
  const inUse = new Set<readonly Argument[]>();
  return {
    functionList,
    call: (name, ...args) => assertOk(name, native(name)(...args)),
    callSlowly: async (name, ...args) => {
      inUse.add(args);
      try {
        assertOk(name, await promisify(native(name).async)(...args));
      } finally {
        inUse.delete(args);
      }
    },
    addressOf: (bytes) => koffi.address(bytes),
  };
}

/**
 * Passes where CK_ULONG has 64 bits and structures their natural alignment: on 64-bit Linux and macOS.
 * @throws KEY_MODULE_PLATFORM
 */
export function assertLayout(bytesOfLong: number): void {
  if (bytesOfLong === pointerBytes) return;
  throw new ToolkitError('KEY_MODULE_PLATFORM', {
    message: `PKCS#11: expected a platform whose C type long has 8 bytes, got ${bytesOfLong}`,
    fault: 'environment',
    data: { bytesOfLong },
    hint: 'sign on 64-bit Linux or macOS, or use the detached signer, which needs no module',
  });
}

/** Loaded only where a token is used: a machine that only reviews may forbid native code. */
async function loadKoffi(): Promise<Koffi> {
  try {
    return await import('koffi');
  } catch (cause) {
    throw notLoaded('koffi, which calls PKCS#11 modules', cause);
  }
}

function functionListOf(koffi: Koffi, path: string): bigint {
  const out = Buffer.alloc(pointerBytes);
  try {
    const library = libraries.get(path) ?? koffi.load(path);
    libraries.set(path, library);
    const get = library.func('C_GetFunctionList', koffiTypes.w, [koffiTypes.p]);
    assertOk('C_GetFunctionList', get(out));
  } catch (cause) {
    throw notLoaded(path, cause);
  }
  return out.readBigUInt64LE();
}

function bind(koffi: Koffi, functionList: bigint, name: FunctionName): NativeFunction {
  const [place, letters] = functions[name];
  const args = [...letters].map((letter) => koffiTypes[letter as keyof typeof koffiTypes]);
  // The list begins with a version of two bytes, padded to a pointer.
  const pointer = koffi.decode(functionList, pointerBytes * (1 + place), koffiTypes.p);
  if (pointer === null) throw new CryptokiError(name, returnValue.CKR_FUNCTION_NOT_SUPPORTED);
  return koffi.decode(pointer, koffi.proto(koffiTypes.w, args));
}

function assertOk(name: string, value: unknown): void {
  const code = Number(value);
  if (code !== returnValue.CKR_OK) throw new CryptokiError(name, code);
}

function notLoaded(what: string, cause: unknown): ToolkitError {
  return new ToolkitError('KEY_MODULE_LOAD', {
    message: `${what}: cannot be loaded (${describeCause(cause)})`,
    fault: 'environment',
    data: { what },
    hint: 'name the shared library of the token, e.g. /usr/lib/softhsm/libsofthsm2.so, built for this machine',
    cause,
  });
}
