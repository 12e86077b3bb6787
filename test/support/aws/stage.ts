import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { Expectation, SigstoreClient, TrustAnchor } from '../../../operate/clients/client.ts';
import type { Ceremony } from './ceremony.ts';
import type { ClientHost } from './client-host.ts';
import type { EmulatedAws } from './emulated-aws.ts';
import type { Pool, PoolUser } from './identity.ts';
import type { ImageFiles } from './image-files.ts';
import type { Services } from './services.ts';

/** A deployed instance that has signed, for the cases that come after that. */
export interface Stage {
  readonly aws: EmulatedAws;
  /** Its running tasks: `ct-ct2026-1`, `rekor-log2026-1`, `timestamp-tsa-1`, `timestamp-tsa-2`, `fulcio`. */
  readonly services: Services;
  readonly images: ImageFiles;
  /** Where `images build` put them. */
  readonly built: string;
  readonly ceremony: Ceremony;
  readonly clients: ClientHost;
  /** File of the configuration. */
  readonly config: string;
  readonly recordFile: string;
  /** What `cdk synth` is told. */
  readonly synth: readonly string[];
  /** Types of resources that the emulator does not know. */
  readonly unknownTypes: ReadonlySet<string>;
  readonly pool: Pool;
  readonly user: PoolUser;
  readonly anchor: TrustAnchor;
  readonly expected: Expectation;
  /** Deploys one stack anew, after the configuration has changed. */
  redeploy(stack: string): Promise<void>;
  /** Returns a new ID token of the user. */
  token(): Promise<string>;
}

/** Passes if a client accepts what another one signed first. */
export async function expectVerified(stage: Stage, client: SigstoreClient, signer: string): Promise<void> {
  const { aws, anchor, expected } = stage;
  const at = (name: string) => join(aws.directory, name);
  const bundle = at(`${signer}.sigstore.json`);
  const request = { anchor, home: at(`home-${client.name}`), artifact: at('artifact'), bundle, expected };
  expect([signer, client.name, await client.verify(request)]).toEqual([signer, client.name, { accepted: true }]);
}
