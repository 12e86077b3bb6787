import type { EventEmitter } from 'node:events';
import type { RequestListener } from 'node:http';
import { type ClientMetadata, type Configuration, type KoaContextWithOIDC, Provider } from 'oidc-provider';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { isLoopbackUrl, parseIssuerUrl } from '../../src/identity/issuer-url.ts';
import { testGrantType } from '../../src/identity/test-token.ts';
import { acceptEmptyPassword, accommodateClients } from './client-quirks.ts';
import { devicePages, servePrefilledCode } from './device-pages.ts';
import { guarded } from './guard.ts';
import { loadProviderKeys, type ProviderKeys } from './keys.ts';
import { LoginStore } from './login-store.ts';
import { mintIdToken } from './mint.ts';
import { errorPage } from './pages.ts';
import { QuietLog } from './quiet-log.ts';
import { serveSignIn, signInPath } from './sign-in.ts';
import { readTestSecret, registerTestGrant } from './test-grant.ts';
import { accountOf, type TestUser } from './users.ts';

export interface IdentityProviderOptions {
  /** `http://localhost:PORT` or the like: loopback, without a path. Requests must come under exactly this name. */
  readonly issuer: string;
  /** The `aud` of the tokens. */
  readonly clientId: string;
  readonly users: readonly TestUser[];
  /** Holds the signing key, 0600; made if it is not there. */
  readonly directory: string;
  /** Adds the grant for tests, to whoever holds this 0600 file's content. @default no such grant */
  readonly testSecretFile?: string;
  /** Gets a line for what an operator should know; rate-limited. @default nobody */
  readonly log?: (line: string) => void;
  /** Dates the tokens of `mintIdToken`. @default the system's */
  readonly clock?: Clock;
}

export interface IdentityProvider {
  readonly handler: RequestListener;
  /**
   * Returns an ID token of a configured user, for this process alone: whoever can call it holds the keys anyway.
   * @throws LOCAL_UNKNOWN_USER
   */
  mintIdToken(email: string): Promise<string>;
  /** Forgets the logins that are under way. The caller closes its server. */
  close(): Promise<void>;
}

/**
 * Returns an OpenID provider for one machine, as a handler for a server of the caller's.
 *
 * It believes everybody: who opens its page chooses a user, without a password. So it serves loopback only, and a
 * Fulcio that trusts it must be reachable by nobody else.
 * @throws LOCAL_ISSUER, CORE_SECRET_MODE, LOCAL_IDENTITY_KEYS, LOCAL_TEST_SECRET
 */
export async function createIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const issuer = parseLocalIssuer(options.issuer);
  const log = new QuietLog(options.log ?? (() => undefined));
  const store = new LoginStore();
  const users = new Map(options.users.map((user) => [user.email, user]));
  const keys = await loadProviderKeys(options.directory);
  const secret = options.testSecretFile === undefined ? undefined : await readTestSecret(options.testSecretFile);

  const provider = new Provider(options.issuer, configuration({ ...options, issuer, keys, store, users, secret }));
  accommodateClients(provider);
  servePrefilledCode(provider);
  forgetSessions(provider);
  serveSignIn(provider, { clientId: options.clientId, users, log });
  if (secret !== undefined) registerTestGrant(provider, { secret, users, lifetimeSeconds, log });
  reportErrors(provider, log);

  const serve = provider.callback();
  const handler = guarded(issuer, (request, response) => {
    acceptEmptyPassword(request, options.clientId);
    void serve(request, response);
  });
  const { clock = systemClock } = options;
  const mint = { ...options, keys: keys.signing, lifetimeSeconds };
  return {
    handler,
    mintIdToken: async (email) => mintIdToken(userNamed(email, users), { ...mint, now: clock.now() }),
    close: async () => store.clear(),
  };
}

function userNamed(email: string, users: ReadonlyMap<string, TestUser>): TestUser {
  const user = users.get(email);
  if (user) return user;
  throw new ToolkitError('LOCAL_UNKNOWN_USER', {
    message: `${email}: not a user of the local identity provider`,
    fault: 'input',
    data: { email, users: [...users.keys()] },
    hint: 'list the user in the configuration, under the issuer with the preset local',
  });
}

const lifetimeSeconds = 600;

/** Paths at which Sigstore clients wait for the browser, on any port: cosign, sigstore-python and ours; sigstore-js. */
const redirectUris = ['localhost', '127.0.0.1'].flatMap((host) =>
  ['/auth/callback', '/', ''].map((path) => `http://${host}${path}`),
);

