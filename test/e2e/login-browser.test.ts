import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { createIdentityProvider } from '../../local/identity-provider/provider.ts';
import { loginWithBrowser } from '../../src/identity/browser-login.ts';
import { loginWithDevice } from '../../src/identity/device-login.ts';
import { explainToken } from '../../src/identity/id-token.ts';
import { type LoopbackServer, startLoopbackServer } from '../support/loopback-server.ts';

const executablePath = findBrowser();
const described = executablePath === undefined ? describe.skip : describe;
const title =
  executablePath === undefined ? 'a login in Chromium (SKIPPED: no chromium on PATH)' : 'a login in Chromium';

/** Without the parts of a browser that talk to anyone but the page, and without a profile that outlives the test. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

described(title, () => {
  const clientId = 'sigstore';
  const pictures = process.env['SIGSTEAD_TEST_PICTURES'];
  let directory: string;
  let server: LoopbackServer;
  let browser: BrowserContext;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'login-browser-'));
    server = await startLoopbackServer();
    const users = [{ email: 'dev@example.com', name: 'Dana Developer' }, { email: 'release-bot@example.com' }];
    server.handler = (await createIdentityProvider({ issuer: server.url, clientId, users, directory })).handler;
    browser = await chromium.launchPersistentContext(join(directory, 'profile'), {
      executablePath: executablePath ?? '',
      headless: true,
      args,
    });
    page = await browser.newPage();
    page.on('console', (message) => complaints.push(message.text()));
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await server.close();
    await rm(directory, { recursive: true });
  });

  async function picture(name: string): Promise<void> {
    if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}.png`) });
  }

  it('signs a person in with one click and returns to the terminal’s listener', async () => {
    const { idToken } = await loginWithBrowser({
      issuer: server.url,
      clientId,
      open: async (url) => {
        await page.goto(url);
        await picture('sign-in');
        await page.getByRole('button', { name: 'Dana Developer' }).click();
      },
    });
    expect(explainToken(idToken)).toMatchObject({ email: 'dev@example.com', emailVerified: true });
    await page.getByRole('heading', { name: 'You are logged in' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/auth/callback');
  }, 30_000);

  it('signs a person in with a device code', async () => {
    const { idToken } = await loginWithDevice({
      issuer: server.url,
      clientId,
      show: async ({ verificationUri, userCode }) => {
        await page.goto(verificationUri);
        await page.getByLabel('The code that the terminal shows').fill(userCode);
        await picture('user-code');
        await page.getByRole('button', { name: 'Continue' }).click();
        await picture('confirm-code');
        await page.getByRole('button', { name: 'Yes, continue' }).click();
        await page.getByRole('button', { name: 'release-bot@example.com' }).click();
        await page.getByRole('heading', { name: 'You are signed in' }).waitFor();
      },
    });
    expect(explainToken(idToken)).toMatchObject({ email: 'release-bot@example.com' });
  }, 30_000);

  it('runs into no policy of its own pages', () => {
    expect(complaints).toEqual([]);
  });
});

function findBrowser(): string | undefined {
  const directories = (process.env['PATH'] ?? '').split(delimiter);
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  return directories.flatMap((directory) => names.map((name) => join(directory, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
