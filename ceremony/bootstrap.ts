import { parseHex } from '../src/core/bytes.ts';
import { sha256Hex } from '../src/core/digest.ts';
import { wordLines } from '../src/core/words.ts';
import type { AuthenticRepository } from '../src/tuf/repository.ts';

/** Says what each client needs to begin with this repository, with the digests that its users compare. */
export function bootstrapText({ root, roots }: AuthenticRepository): string {
  if (roots.length > 1) return `Clients that have a root before v${root.version} follow by themselves.`;
  const file = `${root.version}.root.json`;
  const sha256 = sha256Hex(root.bytes);
  return [
    `Clients begin with ${file}, which they must get from somebody they trust:`,
    `  sha256 of the file  ${sha256}`,
    ...wordLines(parseHex(sha256)).map((line) => `                      ${line}`),
    `  cosign initialize --mirror URL --root ${file} --root-checksum ${sha256}`,
    `  sigstore --instance URL trust-instance ${file}`,
    `  sigstore-js: tufMirrorURL: 'URL', tufRootPath: '${file}'`,
  ].join('\n');
}
