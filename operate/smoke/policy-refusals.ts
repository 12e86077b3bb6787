import { appendFile, cp } from 'node:fs/promises';
import { join } from 'node:path';
import { allOf } from '../../src/core/wait.ts';
import type { Expectation, SigstoreClient } from '../clients/client.ts';
import type { SignedArtifact } from '../proof.ts';
import { accepts, type Check, refuses } from './check.ts';
import { type Refusal, reasons } from './reasons.ts';
import type { SmokeRun } from './smoke-run.ts';

/** Shows that each client refuses a changed artifact, another identity and another issuer. */
export async function policyRefusals(run: SmokeRun): Promise<readonly Check[]> {
  const signed = await run.bench.sign(run.signer, run.here, 'to-be-refused');
  return (await allOf(run.clients.map((client) => refusalsBy(client, signed, run)))).flat();
}

/** The same setup accepts the honest bundle first, so that a refusal means something. */
async function refusalsBy(client: SigstoreClient, signed: SignedArtifact, run: SmokeRun): Promise<readonly Check[]> {
  const { bench, here } = run;
  const honest = accepts('honest bundle', client, await bench.verify(client, here, signed));
  if (!honest.passed) return [honest];
  const changed = join(bench.directory, `changed-${client.name}.txt`);
  await cp(signed.artifact, changed);
  await appendFile(changed, 'one more line\n');
  const { identity, issuer } = here.expected;
  const dishonest: readonly (readonly [string, Refusal, SignedArtifact, Expectation])[] = [
    ['changed artifact', 'changed-artifact', { ...signed, artifact: changed }, here.expected],
    ['another identity', 'wrong-identity', signed, { identity: `not-${identity}`, issuer }],
    ['another issuer', 'wrong-issuer', signed, { identity, issuer: 'http://127.0.0.1:1' }],
  ];
  const checks: Check[] = [honest];
  for (const [name, refusal, artifact, expected] of dishonest) {
    const verdict = await bench.verify(client, { ...here, expected }, artifact);
    checks.push(refuses(name, client, verdict, reasons[client.name][refusal]));
  }
  return checks;
}
