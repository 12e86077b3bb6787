import type { StateDirectory } from '../../local/state.ts';
import type { Invocation } from '../../src/cli/command.ts';
import type { InstanceConfig } from '../../src/config/config.ts';
import type { SigstoreClient } from '../clients/client.ts';
import type { Workbench } from '../proof.ts';
import type { Signatory } from '../signatory.ts';

/** What the checks of one run work with. */
export interface SmokeRun extends Omit<Invocation, 'options' | 'positionals' | 'emit'> {
  /** Those under test; each ends with `signal`. */
  readonly clients: readonly SigstoreClient[];
  /** Signs where it does not matter who does. */
  readonly signer: SigstoreClient;
  readonly bench: Workbench;
  readonly here: Signatory;
  readonly state: StateDirectory;
  readonly config: InstanceConfig;
}
