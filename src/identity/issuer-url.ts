import { ToolkitError } from '../core/error.ts';

/** True for a URL whose host can only be this machine. */
export function isLoopbackUrl(url: URL): boolean {
  return url.hostname === 'localhost' || url.hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(url.hostname);
}

/**
 * Parses the URL that names an issuer. Tokens carry the text itself, so compare that and never the parsed form:
 * `https://id.example` and `https://id.example/` are two issuers.
 * @throws OIDC_ISSUER_URL if it is no URL, or has a query, a fragment or credentials
 * @throws OIDC_INSECURE if it is not https and not on loopback
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html section 3
 */
export function parseIssuerUrl(text: string): URL {
  const url = URL.parse(text);
  if (!url || text !== text.trim() || url.search || url.hash || url.username || url.password || /[?#]$/.test(text)) {
    throw new ToolkitError('OIDC_ISSUER_URL', {
      message: `issuer ${JSON.stringify(text)}: expected a URL without query, fragment or credentials`,
      fault: 'input',
      data: { issuer: text },
      hint: 'write it as tokens carry it in "iss", e.g. https://accounts.acme.example',
    });
  }
  assertSecure(url, `issuer ${text}`);
  return url;
}

/**
 * Passes for https, and for http that cannot leave this machine.
 * @throws OIDC_INSECURE
 */
export function assertSecure(url: URL, what: string): void {
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackUrl(url))) return;
  throw new ToolkitError('OIDC_INSECURE', {
    message: `${what}: expected https outside loopback, got ${url.protocol}//`,
    fault: 'input',
    data: { url: url.href },
    hint: 'anyone on the way could issue identities; serve the identity provider over https',
  });
}
