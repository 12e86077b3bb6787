import { equalBytes, parseHex } from '../src/core/bytes.ts';
import { formatInstant } from '../src/core/clock.ts';
import { sha256Hex } from '../src/core/digest.ts';
import { ToolkitError } from '../src/core/error.ts';
import type { Fetch } from '../src/core/http.ts';
import { wordLines } from '../src/core/words.ts';
import { directoryStore } from '../src/store/directory-store.ts';
import { maxMetadataBytes, metadataPath, type RoleName, roleNames, timestampPath } from '../src/tuf/layout.ts';
import type { RootMetadata } from '../src/tuf/metadata.ts';
import { httpReader, type ReadFile } from '../src/tuf/reader.ts';
import type { VerifiedRepository } from '../src/tuf/repository.ts';
import { quorumOf, signingStatus } from '../src/tuf/threshold.ts';
import { verifyByTwo } from './candidate.ts';

export interface VerifyOptions {
  /** A directory or an `http(s)` URL: where `timestamp.json` is. */
  readonly metadata: string;
  /** The root that clients pin, byte for byte. */
  readonly pinnedRoot: Uint8Array;
  /** The time to verify for. */
  readonly now: Date;
  readonly fetch?: Fetch;
}

/** What two clients found in a repository; a JSON document. */
export interface VerificationReport {
  readonly metadata: string;
  readonly at: string;
  readonly judges: readonly string[];
  readonly pinnedRoot: RootReport;
  readonly root: RootReport;
  readonly roles: readonly RoleReport[];
  readonly targets: readonly { readonly name: string; readonly length: number; readonly sha256: string }[];
}

export interface RootReport {
  readonly version: number;
  /** Of the file: what `cosign initialize --root-checksum` compares. */
  readonly fileSha256: string;
  /** Of the signed bytes: what holders compare. */
  readonly signedSha256: string;
  /** The same to be read aloud, a line each. */
  readonly signedWords: readonly string[];
}

export interface RoleReport {
  readonly role: RoleName;
  readonly version: number;
  readonly expires: string;
  readonly signatures: { readonly have: number; readonly need: number; readonly of: number };
}

/**
 * Verifies a published repository as clients do, from a pinned root, with two independent clients.
 * @throws as `verifyRepository` and `judgeRepository`; TUF_JUDGES_DISAGREE, CER_METADATA_SOURCE
 * @throws CER_ROOT_CHANGED (evidence) if another root is published under the version of the pinned one
 */
export async function verifyPublished(options: VerifyOptions): Promise<VerificationReport> {
  const read = await openPublished(options);
  const repository = await verifyByTwo({ ...options, read });
  const pinned = repository.roots[0] ?? repository.root;
  await assertPublishedAsPinned(pinned, options.metadata, read);
  return {
    metadata: options.metadata,
    at: formatInstant(options.now),
    judges: ['sigstead', 'tuf-js'],
    pinnedRoot: rootReport(pinned),
    root: rootReport(repository.root),
    roles: roleNames.map((role) => roleReport(repository, role)),
    targets: [...repository.targetFiles].map(([name, bytes]) => ({
      name,
      length: bytes.length,
      sha256: sha256Hex(bytes),
    })),
  };
}

/** No client that pins a root reads it where it is published; who starts from the mirror alone would trust another. */
async function assertPublishedAsPinned({ version, bytes }: RootMetadata, metadata: string, read: ReadFile) {
  const path = metadataPath('root', version);
  const published = await read(path, maxMetadataBytes.root);
  if (published === undefined || equalBytes(published, bytes)) return;
  throw new ToolkitError('CER_ROOT_CHANGED', {
    message: `${metadata}: ${path} is not the root that clients pin`,
    fault: 'evidence',
    data: { metadata, path, pinned: sha256Hex(bytes), published: sha256Hex(published) },
    hint: 'one of the two was changed after it was signed; compare both with what the holders signed',
  });
}

/**
 * Returns what reads a published repository: a directory, or an `http(s)` URL.
 * @throws CER_METADATA_SOURCE if it is neither, or there is none
 */
export async function openPublished({ metadata, fetch }: Pick<VerifyOptions, 'metadata' | 'fetch'>): Promise<ReadFile> {
  const read = readerOf(metadata, fetch);
  // Every repository has this file under this name; the names of the others only it tells.
  if ((await read(timestampPath, maxMetadataBytes.timestamp)) === undefined) throw noRepository(metadata, 'empty');
  return read;
}

function readerOf(metadata: string, fetch: Fetch | undefined): ReadFile {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(metadata)?.[1]?.toLowerCase();
  if (scheme === 'http' || scheme === 'https') return httpReader(metadata, fetch ? { fetch } : {});
  if (scheme === undefined && metadata !== '') {
    const store = directoryStore(metadata);
    return store.read.bind(store);
  }
  throw noRepository(metadata, 'unknown');
}

function noRepository(metadata: string, place: 'unknown' | 'empty'): ToolkitError {
  return new ToolkitError('CER_METADATA_SOURCE', {
    message:
      place === 'unknown'
        ? `metadata: expected a directory or an http(s) URL, got ${JSON.stringify(metadata)}`
        : `${metadata}: expected a published repository, got no ${timestampPath}`,
    fault: 'input',
    data: { metadata },
    hint: `name what holds ${timestampPath}: a directory, or a URL like https://tuf.acme.example`,
  });
}

function rootReport({ version, bytes, canonicalSha256 }: RootMetadata): RootReport {
  const signedWords = wordLines(parseHex(canonicalSha256));
  return { version, fileSha256: sha256Hex(bytes), signedSha256: canonicalSha256, signedWords };
}

function roleReport(repository: VerifiedRepository, role: RoleName): RoleReport {
  const { version, expires, canonical, signatures } = repository[role];
  const { have, need, keys } = signingStatus(canonical, signatures, quorumOf(repository.root, role));
  return { role, version, expires: formatInstant(expires), signatures: { have, need, of: keys.length } };
}
