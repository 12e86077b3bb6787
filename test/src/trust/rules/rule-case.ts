import { toBase64 } from '../../../../src/core/bytes.ts';
import { spkiOf } from '../../../../src/core/digest.ts';
import { rekorLogId } from '../../../../src/tlog/rekor-key.ts';
import { type Edit, ecKey, sampleFiles, valueAt } from '../sample.ts';

/** What violates a rule, and where and how the linter says so. */
export interface RuleCase {
  readonly rule: string;
  readonly what: string;
  readonly violates: readonly Edit[];
  readonly where: string;
  readonly message: string;
  /** @default 'error' */
  readonly severity?: 'warning';
  /** A close neighbour that complies; the sample itself complies with every rule. */
  readonly complies?: readonly Edit[];
}

/** The sample that every case edits. */
export const files = await sampleFiles();

export function copyOf(path: string, change: object = {}): object {
  return { ...(valueAt(files, path) as object), ...change };
}

/** Edits that give the log at `path` another key, with its ID and details. */
export function withKey(path: string, publicKey = ecKey('prime256v1'), details = 'PKIX_ECDSA_P256_SHA_256'): Edit[] {
  return [
    [`${path}.publicKey.rawBytes`, toBase64(spkiOf(publicKey))],
    [`${path}.publicKey.keyDetails`, details],
    [`${path}.logId.keyId`, toBase64(rekorLogId('log2026-1.acme.example', publicKey))],
  ];
}
