import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tufUrl } from '../local/endpoints.ts';
import { localUsers } from '../local/instance.ts';
import { findCosign } from '../local/servers.ts';
import { StateDirectory } from '../local/state.ts';
import type { Command, Invocation, Outcome } from '../src/cli/command.ts';
import { ToolkitError } from '../src/core/error.ts';
import { pathExists } from '../src/core/files.ts';
import { asStep } from '../src/core/progress.ts';
import { allOf, unlessAborted } from '../src/core/wait.ts';
import { bringUp, type Ready } from './bring-up.ts';
import { cosignClient, sigstoreJsClient } from './clients/find-clients.ts';
import { configurationFile } from './configuration.ts';
import { keepFresh } from './keep-fresh.ts';
import { Phases } from './phases.ts';
import { type ProvenSignature, proveSignature } from './proof.ts';
import { configOption, stateOption, statePath } from './settings.ts';
import { signatoryOf } from './signatory.ts';
import { outcomeOf, outcomeOnce, outcomeWithoutState, type UpReport } from './up-report.ts';

export const upCommand: Command = {
  words: ['up'],
  summary: 'start an instance on this machine, sign and verify with it, and keep it up until Ctrl-C',
  details: [
    'The first start makes keys, certificates, logs and a root of trust that a quorum of holders signs, 3 of 5 in the',
    'example; later starts resume them. What is durable lies in the state directory. SIGSTEAD_TRACE=1 in the environment prints every moment',
    'that it reaches, for finding out where it hangs.',
  ].join('\n'),
  options: {
    once: {
      type: 'boolean',
      help: 'sign and verify once, then stop; uses a fresh temporary state unless --state is given',
    },
    ...stateOption,
    ...configOption,
    'test-grant': {
      type: 'boolean',
      help: 'let "login --test-user" and "smoke" log in without a page, by a secret file',
    },
  },
  examples: [
    { command: 'sigstead up', explains: 'try it' },
    {
      command: 'sigstead up --once --json',
      explains: 'prove that it works on this machine, and how long each phase takes',
    },
    {
      command: 'sigstead up --config production.yaml --state /tmp/rehearsal',
      explains: 'try the configuration that you will deploy',
    },
  ],
  exitNotes: [
    '0    also: stopped by Ctrl-C once it was ready',
    '4    also: a live key differs from the published trust',
  ],
  run: up,
};

