import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loginCommand } from '../../operate/login.ts';
import type { Command } from '../../src/cli/command.ts';
import { type FakeIssuer, startFakeIssuer } from '../support/fake-issuer.ts';
import { runCommand } from '../support/invocation.ts';
import { freePort } from '../support/ministack.ts';

let issuer: FakeIssuer;
beforeEach(async () => {
  issuer = await startFakeIssuer();
});
afterEach(async () => await issuer.close());

/** The command, with somebody at the terminal who opens the page that it names. */
function openedBy(person: (url: URL) => Promise<void>): Command {
  return {
    ...loginCommand,
    run: async (invocation) => {
      const say = (line: string) => void person(new URL(line.split('\n').at(-1) ?? ''));
      return await loginCommand.run({ ...invocation, talk: { ...invocation.talk, say } });
    },
  };
}

/** Logs in, and returns the redirect URI that the provider was shown. */
async function redirectUriOf(
  ...words: readonly string[]
): Promise<{ redirectUri: string; idToken: string | undefined }> {
  let redirectUri = '';
  const command = openedBy(async ({ searchParams }) => {
    redirectUri = searchParams.get('redirect_uri') ?? '';
    const [state, nonce] = [searchParams.get('state') ?? '', searchParams.get('nonce')];
    const id_token = issuer.sign({ nonce });
    issuer.token = () => ({ body: { access_token: 'x', token_type: 'bearer', id_token } });
    await fetch(`${redirectUri}?${new URLSearchParams({ code: 'code', state, iss: issuer.url })}`);
  });
  const { outcome } = await runCommand(command, ['--issuer', issuer.url, ...words]);
  return { redirectUri, idToken: outcome?.text.trim() };
}

describe('login --redirect-port', () => {
  it('comes back to that port, by the name that Cognito takes', async () => {
    const port = await freePort();
    const { redirectUri, idToken } = await redirectUriOf('--redirect-port', String(port));
    expect(redirectUri).toBe(`http://localhost:${port}/auth/callback`);
    expect(idToken).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  });

  it('comes back to any port where none is named', async () => {
    expect((await redirectUriOf()).redirectUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/auth\/callback$/);
  });

  it('refuses a port that somebody listens on already', async () => {
    const server = createServer();
    const port = await listening(server);
    try {
      const refused = redirectUriOf('--redirect-port', String(port));
      await expect(refused).rejects.toThrowToolkit('OIDC_LISTEN');
    } finally {
      server.close();
    }
  });

  it.each(['0', '80', '1023', '65536', '08123', '8123.5', 'any', ''])('refuses --redirect-port=%s', async (port) => {
    const refused = runCommand(loginCommand, [`--redirect-port=${port}`, '--issuer', issuer.url]);
    await expect(refused).rejects.toThrowToolkit('CLI_USAGE');
    await expect(refused).rejects.toThrow(
      `--redirect-port: expected a port from 1024 to 65535, got ${port || 'nothing'}`,
    );
  });

  it.each([
    ['--device', ['--device']],
    ['--test-user', ['--test-user', 'dev@example.com']],
  ])('refuses it beside %s, where no browser comes back', async (other, words) => {
    const refused = runCommand(loginCommand, ['--redirect-port', '8123', ...words]);
    await expect(refused).rejects.toThrowToolkit('CLI_USAGE');
    await expect(refused).rejects.toThrow(`--redirect-port and ${other} exclude each other`);
  });
});

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  return address.port;
}
