import type { Account, AccountClaims } from 'oidc-provider';

/** Somebody whom this provider believes to be whom they say they are. */
export interface TestUser {
  readonly email: string;
  readonly name?: string;
}

/**
 * Returns the claims of a user. `sub` is the e-mail as well: sigstore-python takes `sub` for the identity of every
 * issuer that it does not know by name.
 */
export function claimsOf(user: TestUser): AccountClaims {
  return {
    sub: user.email,
    email: user.email,
    email_verified: true,
    ...(user.name !== undefined && { name: user.name }),
  };
}

export function accountOf(user: TestUser): Account {
  return { accountId: user.email, claims: () => claimsOf(user) };
}