async function up(invocation: Invocation): Promise<Outcome | undefined> {
  const { options } = invocation;
  if (!options.flag('once')) return await stayUp(invocation, statePath(options, invocation.environment));
  if (options.text('state') !== undefined)
    return outcomeOnce(reportOf(await upOnce(invocation, statePath(options, invocation.environment))));
  const temporary = await mkdtemp(join(tmpdir(), 'sigstead-'));
  try {
    const signed = await upOnce(invocation, temporary);
    await rm(temporary, { recursive: true, force: true });
    return outcomeWithoutState(reportOf(signed));
  } catch (error) {
    // Its logs say what went wrong, if there are any; an interrupt needs no explanation.
    const isOfUse = !invocation.signal.aborted && (await pathExists(new StateDirectory(temporary).logs));
    if (isOfUse) invocation.talk.warn(`the temporary state is kept: ${temporary}`);
    else await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

async function upOnce(invocation: Invocation, state: string): Promise<Signed> {
  const signed = await bringUpAndSign(invocation, state);
  const { ready, phases, signatures } = signed;
  try {
    const proven = await phases.run('cosign', () =>
      whileUp(ready.instance.failure, invocation, (within) => signWithCosign(ready, within)),
    );
    signatures.push(...proven);
    return signed;
  } finally {
    await asStep(invocation.progress, 'stopping', () => ready.stop());
  }
}

async function stayUp(invocation: Invocation, state: string): Promise<undefined> {
  const signed = await bringUpAndSign(invocation, state);
  const { ready } = signed;
  const freshener = keepFresh(ready, invocation);
  try {
    await invocation.emit(outcomeOf(reportOf(signed)));
    invocation.talk.say('Ctrl-C stops it.');
    const failure = Promise.race([ready.instance.failure, freshener.failure]);
    await whileUp(failure, invocation, (within) => offerCosign(ready, within));
  } catch (error) {
    // For an instance that is ready, a signal is how one stops it.
    if (error !== invocation.signal.reason) throw error;
  } finally {
    await freshener.stop();
    await asStep(invocation.progress, 'stopping', () => ready.stop());
  }
  return undefined;
}

/** Runs `work` with a signal that a failure of the instance aborts too; `work` leaves nothing running then. */
async function whileUp<T>(
  failure: Promise<never>,
  invocation: Invocation,
  work: (within: Invocation) => Promise<T>,
): Promise<T> {
  const ended = new AbortController();
  failure.catch((error: unknown) => ended.abort(error));
  return await work({ ...invocation, signal: AbortSignal.any([invocation.signal, ended.signal]) });
}

interface Signed {
  readonly ready: Ready;
  readonly phases: Phases;
  readonly signatures: ProvenSignature[];
  /** From the start of the command to the first signature that a client verified. */
  readonly firstMs: number;
}

async function bringUpAndSign(invocation: Invocation, state: string): Promise<Signed> {
  const phases = new Phases(0);
  const ready = await bringUp({
    ...invocation,
    configFile: await configurationFile(invocation.options, new StateDirectory(state)),
    statePath: state,
    testGrant: invocation.options.flag('test-grant'),
    phases,
  });
  try {
    const signatures = await phases.run('first signature', () =>
      asStep(invocation.progress, 'first signature', () =>
        whileUp(ready.instance.failure, invocation, (within) => firstSignature(ready, within)),
      ),
    );
    const firstMs = phases.elapsedMs();
    invocation.reached('first-signature');
    return { ready, phases, signatures, firstMs };
  } catch (error) {
    await ready.stop();
    throw error;
  }
}

/** An instance whose configuration lists no test user comes up all the same; it just cannot show a signature. */
async function firstSignature(ready: Ready, { signal }: Invocation): Promise<ProvenSignature[]> {
  if (localUsers(ready.config).length === 0) return [];
  const js = await sigstoreJsClient(signal);
  return [await proveSignature(signatoryOf(ready), js, [js])];
}

async function signWithCosign(ready: Ready, invocation: Invocation): Promise<readonly ProvenSignature[]> {
  if (localUsers(ready.config).length === 0) return [];
  const { environment: env, progress, signal, talk } = invocation;
  const found = await findCosign({ env, progress, signal });
  const signatory = signatoryOf(ready);
  const [cosign, js] = [cosignClient(found, signal), await sigstoreJsClient(signal)];
  const proven = await asStep(progress, 'cosign', () =>
    allOf([proveSignature(signatory, cosign, [cosign, js]), proveSignature(signatory, js, [cosign])]),
  );
  talk.say(`this cosign is ${found.path}`);
  return proven;
}

/** Builds cosign while the instance already serves, proves it, and then waits for the signal. */
async function offerCosign(ready: Ready, invocation: Invocation): Promise<never> {
  const { talk, signal } = invocation;
  try {
    for (const { signedBy, verifiedBy } of await signWithCosign(ready, invocation)) {
      talk.say(`signed by ${signedBy}, verified by ${verifiedBy.join(', ')}`);
    }
  } catch (error) {
    // An instance without cosign is of use; one that cosign refuses is not.
    if (!(error instanceof ToolkitError) || error.fault === 'evidence' || signal.aborted) throw error;
    talk.warn(`cosign is not offered: ${error.message}`);
  }
  return await unlessAborted(signal, new Promise<never>(() => undefined));
}

function reportOf({ ready, phases, signatures, firstMs }: Signed): UpReport {
  const { config, state, facts, material, rootOfTrust, instance } = ready;
  const { root } = rootOfTrust.policy;
  return {
    instance: config.instance.name,
    state: state.path,
    tufUrl: tufUrl(facts),
    issuer: material.oidc[0]?.url,
    user: localUsers(config)[0]?.email,
    root: {
      ...{ file: state.pinnedRootFile, sha256: rootOfTrust.pinnedRootSha256 },
      signedSha256: (rootOfTrust.repository.roots[0] ?? rootOfTrust.repository.root).canonicalSha256,
      ...{ threshold: root.threshold, holders: root.holders.length },
    },
    services: instance.specs.map(({ id }) => id),
    phases: phases.toJson(),
    firstMs,
    signatures,
  };
}
