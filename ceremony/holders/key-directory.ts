import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { equalBytes, utf8 } from '../../src/core/bytes.ts';
import { isErrno, ToolkitError } from '../../src/core/error.ts';
import { readFileIfPresent } from '../../src/core/files.ts';
import { unreadable } from '../../src/core/unreadable.ts';
import type { AttestationTrust } from '../../src/x509/piv-chain.ts';
import type { AttestationPolicy, OtherKey } from './attestation.ts';
import { holderIdPattern, maxDocumentBytes } from './document.ts';
import { type Enrolment, parseEnrolment, publicKeyPem } from './enrolment.ts';
import type { KeyScope } from './invitation.ts';
import { otherKeyOf, type VerifiedEnrolment, verifyKeptEnrolment } from './verify-enrolment.ts';

/** The keys of one holder, as `keyholders/<id>/` has them. */
export interface HolderKeys {
  /** Signs for every role of the holder that has no key of its own. */
  readonly main?: VerifiedEnrolment;
  /** Signs targets alone. */
  readonly targets?: VerifiedEnrolment;
}

export interface DirectoryOptions {
  /** Id of the repository, as `repository.json` has it. */
  readonly repository: string;
  readonly policy: AttestationPolicy;
  /** @default Yubico's roots */
  readonly trust?: Partial<AttestationTrust>;
}

const names = {
  all: { key: 'key.json', invitation: 'invitation.json', pub: 'pub.pem', attestation: 'attestation' },
  targets: {
    key: 'targets-key.json',
    invitation: 'targets-invitation.json',
    pub: 'targets-pub.pem',
    attestation: 'targets-attestation',
  },
} as const satisfies Record<KeyScope, object>;

/** Where one key of a holder is kept, by absolute or relative path. */
export interface KeyPaths {
  readonly directory: string;
  readonly key: string;
  readonly invitation: string;
  readonly formerDirectory: string;
}

export function keyPaths(rootSigningDir: string, holder: string, keys: KeyScope): KeyPaths {
  const directory = join(rootSigningDir, 'keyholders', holder);
  const { key, invitation } = names[keys];
  return {
    directory,
    key: join(directory, key),
    invitation: join(directory, invitation),
    formerDirectory: join(directory, 'former'),
  };
}

/** Returns what is written beside an enrolment for people and other tools, by path. */
export function keyCopies(rootSigningDir: string, enrolment: Enrolment): ReadonlyMap<string, string> {
  const { holder, keys } = enrolment.invitation;
  const { pub, attestation } = names[keys];
  const { directory } = keyPaths(rootSigningDir, holder.id, keys);
  const copies = new Map([[join(directory, pub), publicKeyPem(enrolment.publicKey)]]);
  if (!enrolment.attestation) return copies;
  copies.set(join(directory, attestation, 'key_cert.pem'), enrolment.attestation.keyCertificate);
  copies.set(join(directory, attestation, 'device_cert.pem'), enrolment.attestation.deviceCertificate);
  return copies;
}

/**
 * Reads the keys of all holders by their ids, and verifies each proof and attestation again: whoever edits a file in the
 * repository is noticed. What the policy has against a key is among its findings, and no error: else a revoked device
 * would stop the ceremony that removes it.
 * @throws CER_ENROLMENT_COPY, CER_HOLDER_DIRECTORY; and as `parseEnrolment` and `verifyKeptEnrolment`
 */
export async function readHolderKeys(
  rootSigningDir: string,
  options: DirectoryOptions,
): Promise<ReadonlyMap<string, HolderKeys>> {
  const holders = new Map<string, HolderKeys>();
  const others: OtherKey[] = [];
  for (const holder of await listHolders(rootSigningDir)) {
    const main = await readKey(rootSigningDir, { ...options, holder, keys: 'all', others });
    const targets = await readKey(rootSigningDir, { ...options, holder, keys: 'targets', others });
    others.push(...[main, targets].flatMap((key) => (key ? [otherKeyOf(key)] : [])));
    holders.set(holder, { ...(main && { main }), ...(targets && { targets }) });
  }
  return holders;
}

interface KeptKey extends DirectoryOptions {
  readonly holder: string;
  readonly keys: KeyScope;
  readonly others: readonly OtherKey[];
}

async function readKey(rootSigningDir: string, kept: KeptKey): Promise<VerifiedEnrolment | undefined> {
  const path = keyPaths(rootSigningDir, kept.holder, kept.keys).key;
  const bytes = await readFileIfPresent(path, maxDocumentBytes);
  if (!bytes) return undefined;
  const enrolment = parseEnrolment(bytes, path);
  const verified = verifyKeptEnrolment({ ...kept, enrolment, place: kept });
  for (const [copy, content] of keyCopies(rootSigningDir, enrolment)) await assertCopy(copy, content);
  return verified;
}

/** People and other tools read the copies: one that differs would have them trust another key. */
async function assertCopy(path: string, content: string): Promise<void> {
  const bytes = await readFileIfPresent(path, maxDocumentBytes);
  if (!bytes || equalBytes(bytes, utf8(content))) return;
  throw new ToolkitError('CER_ENROLMENT_COPY', {
    message: `${path}: expected a copy of what the enrolment beside it has, got something else`,
    fault: 'evidence',
    data: { path },
    hint: 'find out who changed it; the enrolment is verified, so that the copy can be deleted',
  });
}

/** Returns the ids of holders that have a directory, in order. */
export async function listHolders(rootSigningDir: string): Promise<readonly string[]> {
  const path = join(rootSigningDir, 'keyholders');
  const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return [];
    throw unreadable(path, error);
  });
  const holders = entries.filter((entry) => !entry.isFile()).map(({ name }) => name);
  const foreign = entries.find(
    (entry) => !entry.isFile() && !(entry.isDirectory() && holderIdPattern.test(entry.name)),
  );
  if (foreign) throw foreignEntry(join(path, foreign.name));
  return holders.sort();
}

function foreignEntry(path: string): ToolkitError {
  return new ToolkitError('CER_HOLDER_DIRECTORY', {
    message: `${path}: expected a directory named for a holder, of a-z, 0-9 and "-"`,
    fault: 'input',
    data: { path },
    hint: 'a link, or a directory of another name, would hide the key of a holder: move it away',
  });
}
