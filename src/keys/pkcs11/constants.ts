/**
 * The constants of PKCS#11 that we use, as pkcs11t.h has them.
 * @see https://docs.oasis-open.org/pkcs11/pkcs11-spec/v3.1/pkcs11-spec-v3.1.html
 */

/** Flags of a token (CK_TOKEN_INFO). */
export const tokenFlag = {
  loginRequired: 0x4,
  userPinInitialised: 0x8,
  protectedAuthenticationPath: 0x100,
  initialised: 0x400,
  userPinCountLow: 0x1_0000,
  userPinFinalTry: 0x2_0000,
  userPinLocked: 0x4_0000,
} as const;

export const initializeFlag = { osLockingOk: 0x2 } as const;
export const sessionFlag = { readWrite: 0x2, serial: 0x4 } as const;

/** States of a session in which the user is logged in (CKS_RO_USER_FUNCTIONS, CKS_RW_USER_FUNCTIONS). */
export const loggedInStates: readonly number[] = [1, 3];

export const userType = { securityOfficer: 0, user: 1, contextSpecific: 2 } as const;
export type UserType = (typeof userType)[keyof typeof userType];

export const objectClass = { certificate: 1, publicKey: 2, privateKey: 3 } as const;

export const keyType = { ec: 0x3, edwards: 0x40 } as const;

export const attribute = {
  class: 0x0,
  token: 0x1,
  private: 0x2,
  label: 0x3,
  value: 0x11,
  keyType: 0x100,
  id: 0x102,
  sensitive: 0x103,
  decrypt: 0x105,
  unwrap: 0x107,
  sign: 0x108,
  verify: 0x10a,
  derive: 0x10c,
  extractable: 0x162,
  local: 0x163,
  neverExtractable: 0x164,
  alwaysSensitive: 0x165,
  ecParams: 0x180,
  ecPoint: 0x181,
  alwaysAuthenticate: 0x202,
} as const;

export const mechanism = {
  generateEc: 0x1040,
  ecdsa: 0x1041,
  generateEdwards: 0x1055,
  eddsa: 0x1057,
} as const;
