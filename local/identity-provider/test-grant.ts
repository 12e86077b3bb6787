import { errors, type Provider, type TokenEndpointGrantContext } from 'oidc-provider';
import { equalBytes, parseUtf8 } from '../../src/core/bytes.ts';
import { sha256 } from '../../src/core/digest.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { readSecretFile } from '../../src/core/files.ts';
import { testGrantType } from '../../src/identity/test-token.ts';
import type { QuietLog } from './quiet-log.ts';
import { claimsOf, type TestUser } from './users.ts';

const minSecretCharacters = 32;

/**
 * Reads the secret that tests show instead of a person.
 * @throws CORE_SECRET_MODE if others can read it, LOCAL_TEST_SECRET if it could be guessed
 */
export async function readTestSecret(path: string): Promise<string> {
  const secret = parseUtf8(await readSecretFile(path, 4_096), path).trim();
  if (secret.length >= minSecretCharacters) return secret;
  throw new ToolkitError('LOCAL_TEST_SECRET', {
    message: `${path}: expected a secret of at least ${minSecretCharacters} characters, got ${secret.length}`,
    fault: 'input',
    data: { path },
    hint: `write a random one: openssl rand -hex 32 > ${path}`,
  });
}

export interface TestGrant {
  readonly secret: string;
  readonly users: ReadonlyMap<string, TestUser>;
  readonly lifetimeSeconds: number;
  readonly log: QuietLog;
}

/** Teaches a provider the grant by which tests get an ID token of a configured user without a login. */
export function registerTestGrant(provider: Provider, grant: TestGrant): void {
  provider.registerGrantType<{ secret?: string; email?: string }>(
    testGrantType,
    async (context) => {
      const idToken = await issue(context, userOf(context.oidc.params, grant));
      context.body = {
        access_token: idToken,
        id_token: idToken,
        token_type: 'Bearer',
        expires_in: grant.lifetimeSeconds,
        scope: 'openid email',
      };
    },
    ['secret', 'email', 'scope'],
  );
}

/** Both are hashed first: the time that the comparison takes then says nothing about the secret, its length included. */
function userOf(params: { readonly secret?: string; readonly email?: string }, grant: TestGrant): TestUser {
  if (!equalBytes(sha256(params.secret ?? ''), sha256(grant.secret))) {
    grant.log.say('test token refused', 'wrong secret');
    throw new errors.InvalidClientAuth('wrong secret');
  }
  const user = grant.users.get(params.email ?? '');
  if (user) return user;
  grant.log.say('test token refused', `no such user: ${params.email ?? ''}`);
  throw new errors.InvalidGrant('no such user');
}

async function issue(context: TokenEndpointGrantContext, user: TestUser): Promise<string> {
  const { IdToken } = context.oidc.provider;
  const token = new IdToken({ ...claimsOf(user) }, { ctx: context });
  return await Object.assign(token, { scope: 'openid email' }).issue({ use: 'idtoken' });
}
