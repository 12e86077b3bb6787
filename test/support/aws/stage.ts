import type { Expectation, TrustAnchor } from '../../../operate/clients/client.ts';
import type { Ceremony } from './ceremony.ts';
import type { ClientHost } from './client-host.ts';
import type { EmulatedAws } from './emulated-aws.ts';
import type { Pool, PoolUser } from './identity.ts';
import type { Services } from './services.ts';

/** A deployed instance that has signed, for the cases that come after that. */
export interface Stage {
  readonly aws: EmulatedAws;
  /** Its running tasks: `ct-ct2026-1`, `rekor-log2026-1`, `timestamp-tsa-1`, `timestamp-tsa-2`, `fulcio`. */
  readonly services: Services;
  readonly ceremony: Ceremony;
  readonly clients: ClientHost;
  /** File of the configuration. */
  readonly config: string;
  readonly recordFile: string;
  readonly pool: Pool;
  readonly user: PoolUser;
  readonly anchor: TrustAnchor;
  readonly expected: Expectation;
  /** Deploys one stack anew, after the configuration has changed. */
  redeploy(stack: string): Promise<void>;
  /** Returns a new ID token of the user. */
  token(): Promise<string>;
}
