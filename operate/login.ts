import { identityProviderUrl } from '../local/endpoints.ts';
import { StateDirectory } from '../local/state.ts';
import type { Command, Invocation, Outcome } from '../src/cli/command.ts';
import { parseUtf8 } from '../src/core/bytes.ts';
import { ToolkitError } from '../src/core/error.ts';
import { readSecretFile } from '../src/core/files.ts';
import { shellWord } from '../src/core/shell.ts';
import { loginWithBrowser } from '../src/identity/browser-login.ts';
import { loginWithDevice } from '../src/identity/device-login.ts';
import { sigstoreClientId } from '../src/identity/fulcio-config.ts';
import { requestTestToken } from '../src/identity/test-token.ts';
import { readInstanceFacts } from './instance-facts.ts';
import { assertReady, type RunRecord } from './run-record.ts';
import { stateOption, statePath } from './settings.ts';

const loginTimeoutMs = 300_000;

export const loginCommand: Command = {
  words: ['login'],
  summary: 'log in and print an ID token',
  details: [
    'The token is a secret for the ten minutes that it lives: whoever has it can sign as you. Pass it in the',
    'environment (SIGSTORE_ID_TOKEN), never as an argument.',
    '',
    'With --redirect-port the redirect URI is http://localhost:PORT/auth/callback, letter by letter.',
  ].join('\n'),
  options: {
    ...stateOption,
    issuer: { type: 'string', value: 'URL', help: "issuer to log in at (default: the local instance's own)" },
    'client-id': { type: 'string', value: 'ID', help: `client ID at that issuer (default: ${sigstoreClientId})` },
    'redirect-port': {
      type: 'string',
      value: 'PORT',
      help: 'port that the browser comes back to, for an issuer with fixed redirect URIs like Cognito (default: any)',
    },
    device: { type: 'boolean', help: 'show a code to enter on another device, where no browser can reach this one' },
    'test-user': {
      type: 'string',
      value: 'EMAIL',
      help: 'be this test user, without a page; needs an instance started with --test-grant',
    },
  },
  examples: [
    { command: 'export SIGSTORE_ID_TOKEN="$(sigstead login)"', explains: 'log in with a browser' },
    {
      command: 'sigstead login --issuer URL --client-id ID --redirect-port 8123',
      explains: 'at a Cognito user pool, whose client has one redirect URI',
    },
    { command: 'sigstead login --test-user dev@example.com', explains: 'in a script, against a local test instance' },
  ],
  run: login,
};

async function login(invocation: Invocation): Promise<Outcome> {
  const { options, talk, signal } = invocation;
  const testUser = options.text('test-user');
  const redirectPort = chosenPort(invocation);
  if (testUser !== undefined) return tokenOutcome(await testLogin(invocation, testUser));
  const common = { ...(await chosenIssuer(invocation)), timeoutMs: loginTimeoutMs, signal };
  if (options.flag('device')) {
    const { idToken } = await loginWithDevice({
      ...common,
      show: ({ verificationUri, userCode }) => talk.say(`open ${verificationUri} and enter the code ${userCode}`),
    });
    return tokenOutcome(idToken);
  }
  const { idToken } = await loginWithBrowser({
    ...common,
    ...(redirectPort !== undefined && { redirectPort }),
    open: (url) => talk.say(`open this page to log in:\n${url}`),
  });
  return tokenOutcome(idToken);
}

/** A port below 1024 needs a privilege that a login should not have. */
function chosenPort({ options }: Invocation): number | undefined {
  const port = options.text('redirect-port');
  if (port === undefined) return undefined;
  const other = ['device', 'test-user'].find((name) => (name === 'device' ? options.flag(name) : options.text(name)));
  if (other !== undefined)
    throw usage(`--redirect-port and --${other} exclude each other: only a browser is redirected`);
  if (!/^[1-9]\d{3,4}$/.test(port) || Number(port) < 1_024 || Number(port) > 65_535) {
    throw usage(`--redirect-port: expected a port from 1024 to 65535, got ${port || 'nothing'}`);
  }
  return Number(port);
}

function usage(message: string): ToolkitError {
  return new ToolkitError('CLI_USAGE', { message, fault: 'input', hint: 'see: sigstead login --help' });
}

/** Returns the issuer of the options, or the local instance's own with the audience that it expects. */
async function chosenIssuer({ options, environment }: Invocation): Promise<{ issuer: string; clientId: string }> {
  const [issuer, named] = [options.text('issuer'), options.text('client-id')];
  if (issuer !== undefined) return { issuer, clientId: named ?? sigstoreClientId };
  const state = new StateDirectory(statePath(options, environment));
  const facts = await readInstanceFacts(state);
  const { clientId } = await assertReady(state);
  return { issuer: identityProviderUrl(facts), clientId: named ?? clientId };
}

async function testLogin(invocation: Invocation, email: string): Promise<string> {
  const state = new StateDirectory(statePath(invocation.options, invocation.environment));
  return await testToken(state, email);
}

/**
 * Returns the record of an instance that is ready and open for tests.
 * @throws OPS_TEST_GRANT_CLOSED if it was started without the grant for tests; OPS_NOT_RUNNING, OPS_NOT_READY
 */
export async function assertTestGrant(state: StateDirectory): Promise<RunRecord> {
  const record = await assertReady(state, 'up --test-grant');
  if (record.testGrant) return record;
  const directory = shellWord(state.path);
  throw new ToolkitError('OPS_TEST_GRANT_CLOSED', {
    message: `${state.path}: this instance was started without --test-grant, and hands out no tokens for tests`,
    fault: 'input',
    data: { state: state.path },
    hint: `stop it, and start it with: sigstead up --test-grant --state ${directory}`,
  });
}

/**
 * Returns an ID token of a test user of a running instance.
 * @throws as `assertTestGrant`
 */
export async function testToken(state: StateDirectory, email: string, signal?: AbortSignal): Promise<string> {
  const facts = await readInstanceFacts(state);
  const { clientId } = await assertTestGrant(state);
  const secret = parseUtf8(await readSecretFile(state.testSecretFile), state.testSecretFile).trim();
  const issuer = identityProviderUrl(facts);
  return await requestTestToken({ issuer, secret, email, clientId, ...(signal && { signal }) });
}

function tokenOutcome(idToken: string): Outcome {
  return { json: { idToken }, text: `${idToken}\n` };
}
