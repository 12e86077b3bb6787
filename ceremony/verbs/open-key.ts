import { resolve } from 'node:path';
import type { Invocation, OptionSpec } from '../../src/cli/command.ts';
import { parseUtf8 } from '../../src/core/bytes.ts';
import { readSecretFile } from '../../src/core/files.ts';
import { type OpenedSigner, openSigner } from '../../src/keys/open-signer.ts';
import type { TokenWait } from '../../src/keys/pkcs11/login.ts';
import { describeToken, type TokenState } from '../../src/keys/pkcs11/tokens.ts';

export const keyOptions = {
  signer: {
    type: 'string',
    value: 'URI',
    help: 'the key: pkcs11:token=…;object=…, awskms:///… or file:/… (a file is for rehearsals)',
  },
  module: { type: 'string', value: 'FILE', help: 'the PKCS#11 module that drives the token' },
  'passphrase-file': {
    type: 'string',
    value: 'FILE',
    help: 'of a file: key, readable for nobody else (default: ask)',
  },
} as const satisfies Record<string, OptionSpec>;

/** Opens a key, and asks for its PIN or passphrase at the terminal. The caller closes it. */
export async function openKey(invocation: Invocation, uri: string): Promise<OpenedSigner> {
  const { options, ask, talk } = invocation;
  const module = options.text('module');
  const secrets = {
    passphrase: async (path: string) => {
      const file = options.text('passphrase-file');
      if (file === undefined) return await ask.secret(`passphrase of ${path}`);
      return parseUtf8(await readSecretFile(resolve(file)), file).trim();
    },
    pin: async (token: TokenState) => {
      if (token.finalTry) talk.warn(`${describeToken(token)}: the next wrong PIN locks it`);
      else if (token.countLow) talk.warn(`${describeToken(token)}: a wrong PIN was given before`);
      return await ask.secret(`PIN of ${describeToken(token)}`);
    },
  };
  const reports = (token: TokenState, wait: TokenWait) =>
    talk.say(
      wait === 'pin-pad'
        ? `type the PIN at ${describeToken(token)}`
        : `${describeToken(token)} signs: touch it if it blinks`,
    );
  return await openSigner(uri, secrets, { reports, ...(module !== undefined && { modulePath: resolve(module) }) });
}
