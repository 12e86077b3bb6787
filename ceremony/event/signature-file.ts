import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno, ToolkitError } from '../../src/core/error.ts';
import { createFile, makeDirectory, readFileCapped } from '../../src/core/files.ts';
import { type Format, formatDocument, parseFormatted } from '../../src/core/formatted.ts';
import { count, matching, object, oneOf, sha256Text, text } from '../../src/core/shape.ts';
import { unreadable } from '../../src/core/unreadable.ts';
import { verifySignatures } from '../assemble.ts';
import type { Review } from '../review/review.ts';
import { repositoryId } from '../root-signing/identity.ts';
import type { PayloadSignature } from '../sign.ts';
import { assertSecondOpinion } from '../sign-review.ts';
import type { Event } from './event.ts';

/** One signature by one key, and what it was given for. */
export interface SignatureDocument extends PayloadSignature {
  readonly role: 'root' | 'targets';
  /** Id of the repository. */
  readonly repository: string;
  readonly event: string;
  readonly revision: number;
  readonly planDigest: string;
}

export const maxSignatureBytes = 8192;

const signatureFormat: Format<SignatureDocument> = {
  name: 'sigstead-signature/v1',
  read: object({
    repository: repositoryId,
    event: text,
    revision: count,
    planDigest: sha256Text,
    role: oneOf('root', 'targets'),
    version: count,
    digest: sha256Text,
    keyid: sha256Text,
    sig: matching(/^(?:[0-9a-f]{2}){1,1024}$/, 'lower-case hexadecimal'),
  }),
  maxBytes: maxSignatureBytes,
  code: 'CER_SIGNATURE_FILE',
  hint: 'ask the holder for the file that `sigstead ceremony sign` wrote',
};

export function formatSignature(signature: SignatureDocument): string {
  const { repository, event, revision, planDigest, role, version, digest, keyid, sig } = signature;
  const fields = { repository, event, revision, planDigest, role, version, digest, keyid, sig };
  return formatDocument(signatureFormat, fields);
}

/** @throws CER_SIGNATURE_FILE, CORE_JSON, CORE_TOO_LARGE */
export function parseSignature(bytes: Uint8Array, what: string): SignatureDocument {
  return parseFormatted(bytes, signatureFormat, what);
}

/** Returns the file name of a signature: one per payload and key, so that nobody's overwrites another's. */
export function signatureFileName({ role, version, keyid }: PayloadSignature): string {
  return `${role}.v${version}.${keyid.slice(0, 8)}.json`;
}

/**
 * Adds a signature to an event, once: it must be for this revision, by a key that its payload needs, and verify.
 * @throws CER_SIGNATURE_OTHER_PLAN, CER_SIGNATURE_FOREIGN, CER_SIGNATURE_REPEATED
 * @throws CER_SIGNATURE_INVALID – evidence
 */
export async function addSignature(event: Event, review: Review, signature: SignatureDocument): Promise<string> {
  assertSamePlan(event, signature);
  verifySignatures(review.frozen, [signature]);
  assertSecondOpinion(review, signature);
  await makeDirectory(event.layout.signatures);
  const path = join(event.layout.signatures, signatureFileName(signature));
  try {
    await createFile(path, formatSignature(signature));
  } catch (cause) {
    if (!(cause instanceof ToolkitError) || cause.code !== 'CORE_FILE_EXISTS') throw cause;
    throw new ToolkitError('CER_SIGNATURE_REPEATED', {
      message: `${path}: this key has signed already`,
      fault: 'input',
      data: { role: signature.role, version: signature.version, keyid: signature.keyid },
      hint: 'nothing to do: a key that signs twice counts once',
      cause,
    });
  }
  return path;
}

/**
 * Reads the signatures of an event. Each must be for the plan as it is now.
 * @throws CER_SIGNATURE_FILE, CER_SIGNATURE_OTHER_PLAN
 */
export async function readSignatures(event: Event): Promise<readonly SignatureDocument[]> {
  const directory = event.layout.signatures;
  const names = await readdir(directory).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return [];
    throw unreadable(directory, error);
  });
  // What a killed run left of a file begins with a dot.
  const files = names
    .filter((name) => !name.startsWith('.'))
    .sort()
    .map(async (name) => {
      const path = join(directory, name);
      const signature = parseSignature(await readFileCapped(path, signatureFormat.maxBytes), path);
      assertSamePlan(event, signature);
      return signature;
    });
  return await Promise.all(files);
}

function assertSamePlan({ plan, planDigest }: Event, signature: SignatureDocument): void {
  const same =
    signature.repository === plan.repository.id &&
    signature.event === plan.event &&
    signature.planDigest === planDigest;
  if (same) return;
  throw new ToolkitError('CER_SIGNATURE_OTHER_PLAN', {
    message: `signature for ${signature.event} revision ${signature.revision}, plan ${signature.planDigest.slice(0, 16)}: expected ${plan.event} revision ${plan.revision}, plan ${planDigest.slice(0, 16)}`,
    fault: 'input',
    data: { expected: planDigest, got: signature.planDigest, event: signature.event, revision: signature.revision },
    hint: 'it was made for another event, another repository, or a revision that was amended since: have it signed again',
  });
}
