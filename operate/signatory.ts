import { identityProviderUrl, tufUrl } from '../local/endpoints.ts';
import { localUsers } from '../local/instance.ts';
import type { StateDirectory, StateFacts } from '../local/state.ts';
import type { InstanceConfig } from '../src/config/config.ts';
import { ToolkitError } from '../src/core/error.ts';
import type { Ready } from './bring-up.ts';
import type { Expectation, TrustAnchor } from './clients/client.ts';
import { testToken } from './login.ts';

/** Somebody who can sign with an instance, and what verifiers start from. */
export interface Signatory {
  readonly anchor: TrustAnchor;
  readonly expected: Expectation;
  /** Returns a fresh ID token. */
  token(): Promise<string>;
}

/** The first test user of an instance in this process, whose token its own provider mints without any grant. */
export function signatoryOf(ready: Ready): Signatory {
  const identity = firstUser(ready.config);
  return {
    ...signatoryFacts(ready.state, ready.facts, identity),
    token: () => ready.instance.identityProvider.mintIdToken(identity),
  };
}

/** The first test user of an instance in another process; it has to be up with the grant for tests. */
export function remoteSignatory(
  config: InstanceConfig,
  state: StateDirectory,
  facts: StateFacts,
  { signal }: { readonly signal?: AbortSignal } = {},
): Signatory {
  const identity = firstUser(config);
  return { ...signatoryFacts(state, facts, identity), token: () => testToken(state, identity, signal) };
}

function signatoryFacts(state: StateDirectory, facts: StateFacts, identity: string) {
  return {
    anchor: { tufUrl: tufUrl(facts), rootFile: state.pinnedRootFile },
    expected: { identity, issuer: identityProviderUrl(facts) },
  };
}

function firstUser(config: InstanceConfig): string {
  const [user] = localUsers(config);
  if (user) return user.email;
  throw new ToolkitError('OPS_NO_TEST_USER', {
    message: `${config.file}: no issuer with the preset local lists a user, so nobody can sign here by itself`,
    fault: 'input',
    data: { file: config.file },
    hint: 'add one, for instances on one machine only: issuers: [{ preset: local, users: [{ email: dev@example.com }] }]',
  });
}
