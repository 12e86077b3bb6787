import { join } from 'node:path';
import type { Outcome } from '../../src/cli/command.ts';
import { qrForTerminal } from '../../src/cli/qr.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { sha256, sha256Hex } from '../../src/core/digest.ts';
import { createFile, makeDirectory, readFileIfPresent } from '../../src/core/files.ts';
import { wordLines } from '../../src/core/words.ts';
import { signatureQr } from '../air-gap/qr-text.ts';
import { verifySignatures } from '../assemble.ts';
import {
  formatSignature,
  maxSignatureBytes,
  parseSignature,
  type SignatureDocument,
  signatureFileName,
} from '../event/signature-file.ts';
import type { Review } from '../review/review.ts';
import { assertSecondOpinion } from '../sign-review.ts';

export interface WriteSignaturesOptions {
  /** Directory of the files. */
  readonly to: string;
  /** Show each as a QR code too. */
  readonly codes: boolean;
}

/**
 * Writes the signatures and says what to read out, so that the coordinator hears which files to expect. May be repeated
 * after a crash.
 * @throws CORE_FILE_EXISTS if something else has the name
 * @throws CER_SIGNATURE_INVALID (evidence) if what is there in the place of a signature does not verify
 */
export async function writeSignatures(
  review: Review,
  signatures: readonly SignatureDocument[],
  { to, codes }: WriteSignaturesOptions,
): Promise<Outcome> {
  await makeDirectory(to);
  const written = [];
  for (const made of signatures) {
    const path = join(to, signatureFileName(made));
    const signature = (await readEarlier(review, made, path)) ?? made;
    const text = formatSignature(signature);
    await createFile(path, text);
    const { role, version, keyid } = signature;
    const qr = signatureQr(signature);
    written.push({
      path,
      role,
      version,
      keyid,
      qr,
      sha256: sha256Hex(text),
      words: wordLines(sha256(utf8(text)).slice(0, 8)),
    });
  }
  const lines = written.flatMap(({ path, role, version, words, qr }) => [
    `signed ${role} v${version}: ${path}`,
    `  first words of the file: ${words.join(' ')}`,
    ...(codes ? [qrForTerminal(qr)] : []),
  ]);
  return {
    json: { signatures: written },
    text: [
      ...lines,
      'verified by two implementations; give the files to the coordinator: sigstead ceremony add-signature EVENT FILE',
      '',
    ].join('\n'),
  };
}

/** No two signatures of ECDSA are the same: one that an interrupted run left over the same bytes is as good, and stays. */
async function readEarlier(
  review: Review,
  made: SignatureDocument,
  path: string,
): Promise<SignatureDocument | undefined> {
  const bytes = await readFileIfPresent(path, maxSignatureBytes);
  if (bytes === undefined) return undefined;
  const earlier = parseSignature(bytes, path);
  if (formatSignature({ ...earlier, sig: made.sig }) !== formatSignature(made)) return undefined;
  verifySignatures(review.frozen, [earlier]);
  assertSecondOpinion(review, earlier);
  return earlier;
}
