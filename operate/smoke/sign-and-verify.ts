import { accepts, type Check } from './check.ts';
import type { SmokeRun } from './smoke-run.ts';

/** Signs with each client that signs, and verifies each bundle with every client. */
export async function signAndVerify({ clients, signer, bench, here }: SmokeRun): Promise<readonly Check[]> {
  const checks: Check[] = [];
  const signers = clients.filter((client) => client.sign);
  for (const one of signers.length > 0 ? signers : [signer]) {
    const signed = await bench.sign(one, here, `by-${one.name}`);
    for (const client of clients) {
      checks.push(accepts(`bundle by ${one.name}`, client, await bench.verify(client, here, signed)));
    }
  }
  return checks;
}
