import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allOf } from '../../src/core/wait.ts';
import { bringUp } from '../bring-up.ts';
import type { SigstoreClient } from '../clients/client.ts';
import { Phases } from '../phases.ts';
import type { SignedArtifact } from '../proof.ts';
import { defaultConfigFile } from '../settings.ts';
import { type Signatory, signatoryOf } from '../signatory.ts';
import { accepts, type Check, refuses } from './check.ts';
import { reasons } from './reasons.ts';
import type { SmokeRun } from './smoke-run.ts';

/** What a real instance issued that nobody here trusts. */
interface Foreign {
  readonly signatory: Signatory;
  readonly signed: SignedArtifact;
}

/** Starts a second instance for a moment, and shows that its bundle verifies there, and not here. */
export async function otherInstance(run: SmokeRun): Promise<readonly Check[]> {
  const temporary = await mkdtemp(join(tmpdir(), 'sigstead-other-'));
  try {
    // Not the configuration of this one: its file may have changed since, or gone.
    const options = { configFile: defaultConfigFile, statePath: temporary, testGrant: false, phases: new Phases(0) };
    const other = await bringUp({ ...run, ...options });
    try {
      const foreign = await signThere(signatoryOf(other), run);
      return (await allOf(run.clients.map((client) => foreignRefusal(client, foreign, run)))).flat();
    } finally {
      await other.stop();
    }
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function signThere(signatory: Signatory, { bench, signer }: SmokeRun): Promise<Foreign> {
  // sigstore-python 4.5.1 cannot read the bundle of a log's very first entry, whose inclusion proof has no hashes.
  await bench.sign(signer, signatory, 'first-of-another-instance');
  return { signatory, signed: await bench.sign(signer, signatory, 'of-another-instance') };
}

async function foreignRefusal(
  client: SigstoreClient,
  { signatory: there, signed }: Foreign,
  { bench, here }: SmokeRun,
): Promise<readonly Check[]> {
  const atHome = await bench.verify(client, there, signed);
  const honest = accepts('bundle of another instance, over there', client, atHome);
  if (!honest.passed) return [honest];
  // Same identity and issuer: nothing but the other instance's keys may be the reason.
  const verdict = await bench.verify(client, { ...here, expected: there.expected }, signed);
  return [honest, refuses('bundle of another instance', client, verdict, reasons[client.name]['other-instance'])];
}
