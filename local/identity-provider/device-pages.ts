import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { confirmCodePage, signedInPage, userCodePage } from './pages.ts';

/** The form's secret lives in the session, so that no other page can submit it. */
function xsrfOf(context: KoaContextWithOIDC): string {
  return String(context.oidc.session?.state?.secret ?? '');
}

function show(context: KoaContextWithOIDC, page: string): void {
  context.type = 'html';
  context.body = page;
}

const complaints: Readonly<Record<string, string>> = {
  NoCodeError: 'Enter the code first.',
  NotFoundError: 'There is no such code. Look at the terminal again.',
  ExpiredError: 'This code has expired. Start the login again for a new one.',
  AlreadyUsedError: 'This code was used already. Start the login again for a new one.',
  AbortedError: 'The login was cancelled.',
};

/** The pages of the device flow, in the form in which `oidc-provider` takes them. */
export const devicePages = {
  userCodeInputSource: (context: KoaContextWithOIDC, _form: string, _out: unknown, error?: Error) => {
    const complaint = error && (complaints[error.name] ?? 'The request could not be handled.');
    show(context, userCodePage({ action: '/device', xsrf: xsrfOf(context), error: complaint }));
  },
  userCodeConfirmSource: (
    context: KoaContextWithOIDC,
    _form: string,
    _client: unknown,
    _deviceInfo: unknown,
    userCode: string,
  ) => show(context, confirmCodePage({ action: '/device', xsrf: xsrfOf(context), userCode })),
  successSource: (context: KoaContextWithOIDC) => show(context, signedInPage()),
};

/**
 * Shows a code that came with the address in the form, for the person to send on. `oidc-provider` would have a script
 * do that, and no page of this provider runs scripts.
 */
export function servePrefilledCode(provider: Provider): void {
  provider.use(async (context, next) => {
    await next();
    const oidc = (context as KoaContextWithOIDC).oidc as KoaContextWithOIDC['oidc'] | undefined;
    const userCode = oidc?.params?.user_code;
    if (context.method !== 'GET' || oidc?.route !== 'code_verification' || typeof userCode !== 'string') return;
    const xsrf = xsrfOf(context as KoaContextWithOIDC);
    show(context as KoaContextWithOIDC, userCodePage({ action: '/device', xsrf, userCode }));
  });
}
