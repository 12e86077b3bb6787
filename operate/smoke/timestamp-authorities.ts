import { assertTrustMaterial } from '../instance-material.ts';
import { accepts, type Check } from './check.ts';
import type { SmokeRun } from './smoke-run.ts';

/** Clients pick one authority of several: a broken second one would show only when the first has failed. */
export async function eachTimestampAuthority({
  clients,
  signer,
  bench,
  here,
  state,
}: SmokeRun): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const { name, url } of (await assertTrustMaterial(state)).timestamps) {
    const signed = await bench.sign(signer, here, `timestamped-by-${name}`, url);
    for (const client of clients) {
      checks.push(accepts(`timestamp of ${name}`, client, await bench.verify(client, here, signed)));
    }
  }
  return checks;
}
