import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyStore } from '../local/key-store.ts';
import { findCosign } from '../local/servers.ts';
import { StateDirectory } from '../local/state.ts';
import type { Command, Invocation, Outcome } from '../src/cli/command.ts';
import type { InstanceConfig } from '../src/config/config.ts';
import { ToolkitError } from '../src/core/error.ts';
import { asStep } from '../src/core/progress.ts';
import { bringUp } from './bring-up.ts';
import type { SigstoreClient } from './clients/client.ts';
import { cosignClient, findSigstorePython, sigstoreJsClient } from './clients/find-clients.ts';
import { instanceConfiguration } from './configuration.ts';
import { readInstanceFacts } from './instance-facts.ts';
import { readTrustMaterial } from './instance-material.ts';
import { assertTestGrant } from './login.ts';
import { Phases } from './phases.ts';
import { type SignedArtifact, Workbench } from './proof.ts';
import { configOption, stateOption, statePath } from './settings.ts';
import { remoteSignatory, type Signatory, signatoryOf } from './signatory.ts';
import { accepts, type Check } from './smoke/check.ts';
import { serveCopy } from './smoke/expired-repository.ts';
import { smokeOutcome } from './smoke/outcome.ts';
import { reasons } from './smoke/reasons.ts';
import { expiryRefusals, foreignRefusal, policyRefusals } from './smoke/refusals.ts';

const clientNames = Object.keys(reasons);

export const smokeCommand: Command = {
  words: ['smoke'],
  summary: 'test the instance: every client signs, verifies, and refuses what it must',
  details: [
    'Each client starts from the published TUF repository and the pinned root alone. A second instance is started',
    'for a moment, to make a bundle that must be refused here. Needs an instance that "up --test-grant" keeps up.',
  ].join('\n'),
  options: {
    ...stateOption,
    ...configOption,
    clients: {
      type: 'string',
      value: 'LIST',
      help: `some of ${clientNames.join(', ')}, with commas (default: all that are found)`,
    },
  },
  examples: [
    { command: 'sigstead smoke', explains: 'with every client found' },
    {
      command: 'sigstead smoke --clients cosign,sigstore-python --json',
      explains: 'with these, and fail if one is missing',
    },
  ],
  exitNotes: ['4    also: a client accepted what it must refuse, or refused what it must accept'],
  run: smoke,
};

async function smoke(invocation: Invocation): Promise<Outcome> {
  const names = namedClients(invocation);
  const state = new StateDirectory(statePath(invocation.options, invocation.environment));
  const facts = await readInstanceFacts(state);
  await assertTestGrant(state);
  const config = await instanceConfiguration(invocation.options, state);
  const here = remoteSignatory(config, state, facts);
  const clients = await chosenClients(names, invocation);
  await using bench = await Workbench.create();
  const { progress } = invocation;
  const checks = [
    ...(await asStep(progress, 'sign and verify', () => signAndVerify(clients, bench, here))),
    ...(await asStep(progress, 'each timestamp authority', () => eachTimestampAuthority(clients, bench, here, state))),
    ...(await asStep(progress, 'refusals', () => refusals(clients, bench, here))),
    ...(await asStep(progress, 'another instance', () => otherInstance(clients, bench, here, { config, invocation }))),
    ...(await asStep(progress, 'expired timestamp', () =>
      expiredTimestamp(clients, bench, here, { state, invocation }),
    )),
  ];
  return smokeOutcome(checks);
}

/** Signs with each client that signs, and verifies each bundle with every client. */
async function signAndVerify(
  clients: readonly SigstoreClient[],
  bench: Workbench,
  here: Signatory,
): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const signer of clients.filter((client) => client.sign)) {
    const signed = await bench.sign(signer, here, `by-${signer.name}`);
    for (const client of clients) {
      checks.push(accepts(`bundle by ${signer.name}`, client, await bench.verify(client, here, signed)));
    }
  }
  return checks;
}