interface Parts {
  readonly issuer: URL;
  readonly clientId: string;
  readonly keys: ProviderKeys;
  readonly store: LoginStore;
  readonly users: ReadonlyMap<string, TestUser>;
  readonly secret: string | undefined;
}

/** Whatever is not needed for a Sigstore login is off. */
function configuration(parts: Parts): Configuration {
  return {
    adapter: (model) => parts.store.adapter(model),
    clients: [clientMetadata(parts)],
    jwks: { keys: [...parts.keys.signing] },
    cookies: cookies(parts),
    findAccount: (_context, id) => {
      const user = parts.users.get(id);
      return user && accountOf(user);
    },
    // Fulcio reads the e-mail from the ID token; by default it would be at the userinfo endpoint only.
    conformIdTokenClaims: false,
    claims: { openid: ['sub', 'email', 'email_verified'], email: ['email', 'email_verified'], profile: ['name'] },
    scopes: ['openid', 'email', 'profile'],
    responseTypes: ['code'],
    clientAuthMethods: ['none'],
    enabledJWA: { idTokenSigningAlgValues: ['RS256'] },
    pkce: { required: () => true },
    clientBasedCORS: () => false,
    issueRefreshToken: async () => false,
    expiresWithSession: async () => false,
    interactions: { url: (_context, interaction) => signInPath(interaction.uid) },
    renderError: (context, out) => {
      context.type = 'html';
      context.body = errorPage(out.error, out.error_description);
    },
    features: features(),
    ttl: {
      AccessToken: 60,
      AuthorizationCode: 60,
      DeviceCode: lifetimeSeconds,
      Grant: lifetimeSeconds,
      IdToken: lifetimeSeconds,
      Interaction: lifetimeSeconds,
      Session: lifetimeSeconds,
    },
  };
}

function features(): Configuration['features'] {
  const off = { enabled: false };
  return {
    claimsParameter: off,
    devInteractions: off,
    dPoP: off,
    introspection: off,
    pushedAuthorizationRequests: off,
    resourceIndicators: off,
    revocation: off,
    rpInitiatedLogout: off,
    userinfo: off,
    deviceFlow: { enabled: true, mask: '****-****', deviceInfo: () => ({}), ...devicePages },
  };
}

function clientMetadata(parts: Parts): ClientMetadata {
  return {
    client_id: parts.clientId,
    client_name: 'Sigstore client',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    redirect_uris: redirectUris,
    response_types: ['code'],
    grant_types: [
      'authorization_code',
      'urn:ietf:params:oauth:grant-type:device_code',
      ...(parts.secret === undefined ? [] : [testGrantType]),
    ],
  };
}

/** Cookies know no ports: without the port in their names, two instances on one machine would share them. */
function cookies(parts: Parts): Configuration['cookies'] {
  const names = { session: '_session', interaction: '_interaction', resume: '_resume' };
  const suffix = `_${parts.issuer.port || '80'}`;
  const options = { httpOnly: true, sameSite: 'lax', signed: true } as const;
  return {
    keys: [...parts.keys.cookies],
    names: { session: names.session + suffix, interaction: names.interaction + suffix, resume: names.resume + suffix },
    long: options,
    short: options,
  };
}

/** Ends a browser's session with its login: the next login asks again who it is. */
function forgetSessions(provider: Provider): void {
  const finished = new WeakSet<object>();
  provider.on('authorization.success', (context: KoaContextWithOIDC) => finished.add(context));
  provider.use(async (context, next) => {
    await next();
    if (finished.has(context)) await (context as KoaContextWithOIDC).oidc.session?.destroy();
  });
}

function reportErrors(provider: EventEmitter, log: QuietLog): void {
  provider.on('server_error', (_context: unknown, error: Error) => log.say('identity provider', error.message));
  // Without a listener of ours, Koa prints stack traces to stderr.
  provider.on('error', (error: Error) => log.say('identity provider', error.message));
}

function parseLocalIssuer(text: string): URL {
  const url = parseIssuerUrl(text);
  if (url.protocol === 'http:' && isLoopbackUrl(url) && url.origin === text) return url;
  throw new ToolkitError('LOCAL_ISSUER', {
    message: `issuer ${text}: expected http://localhost:PORT, without a path or a slash at the end`,
    fault: 'caller',
    data: { issuer: text },
  });
}
