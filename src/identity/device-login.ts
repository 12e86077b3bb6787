import * as oidc from 'openid-client';
import { ToolkitError } from '../core/error.ts';
import { assertSecure } from './issuer-url.ts';
import { abortable, type Login, type LoginOptions, meanwhile, withDeadline } from './login.ts';
import { loginOf, loginScope, openClient, toOidcError } from './oidc-client.ts';

/** What the person needs: where to go, on any machine, and what to type there. Safe to print. */
export interface DevicePrompt {
  readonly verificationUri: string;
  /** The same with the code filled in, where the provider offers that. */
  readonly verificationUriComplete?: string;
  readonly userCode: string;
  readonly expiresInMs: number;
}

export interface DeviceLoginOptions extends LoginOptions {
  /** The login does not wait for it to return, and fails if it throws. */
  readonly show: (prompt: DevicePrompt) => void | Promise<void>;
}

/**
 * Logs a person in with a code that they enter in a browser anywhere, and polls until they have.
 * @throws what `discover` throws; OIDC_UNSUPPORTED if the issuer has no device flow; OIDC_DENIED, OIDC_REFUSED,
 *   OIDC_TIMEOUT, OIDC_UNTRUSTED
 * @see https://www.rfc-editor.org/rfc/rfc8628
 */
export async function loginWithDevice(options: DeviceLoginOptions): Promise<Login> {
  return await withDeadline(options, async (signal) => {
    const client = await openClient(options, signal);
    const polling = new AbortController();
    try {
      const device = await oidc.initiateDeviceAuthorization(client, { scope: loginScope });
      const prompt = promptOf(device, options.issuer);
      const poll = oidc.pollDeviceAuthorizationGrant(client, device, undefined, { signal: polling.signal });
      const answer = await abortable(
        meanwhile(poll, () => options.show(prompt)),
        signal,
      );
      return loginOf(answer, options.issuer);
    } catch (error) {
      throw toOidcError(error, options.issuer);
    } finally {
      polling.abort();
    }
  });
}

/** @throws OIDC_UNTRUSTED if what the provider wants shown is not a URL and a code */
function promptOf(device: oidc.DeviceAuthorizationResponse, issuer: string): DevicePrompt {
  // It is printed to a terminal, where other characters can do more than show themselves.
  if (!/^[\x21-\x7e]{1,64}$/.test(device.user_code)) throw unprintable(issuer, 'user_code');
  const complete = device.verification_uri_complete;
  return {
    verificationUri: verificationUrl(device.verification_uri, issuer),
    ...(complete !== undefined && { verificationUriComplete: verificationUrl(complete, issuer) }),
    userCode: device.user_code,
    expiresInMs: device.expires_in * 1000,
  };
}

function verificationUrl(text: string, issuer: string): string {
  const url = URL.parse(text);
  if (!url) throw unprintable(issuer, 'verification_uri');
  assertSecure(url, `issuer ${issuer}: verification_uri`);
  return url.href;
}

function unprintable(issuer: string, what: string): ToolkitError {
  return new ToolkitError('OIDC_UNTRUSTED', {
    message: `issuer ${issuer}: expected ${what} that can be shown to a person`,
    fault: 'evidence',
    data: { issuer, reason: what },
  });
}