/** Clients pick one authority of several: a broken second one would show only when the first has failed. */
async function eachTimestampAuthority(
  clients: readonly SigstoreClient[],
  bench: Workbench,
  here: Signatory,
  state: StateDirectory,
): Promise<readonly Check[]> {
  const material = await readTrustMaterial(state);
  const js = await sigstoreJsClient();
  const checks: Check[] = [];
  for (const { name, url } of material?.timestamps ?? []) {
    const signed = await bench.sign(js, here, `timestamped-by-${name}`, url);
    for (const client of clients) {
      checks.push(accepts(`timestamp of ${name}`, client, await bench.verify(client, here, signed)));
    }
  }
  return checks;
}

async function refusals(
  clients: readonly SigstoreClient[],
  bench: Workbench,
  here: Signatory,
): Promise<readonly Check[]> {
  const signed = await bench.sign(await sigstoreJsClient(), here, 'to-be-refused');
  const all = await Promise.all(clients.map((client) => policyRefusals(client, bench, here, signed)));
  return all.flat();
}

async function otherInstance(
  clients: readonly SigstoreClient[],
  bench: Workbench,
  here: Signatory,
  { config, invocation }: { readonly config: InstanceConfig; readonly invocation: Invocation },
): Promise<readonly Check[]> {
  const temporary = await mkdtemp(join(tmpdir(), 'sigstead-other-'));
  try {
    const other = await bringUp({
      ...invocation,
      configFile: config.file,
      statePath: temporary,
      testGrant: false,
      phases: new Phases(0),
    });
    try {
      const there = await signThere(signatoryOf(other), bench);
      const all = await Promise.all(clients.map((client) => foreignRefusal(client, bench, here, there)));
      return all.flat();
    } finally {
      await other.stop();
    }
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function signThere(
  signatory: Signatory,
  bench: Workbench,
): Promise<{ signatory: Signatory; signed: SignedArtifact }> {
  const js = await sigstoreJsClient();
  // sigstore-python 4.5.1 cannot read the bundle of a log's very first entry, whose inclusion proof has no hashes.
  await bench.sign(js, signatory, 'first-of-another-instance');
  return { signatory, signed: await bench.sign(js, signatory, 'of-another-instance') };
}

async function expiredTimestamp(
  clients: readonly SigstoreClient[],
  bench: Workbench,
  here: Signatory,
  { state, invocation }: { readonly state: StateDirectory; readonly invocation: Invocation },
): Promise<readonly Check[]> {
  const directory = join(bench.directory, 'tuf-copy');
  const copy = await serveCopy(state.repository, directory, new KeyStore(state.keys), invocation.clock);
  try {
    return await expiryRefusals(clients, bench, here, copy);
  } finally {
    await copy.close();
  }
}

/** @throws CLI_USAGE for a name that no client has */
function namedClients({ options }: Invocation): readonly string[] | undefined {
  const names = options.text('clients')?.split(',');
  const unknown = (names ?? []).filter((name) => !clientNames.includes(name));
  if (unknown.length === 0) return names;
  throw new ToolkitError('CLI_USAGE', {
    message: `--clients: expected names of ${clientNames.join(', ')}, got ${unknown.join(', ') || 'nothing'}`,
    fault: 'input',
    hint: 'run: sigstead smoke --help',
  });
}

/** @throws OPS_CLIENT_MISSING if a client that was asked for by name is not there */
async function chosenClients(
  names: readonly string[] | undefined,
  invocation: Invocation,
): Promise<readonly SigstoreClient[]> {
  const found = await foundClients(invocation);
  const missing = (names ?? []).filter((name) => !found.some((client) => client.name === name));
  if (missing.length === 0) return names ? found.filter((client) => names.includes(client.name)) : found;
  throw new ToolkitError('OPS_CLIENT_MISSING', {
    message: `clients: not found: ${missing.join(', ')}`,
    fault: 'environment',
    data: { missing, found: found.map((client) => client.name) },
    hint: 'sigstore-python is looked for on PATH (pip install sigstore) and at $SIGSTEAD_SIGSTORE_PYTHON',
  });
}

async function foundClients({ environment, progress, signal }: Invocation): Promise<readonly SigstoreClient[]> {
  const cosign = cosignClient(await findCosign({ env: environment, progress, signal }));
  const python = await findSigstorePython(environment);
  return [cosign, await sigstoreJsClient(), ...(python ? [python] : [])];
}
