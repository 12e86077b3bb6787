import type { IncomingMessage } from 'node:http';
import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider';
import { errorPage, signInPage } from './pages.ts';
import type { QuietLog } from './quiet-log.ts';
import type { TestUser } from './users.ts';

export interface SignInOptions {
  readonly clientId: string;
  readonly users: ReadonlyMap<string, TestUser>;
  readonly log: QuietLog;
}

type Context = Pick<KoaContextWithOIDC, 'req' | 'res' | 'method' | 'path' | 'status' | 'type' | 'body' | 'respond'>;
type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

const pathPattern = /^\/interaction\/([\w-]{1,64})$/;

/** Where a person goes to say who they are. Only the browser that started the login can: it holds the cookie. */
export function signInPath(uid: string): string {
  return `/interaction/${uid}`;
}

/** Serves the sign-in pages of a provider, before the routes of its own. */
export function serveSignIn(provider: Provider, options: SignInOptions): void {
  provider.use(async (context, next) => {
    const uid = pathPattern.exec(context.path)?.[1];
    if (uid === undefined) return await next();
    try {
      await signIn(provider, options, context, uid);
    } catch (error) {
      fail(context, error, options.log);
    }
  });
}

async function signIn(provider: Provider, options: SignInOptions, context: Context, uid: string): Promise<void> {
  const interaction = await provider.interactionDetails(context.req, context.res);
  // The cookie names the login; the address must name the same one, which no other page can know.
  if (interaction.uid !== uid) throw new errors.SessionNotFound('this is another login');
  if (context.method === 'GET') return show(context, interaction, options);
  if (context.method !== 'POST') throw new errors.InvalidRequest('expected GET or POST');
  const form = await readForm(context.req);
  if (form.has('cancel')) return await decline(provider, context);
  const user = options.users.get(form.get('email') ?? '');
  if (!user) return show(context, interaction, options, 'There is no such user here.');
  await accept(provider, context, interaction, user);
}

function show(context: Context, interaction: Interaction, options: SignInOptions, error?: string): void {
  const { client_id: clientId, redirect_uri: returnTo } = interaction.params;
  context.status = error === undefined ? 200 : 400;
  context.type = 'html';
  context.body = signInPage({
    action: signInPath(interaction.uid),
    users: [...options.users.values()],
    clientId: String(clientId ?? options.clientId),
    returnTo: typeof returnTo === 'string' && interaction.deviceCode === undefined ? returnTo : undefined,
    ...(error !== undefined && { error }),
  });
}

/** Choosing a user on a page that says what for is both the login and the consent. */
async function accept(provider: Provider, context: Context, interaction: Interaction, user: TestUser): Promise<void> {
  const grant = new provider.Grant({ accountId: user.email, clientId: String(interaction.params.client_id) });
  grant.addOIDCScope('openid email profile');
  const result = { login: { accountId: user.email, remember: false }, consent: { grantId: await grant.save() } };
  context.respond = false;
  await provider.interactionFinished(context.req, context.res, result, { mergeWithLastSubmission: false });
}

async function decline(provider: Provider, context: Context): Promise<void> {
  const result = { error: 'access_denied', error_description: 'the login was cancelled' };
  context.respond = false;
  await provider.interactionFinished(context.req, context.res, result, { mergeWithLastSubmission: false });
}

/** The guard has capped the length of every body. */
async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  if (!request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
    throw new errors.InvalidRequest('expected a form');
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

/** What the person did is explained to them; what the server did wrong is for the log alone. */
function fail(context: Context, error: unknown, log: QuietLog): void {
  const known = error instanceof errors.OIDCProviderError && error.expose ? error : undefined;
  if (!known) log.say('sign-in failed', String(error));
  context.status = known?.statusCode ?? 500;
  context.type = 'html';
  context.body = known ? errorPage(known.error, known.error_description) : errorPage('server_error', undefined);
}
