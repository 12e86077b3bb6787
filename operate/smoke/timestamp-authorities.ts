import { readFileCapped } from '../../src/core/files.ts';
import { parseTrustMaterial } from '../../src/trust/material.ts';
import { accepts, type Check } from './check.ts';
import type { SmokeRun } from './smoke-run.ts';

const maxBytes = 1_048_576;

/** Clients pick one authority of several: a broken second one would show only when the first has failed. */
export async function eachTimestampAuthority(run: SmokeRun): Promise<readonly Check[]> {
  const { clients, signer, bench, here } = run;
  const checks: Check[] = [];
  for (const { name, url } of await timestampAuthorities(run)) {
    const signed = await bench.sign(signer, here, `timestamped-by-${name}`, url);
    for (const client of clients) {
      checks.push(accepts(`timestamp of ${name}`, client, await bench.verify(client, here, signed)));
    }
  }
  return checks;
}

async function timestampAuthorities({ state }: SmokeRun) {
  const file = state.materialFile;
  return parseTrustMaterial(await readFileCapped(file, maxBytes), file).timestamps;
}
