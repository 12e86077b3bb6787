import { join } from 'node:path';
import type { Outcome } from '../../src/cli/command.ts';
import { qrForTerminal } from '../../src/cli/qr.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { sha256, sha256Hex } from '../../src/core/digest.ts';
import { createFile, makeDirectory } from '../../src/core/files.ts';
import { wordLines } from '../../src/core/words.ts';
import { signatureQr } from '../air-gap/qr-text.ts';
import { formatSignature, type SignatureDocument, signatureFileName } from '../event/signature-file.ts';

/** Writes the signatures and says what to read out, so that the coordinator hears which files to expect. */
export async function writeSignatures(
  signatures: readonly SignatureDocument[],
  to: string,
  codes: boolean,
): Promise<Outcome> {
  await makeDirectory(to);
  const written = [];
  for (const signature of signatures) {
    const path = join(to, signatureFileName(signature));
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
  return { json: { signatures: written }, text: [...lines, 'verified by two implementations', ''].join('\n') };
}
