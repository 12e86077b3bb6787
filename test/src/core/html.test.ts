import { describe, expect, it } from '@jest/globals';
import { contentSecurityPolicy, errorPage, signInPage } from '../../../local/identity-provider/pages.ts';
import { html } from '../../../src/core/html.ts';

const nasty = `<script>alert("1")</script>' & "`;

describe('html', () => {
  it('escapes text, and leaves HTML alone', () => {
    const inner = html`<b>${nasty}</b>`;
    expect(inner.html).toBe('<b>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39; &amp; &quot;</b>');
    expect(html`<p>${inner}${[inner, inner]}</p>`.html).toBe(`<p>${inner.html.repeat(3)}</p>`);
  });
});

describe('signInPage', () => {
  it('escapes everything that came from outside', () => {
    const users = [{ email: nasty, name: nasty }];
    const page = signInPage({ action: '/x', users, clientId: nasty, returnTo: nasty, error: nasty });
    expect(page).not.toContain('<script');
    expect(page + errorPage(nasty, nasty)).not.toContain(nasty);
  });
});

describe('contentSecurityPolicy', () => {
  it('names the style of the pages by its hash', async () => {
    const { createHash } = await import('node:crypto');
    const [, style = ''] = /<style>([\s\S]*)<\/style>/.exec(errorPage('x', undefined)) ?? [];
    expect(contentSecurityPolicy).toContain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`);
  });
});
