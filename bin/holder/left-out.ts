import { ToolkitError } from '../../src/core/error.ts';

/*
 * What stands in the holder's script in the place of `fetch`, koffi and the AWS SDK; bin/build-holder.ts puts it there.
 * An import that was merely missing would be looked for in every directory above the script, and somebody may have put
 * one there.
 */

/** In the place of the one way to the network that the toolkit has. */
export async function fetch(url: string | URL): Promise<never> {
  throw leftOut(
    `${url}: the holder's script has no network`,
    'copy the published repository to this machine and name its directory, or use the whole toolkit',
  );
}

/** In the place of the first call of koffi. */
export function sizeof(): never {
  throw leftOut(
    "pkcs11: keys need native code, which the holder's script does not have",
    'use --signer detached: it prints what to run with the token; or use the whole toolkit',
  );
}

/** In the place of the first call of the AWS SDK. */
export class KMSClient {
  constructor() {
    throw leftOut(
      "awskms: keys need a network, which the holder's script does not have",
      'use the whole toolkit on a machine that reaches AWS',
    );
  }
}

function leftOut(message: string, hint: string): ToolkitError {
  return new ToolkitError('CLI_LEFT_OUT', { message, fault: 'input', hint });
}
