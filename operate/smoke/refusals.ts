import { appendFile, cp } from 'node:fs/promises';
import { join } from 'node:path';
import type { SigstoreClient } from '../clients/client.ts';
import type { SignedArtifact, Workbench } from '../proof.ts';
import type { Signatory } from '../signatory.ts';
import { accepts, type Check, refuses } from './check.ts';
import type { RepositoryCopy } from './expired-repository.ts';
import { reasons } from './reasons.ts';

/**
 * Shows that a client refuses a changed artifact, another identity and another issuer. The same setup accepts the
 * honest bundle first, so that a refusal means something.
 */
export async function policyRefusals(
  client: SigstoreClient,
  bench: Workbench,
  signatory: Signatory,
  signed: SignedArtifact,
): Promise<readonly Check[]> {
  const honest = accepts('honest bundle', client, await bench.verify(client, signatory, signed));
  if (!honest.passed) return [honest];
  const { identity, issuer } = signatory.expected;
  const changed = join(bench.directory, `changed-${client.name}.txt`);
  await cp(signed.artifact, changed);
  await appendFile(changed, 'one more line\n');
  const because = reasons[client.name];
  const expecting = (expected: Signatory['expected']) => ({ ...signatory, expected });
  return [
    honest,
    refuses(
      'changed artifact',
      client,
      await bench.verify(client, signatory, { ...signed, artifact: changed }),
      because['changed-artifact'],
    ),
    refuses(
      'another identity',
      client,
      await bench.verify(client, expecting({ identity: `not-${identity}`, issuer }), signed),
      because['wrong-identity'],
    ),
    refuses(
      'another issuer',
      client,
      await bench.verify(client, expecting({ identity, issuer: 'http://127.0.0.1:1' }), signed),
      because['wrong-issuer'],
    ),
  ];
}

/** Shows that a bundle of another real instance verifies there, and not here. */
export async function foreignRefusal(
  client: SigstoreClient,
  bench: Workbench,
  here: Signatory,
  there: { readonly signatory: Signatory; readonly signed: SignedArtifact },
): Promise<readonly Check[]> {
  const honest = accepts(
    'bundle of another instance, over there',
    client,
    await bench.verify(client, there.signatory, there.signed),
  );
  if (!honest.passed) return [honest];
  // Same identity and issuer: nothing but the other instance's keys may be the reason.
  const expected = there.signatory.expected;
  const verdict = await bench.verify(client, { ...here, expected }, there.signed);
  return [honest, refuses('bundle of another instance', client, verdict, reasons[client.name]['other-instance'])];
}

/** Shows that a client accepts a copy of the repository, and no longer once its timestamp has expired. */
export async function expiryRefusals(
  clients: readonly SigstoreClient[],
  bench: Workbench,
  signatory: Signatory,
  copy: RepositoryCopy,
): Promise<readonly Check[]> {
  const anchor = { ...signatory.anchor, tufUrl: copy.url };
  const initialise = async (client: SigstoreClient, suffix: string) =>
    await client.initialize(anchor, await bench.makeDirectory(`${client.name}-${suffix}`));
  const honest = await Promise.all(
    clients.map(async (client) => accepts('copy of the TUF repository', client, await initialise(client, 'fresh'))),
  );
  await copy.expire();
  const expired = await Promise.all(
    clients.map(async (client) =>
      refuses(
        'expired timestamp role',
        client,
        await initialise(client, 'expired'),
        reasons[client.name]['expired-timestamp'],
      ),
    ),
  );
  return [...honest, ...expired];
}
