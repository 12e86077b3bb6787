import { join } from 'node:path';
import { KeyStore } from '../../local/key-store.ts';
import { allOf } from '../../src/core/wait.ts';
import type { SigstoreClient, Verdict } from '../clients/client.ts';
import { accepts, type Check, refuses } from './check.ts';
import { serveCopy } from './expired-repository.ts';
import { reasons } from './reasons.ts';
import type { SmokeRun } from './smoke-run.ts';

/** Shows that each client accepts a copy of the repository, and no longer once its timestamp has expired. */
export async function expiredTimestamp(run: SmokeRun): Promise<readonly Check[]> {
  const { clients, bench, here, state, clock } = run;
  const directory = join(bench.directory, 'tuf-copy');
  const keys = new KeyStore(state.keys);
  const copy = await serveCopy({ repository: state.repository, directory, keys, clock });
  const initialize = async (client: SigstoreClient, suffix: string): Promise<Verdict> => {
    const home = await bench.makeDirectory(`${client.name}-${suffix}`);
    return await client.initialize({ ...here.anchor, tufUrl: copy.url }, home);
  };
  const honest = async (client: SigstoreClient) =>
    accepts('copy of the TUF repository', client, await initialize(client, 'fresh'));
  const expired = async (client: SigstoreClient) => {
    const verdict = await initialize(client, 'expired');
    return refuses('expired timestamp role', client, verdict, reasons[client.name]['expired-timestamp']);
  };
  try {
    const before = await allOf(clients.map(honest));
    await copy.expire();
    return [...before, ...(await allOf(clients.map(expired)))];
  } finally {
    await copy.close();
  }
}
