import { toBase64 } from '../../src/core/bytes.ts';
import { sha256 } from '../../src/core/digest.ts';
import { type Html, html } from '../../src/core/html.ts';
import type { TestUser } from './users.ts';

const style = `
:root { color-scheme: light dark; --line: #8a8f98; --accent: #1f5fbf; --bad: #b3261e; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; }
main { box-sizing: border-box; max-width: 28rem; margin: 12vh auto 2rem; padding: 0 1.25rem; }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 .75rem; }
p { margin: 0 0 1rem; overflow-wrap: anywhere; }
code { font-size: 1.05em; }
form { display: grid; gap: .6rem; margin: 1.25rem 0; }
label { font-weight: 600; }
input, button { box-sizing: border-box; width: 100%; font: inherit; padding: .7rem .9rem; border: 1px solid var(--line); border-radius: .5rem; }
button { text-align: left; cursor: pointer; background: transparent; color: inherit; }
button:hover, button:focus-visible, input:focus-visible { border-color: var(--accent); outline: 2px solid var(--accent); outline-offset: 1px; }
button.main { background: var(--accent); border-color: var(--accent); color: #fff; text-align: center; }
button.quiet { border-color: transparent; text-align: center; }
button small { display: block; opacity: .8; }
.code { font-size: 1.6rem; letter-spacing: .08em; text-align: center; font-family: ui-monospace, monospace; }
.error { color: var(--bad); border-left: 4px solid var(--bad); padding-left: .75rem; }
.note { font-size: .875rem; opacity: .85; border-top: 1px solid var(--line); padding-top: 1rem; margin-top: 2rem; }
@media (prefers-color-scheme: dark) { :root { --accent: #7fb0ff; --bad: #ff8a80; } button.main { color: #10131a; } }
`;

/**
 * What a page of this provider may do: show itself with its own style, and send its form here. The redirect that
 * follows a form goes to the client's listener on loopback, and browsers hold that to `form-action` too.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'none'",
  `style-src 'sha256-${toBase64(sha256(style))}'`,
  "form-action 'self' http://localhost:* http://127.0.0.1:*",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export interface SignInPage {
  readonly action: string;
  readonly users: readonly TestUser[];
  readonly clientId: string;
  /** Where the browser goes afterwards; absent in the device flow. */
  readonly returnTo?: string | undefined;
  readonly error?: string;
}

export function signInPage(page: SignInPage): string {
  const user = ({ email, name }: TestUser) =>
    html`<button name="email" value="${email}">${name ?? email}<small>${name === undefined ? 'test user' : email}</small></button>`;
  return document(
    'Who is signing?',
    html`${alert(page.error)}
<p>A Sigstore client (<code>${page.clientId}</code>) asks for your e-mail address. It goes into a certificate and a log
that others can read.</p>
<form method="post" action="${page.action}">
${page.users.map(user)}
<button class="quiet" name="cancel" value="yes">Cancel</button>
</form>
${page.returnTo === undefined ? '' : html`<p>You return to <code>${page.returnTo}</code></p>`}
<p class="note">This is the identity provider of a local Sigstore. Anyone who can open this page can be any of these
test users.</p>`,
  );
}

export interface UserCodePage {
  readonly action: string;
  readonly xsrf: string;
  readonly userCode?: string | undefined;
  readonly error?: string | undefined;
}

export function userCodePage(page: UserCodePage): string {
  return document(
    'Enter the code',
    html`${alert(page.error)}
<form method="post" action="${page.action}">
<input type="hidden" name="xsrf" value="${page.xsrf}">
<label for="code">The code that the terminal shows</label>
<input class="code" id="code" name="user_code" value="${page.userCode ?? ''}" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="32" required autofocus>
<button class="main">Continue</button>
</form>`,
  );
}

export function confirmCodePage(page: Required<Omit<UserCodePage, 'error'>>): string {
  return document(
    'Is this your code?',
    html`<p>Your terminal should show this code. If you did not start a login, or the code differs, cancel.</p>
<p class="code">${page.userCode ?? ''}</p>
<form method="post" action="${page.action}">
<input type="hidden" name="xsrf" value="${page.xsrf}">
<input type="hidden" name="user_code" value="${page.userCode ?? ''}">
<button class="main" name="confirm" value="yes">Yes, continue</button>
<button class="quiet" name="abort" value="yes">Cancel</button>
</form>`,
  );
}

export function signedInPage(): string {
  return document('You are signed in', html`<p>Go back to the terminal. You can close this page.</p>`);
}

export function errorPage(code: string, description: string | undefined): string {
  return document(
    'That did not work',
    html`<p class="error" role="alert">${description ?? 'The request could not be handled.'} (<code>${code}</code>)</p>
<p>Start the login again from the terminal.</p>`,
  );
}

function alert(error: string | undefined): Html | string {
  return error === undefined ? '' : html`<p class="error" role="alert">${error}</p>`;
}

function document(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – local Sigstore</title>
<style>${{ html: style }}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`.html;
}
