import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tufUrl } from '../local/endpoints.ts';
import { localUsers } from '../local/instance.ts';
import { findCosign } from '../local/servers.ts';
import { StateDirectory } from '../local/state.ts';
import type { Command, Invocation, Outcome } from '../src/cli/command.ts';
import { ToolkitError } from '../src/core/error.ts';
import type { JsonObject } from '../src/core/json.ts';
import { asStep } from '../src/core/progress.ts';
import { shellWord } from '../src/core/shell.ts';
import { unlessAborted } from '../src/core/wait.ts';
import { bringUp, type Ready } from './bring-up.ts';
import { cosignClient, sigstoreJsClient } from './clients/find-clients.ts';
import { configurationFile } from './configuration.ts';
import { keepFresh } from './keep-fresh.ts';
import { Phases } from './phases.ts';
import { type ProvenSignature, proveSignature } from './proof.ts';
import { configOption, stateOption, statePath } from './settings.ts';
import { signatoryOf } from './signatory.ts';

export const upCommand: Command = {
  words: ['up'],
  summary: 'start an instance on this machine, sign and verify with it, and keep it up until Ctrl-C',
  details: [
    'The first start makes keys, certificates, logs and a root of trust that 3 of 5 holders sign; later starts',
    'resume them. What is durable lies in the state directory. SIGSTEAD_TRACE=1 in the environment prints every moment',
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
    return outcomeOf(await upOnce(invocation, statePath(options, invocation.environment)));
  const temporary = await mkdtemp(join(tmpdir(), 'sigstead-'));
  try {
    const signed = await upOnce(invocation, temporary);
    await rm(temporary, { recursive: true, force: true });
    return outcomeWithoutState(signed);
  } catch (error) {
    // Its logs say what went wrong; an interrupt needs no explanation.
    if (invocation.signal.aborted) await rm(temporary, { recursive: true, force: true });
    else invocation.talk.warn(`the temporary state is kept: ${temporary}`);
    throw error;
  }
}

async function upOnce(invocation: Invocation, state: string): Promise<Signed> {
  const signed = await bringUpAndSign(invocation, state);
  const { ready, phases, signatures } = signed;
  try {
    const proven = await phases.run('cosign', () => whileUp(ready, invocation, signWithCosign(ready, invocation)));
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
    await invocation.emit(outcomeOf(signed));
    invocation.talk.say('Ctrl-C stops it.');
    await whileUp(ready, invocation, Promise.race([offerCosign(ready, invocation), freshener.failure]));
  } catch (error) {
    // For an instance that is ready, a signal is how one stops it.
    if (error !== invocation.signal.reason) throw error;
  } finally {
    freshener.stop();
    await asStep(invocation.progress, 'stopping', () => ready.stop());
  }
  return undefined;
}

/** Gives up as soon as a server ends by itself, or the signal is aborted. */
async function whileUp<T>(ready: Ready, { signal }: Invocation, work: Promise<T>): Promise<T> {
  return await unlessAborted(signal, Promise.race([work, ready.instance.failure]));
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
      asStep(invocation.progress, 'first signature', () => whileUp(ready, invocation, firstSignature(ready))),
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
async function firstSignature(ready: Ready): Promise<ProvenSignature[]> {
  if (localUsers(ready.config).length === 0) return [];
  const js = await sigstoreJsClient();
  return [await proveSignature(signatoryOf(ready), js, [js])];
}

async function signWithCosign(ready: Ready, invocation: Invocation): Promise<readonly ProvenSignature[]> {
  if (localUsers(ready.config).length === 0) return [];
  const { environment: env, progress, signal, talk } = invocation;
  const found = await findCosign({ env, progress, signal });
  const signatory = signatoryOf(ready);
  const [cosign, js] = [cosignClient(found), await sigstoreJsClient()];
  const proven = await asStep(progress, 'cosign', () =>
    Promise.all([proveSignature(signatory, cosign, [cosign, js]), proveSignature(signatory, js, [cosign])]),
  );
  talk.say(`this cosign is ${found.path}`);
  return proven;
}

/** Builds cosign while the instance already serves, proves it, and then waits for ever. */
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
  return await new Promise<never>(() => undefined);
}

function outcomeOf(signed: Signed): Outcome {
  return { json: document(signed), text: [...proofLines(signed, 'is'), ...usageLines(signed), '', ''].join('\n') };
}

/** What an instance proved whose state directory is gone: no path in it leads anywhere any more. */
function outcomeWithoutState(signed: Signed): Outcome {
  const removed = 'It was stopped and its temporary state removed. For one that stays: sigstead up';
  return {
    json: { ...document(signed), state: null, rootFile: null },
    text: [...proofLines(signed, 'was'), removed, ''].join('\n'),
  };
}

function document({ ready, phases, signatures, firstMs }: Signed): JsonObject {
  const { config, state, facts, rootOfTrust } = ready;
  return {
    instance: config.instance.name,
    state: state.path,
    tufUrl: tufUrl(facts),
    rootFile: state.pinnedRootFile,
    rootSha256: rootOfTrust.pinnedRootSha256,
    rootSignedSha256: rootOfTrust.repository.roots[0]?.canonicalSha256 ?? null,
    issuer: loginIssuer(ready),
    services: ready.instance.specs.map((spec) => spec.id),
    phases: phases.toJson(),
    firstVerifiedSignatureMs: signatures.length > 0 ? firstMs : null,
    signatures: signatures.map(({ signedBy, verifiedBy }) => ({ signedBy, verifiedBy: [...verifiedBy] })),
  };
}

/** Where clients send people to log in. */
function loginIssuer({ material }: Ready): string {
  return material.oidc[0]?.url ?? 'ISSUER';
}

function proofLines({ ready, signatures, firstMs }: Signed, tense: 'is' | 'was'): readonly string[] {
  const { root } = ready.rootOfTrust.policy;
  return [
    '',
    `${ready.config.instance.name} ${tense} up: a private Sigstore with a root of trust signed by ${root.threshold} of ${root.holders.length} holders.`,
    ...signatures.map((proof) => `  signed by ${proof.signedBy}, verified by ${proof.verifiedBy.join(', ')}`),
    ...(signatures.length > 0 ? [`  first verified signature after ${(firstMs / 1_000).toFixed(1)} s`] : []),
    '',
  ];
}

function usageLines({ ready }: Signed): readonly string[] {
  const { config, state, facts, rootOfTrust } = ready;
  const [user] = localUsers(config);
  return [
    `  TUF repository  ${tufUrl(facts)}`,
    `  issuer          ${loginIssuer(ready)}`,
    `  root            ${state.pinnedRootFile}`,
    `                  sha256 of the file         ${rootOfTrust.pinnedRootSha256} (--root-checksum)`,
    `                  sha256 of the signed bytes ${rootOfTrust.repository.roots[0]?.canonicalSha256}`,
    '',
    'Use it with any Sigstore client:',
    `  cosign initialize --mirror ${shellWord(tufUrl(facts))} --root ${shellWord(state.pinnedRootFile)}`,
    '  cosign sign-blob FILE --bundle FILE.sigstore.json',
    `  cosign verify-blob FILE --bundle FILE.sigstore.json --certificate-identity ${shellWord(user?.email ?? 'YOU')} \\`,
    `    --certificate-oidc-issuer ${shellWord(loginIssuer(ready))}`,
  ];
}
