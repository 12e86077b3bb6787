import { ToolkitError } from '../../core/error.ts';
import type { SignatureAlgorithm } from '../../core/signer.ts';
import { algorithmOf } from '../algorithm.ts';
import { curves } from './curve.ts';
import { readKeyAttributes, readPublicKey } from './key-objects.ts';
import { type NewKeyOptions, privateTemplate, publicTemplate, type TokenKey, withNewName } from './new-key.ts';
import { describeToken } from './tokens.ts';

/**
 * Makes a key pair in a token, and reads back what the token made. The private key never leaves it.
 * @throws KEY_TOKEN_LABEL_TAKEN, KEY_TOKEN_MECHANISM
 * @throws KEY_TOKEN_KEY_WRONG if the token made another key than it was asked for
 * @throws what `openPkcs11Signer` throws of tokens and PINs
 */
export async function generateKeyPair(
  options: NewKeyOptions & { readonly algorithm: SignatureAlgorithm },
): Promise<TokenKey> {
  const curve = curves[options.algorithm];
  const what = describeToken(options.token);
  return await withNewName(options, async (session, name) => {
    const { privateKey } = await session.generateKeyPair(curve.generate, {
      publicKey: publicTemplate(curve, name),
      privateKey: privateTemplate(curve, name),
    });
    const made = {
      publicKey: readPublicKey(session, privateKey, what),
      keyAttributes: readKeyAttributes(session, privateKey),
    };
    assertAsAsked(made, options.algorithm, what);
    return made;
  });
}

function assertAsAsked(made: Omit<TokenKey, 'uri'>, algorithm: SignatureAlgorithm, what: string): void {
  const { sensitive, extractable, local } = made.keyAttributes;
  const got = algorithmOf(made.publicKey, what);
  const wrong = [
    ...(got === algorithm ? [] : [got]),
    ...(sensitive ? [] : ['not sensitive']),
    ...(extractable ? ['extractable'] : []),
    ...(local ? [] : ['not made in the token']),
  ];
  if (wrong.length === 0) return;
  throw new ToolkitError('KEY_TOKEN_KEY_WRONG', {
    message: `${what}: expected a new ${algorithm} key that cannot leave the token, got one that is ${wrong.join(', ')}`,
    fault: 'evidence',
    data: { what, algorithm, wrong },
    hint: 'do not enrol this key: remove it, and find out what is wrong with the token or its module',
  });
}
