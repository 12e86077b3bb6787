import type { Finding } from '../../src/core/rules.ts';
import { Pkcs11Module } from '../../src/keys/pkcs11/module.ts';
import { describeToken } from '../../src/keys/pkcs11/tokens.ts';

/** Says of the tokens that a module sees how near each is to locking. No PIN is tried. */
export async function tokenFindings(modulePath: string): Promise<readonly Finding[]> {
  const module = await Pkcs11Module.open(modulePath);
  try {
    const tokens = module.listTokens().filter(({ initialised }) => initialised);
    if (tokens.length === 0) {
      return [
        {
          rule: 'token-present',
          severity: 'warning',
          where: modulePath,
          message: 'expected a token, got none',
          hint: 'put it in',
        },
      ];
    }
    return tokens.flatMap((token): readonly Finding[] => {
      const where = describeToken(token);
      if (token.locked)
        return [
          {
            rule: 'token-usable',
            severity: 'error',
            where,
            message: 'it is locked',
            hint: 'unlock it with its PUK or the PIN of its security officer',
          },
        ];
      if (token.finalTry)
        return [
          {
            rule: 'token-usable',
            severity: 'warning',
            where,
            message: 'the next wrong PIN locks it',
            hint: 'make sure that you have the right PIN before you type it',
          },
        ];
      if (token.countLow)
        return [
          {
            rule: 'token-usable',
            severity: 'warning',
            where,
            message: 'a wrong PIN was given since the last right one',
            hint: 'make sure that it was you',
          },
        ];
      return [];
    });
  } finally {
    module.close();
  }
}
