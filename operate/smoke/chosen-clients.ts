import { findCosign } from '../../local/servers.ts';
import type { Invocation, ParsedOptions } from '../../src/cli/command.ts';
import { ToolkitError } from '../../src/core/error.ts';
import type { SigstoreClient } from '../clients/client.ts';
import { cosignClient, findSigstorePython, sigstoreJsClient } from '../clients/find-clients.ts';

type ClientName = SigstoreClient['name'];

/** Each throws OPS_CLIENT_MISSING if the client is not there, and says how to get it. */
const finders: Readonly<Record<ClientName, (invocation: Invocation) => Promise<SigstoreClient>>> = {
  cosign: cosignOrBuilt,
  'sigstore-js': ({ signal }) => sigstoreJsClient(signal),
  'sigstore-python': installedPython,
};

export const clientNames = Object.keys(finders) as readonly ClientName[];

/** @throws CLI_USAGE for a name that no client has */
export function namedClients(options: ParsedOptions): readonly ClientName[] | undefined {
  const names = options.text('clients')?.split(',');
  const unknown = (names ?? []).filter((name) => !clientNames.some((known) => known === name));
  if (unknown.length === 0) return names && clientNames.filter((name) => names.includes(name));
  throw new ToolkitError('CLI_USAGE', {
    message: `--clients: expected names of ${clientNames.join(', ')}, got ${unknown.join(', ') || 'nothing'}`,
    fault: 'input',
    hint: 'run: sigstead smoke --help',
  });
}

/**
 * Returns the clients of these names and looks for no other; without names, all that there are, and says what is left
 * out.
 * @throws OPS_CLIENT_MISSING if a client that was asked for by name is not there
 */
export async function chosenClients(
  names: readonly ClientName[] | undefined,
  invocation: Invocation,
): Promise<readonly SigstoreClient[]> {
  const found: SigstoreClient[] = [];
  for (const name of names ?? clientNames) {
    try {
      found.push(await finders[name](invocation));
    } catch (error) {
      if (names || !(error instanceof ToolkitError && error.code === 'OPS_CLIENT_MISSING')) throw error;
      invocation.talk.warn(`${error.message}, and is left out; ${error.hint}`);
    }
  }
  return found;
}

async function cosignOrBuilt({ environment: env, progress, signal }: Invocation): Promise<SigstoreClient> {
  try {
    return cosignClient(await findCosign({ env, progress, signal }), signal);
  } catch (error) {
    if (!(error instanceof ToolkitError && error.code === 'LOCAL_GO_MISSING')) throw error;
    const hint = 'cosign is taken from PATH if it is 3.1.0 or newer, or built with Go: https://go.dev/dl/';
    throw clientMissing('cosign', hint, error);
  }
}

async function installedPython({ environment, signal }: Invocation): Promise<SigstoreClient> {
  const python = await findSigstorePython(environment, signal);
  if (python) return python;
  const hint = 'sigstore-python is looked for on PATH (pip install sigstore) and at $SIGSTEAD_SIGSTORE_PYTHON';
  throw clientMissing('sigstore-python', hint);
}

function clientMissing(client: ClientName, hint: string, cause?: unknown): ToolkitError {
  return new ToolkitError('OPS_CLIENT_MISSING', {
    message: `${client}: not found`,
    fault: 'environment',
    data: { client },
    hint,
    cause,
  });
}
