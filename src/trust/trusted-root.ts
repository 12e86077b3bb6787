import type { KeyObject } from 'node:crypto';
import { HashAlgorithm, PublicKeyDetails, TrustedRoot } from '@sigstore/protobuf-specs';
import { parseBase64 } from '../core/bytes.ts';
import { ToolkitError } from '../core/error.ts';
import { list, object, oneOf, optional, parsed, type Read, type Reading, text } from '../core/shape.ts';
import { type CertificateChain, chainOf } from '../x509/chain.ts';
import { assertClientFile, readClientFile } from './client-file.ts';
import { parseSpki } from './keys.ts';
import { type AuthorityPeriod, protobufPeriod } from './period.ts';

/** sigstore-go, sigstore-python and sigstore-java accept this one only, although the schema also knows v0.2. */
export const trustedRootMediaType = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1';

/** Name of the TUF target that every client reads. */
export const trustedRootFile = 'trusted_root.json';

export interface TrustedLog {
  /** Where it stands in the file, e.g. `tlogs[0]`. */
  readonly path: string;
  readonly baseUrl: string;
  readonly hashAlgorithm: string;
  readonly publicKey: KeyObject;
  readonly keyDetails: string;
  readonly logId: Uint8Array;
  readonly validFor: AuthorityPeriod;
}

export interface TrustedAuthority {
  /** Where it stands in the file, e.g. `timestampAuthorities[1]`. */
  readonly path: string;
  readonly uri: string;
  readonly organization: string;
  readonly commonName: string;
  readonly chain: CertificateChain;
  readonly validFor: AuthorityPeriod;
}

/** A trusted root whose every key and certificate parses; whether clients accept it is the linter's question. */
export interface TrustedRootView {
  readonly tlogs: readonly TrustedLog[];
  readonly certificateAuthorities: readonly TrustedAuthority[];
  readonly ctlogs: readonly TrustedLog[];
  readonly timestampAuthorities: readonly TrustedAuthority[];
}

const bytes: Read<Uint8Array> = parsed(text, (value) => parseBase64(value));

/** `operator` and `checkpointKeyId` belong to v0.2: in a v0.1 file they broke clients, so here they are unknown. */
const log: Read<TrustedLog> = (json, path) => {
  const { publicKey, logId, ...rest } = logFields(json, path);
  return { path, ...rest, ...publicKey, publicKey: publicKey.rawBytes, logId: logId.keyId };
};

const logFields = object({
  baseUrl: text,
  hashAlgorithm: oneOf(...namesOf(HashAlgorithm)),
  publicKey: object({
    rawBytes: parsed(bytes, parseSpki),
    keyDetails: oneOf(...namesOf(PublicKeyDetails)),
    validFor: protobufPeriod,
  }),
  logId: object({ keyId: bytes }),
});

const authority: Read<TrustedAuthority> = (json, path) => {
  const { subject, uri = '', certChain, validFor } = authorityFields(json, path);
  return { path, uri, ...subject, chain: certChain, validFor };
};

const authorityFields = object({
  subject: object({ organization: text, commonName: text }),
  uri: optional(text),
  certChain: parsed(object({ certificates: list(object({ rawBytes: bytes })) }), ({ certificates }) => {
    if (certificates.length === 0) throw emptyChain();
    return chainOf(...certificates.map(({ rawBytes }) => rawBytes));
  }),
  validFor: protobufPeriod,
});

const trustedRoot: Read<TrustedRootView> = object({
  mediaType: oneOf(trustedRootMediaType),
  tlogs: list(log),
  certificateAuthorities: list(authority),
  ctlogs: list(log),
  timestampAuthorities: parsed(optional(list(authority)), (authorities) => authorities ?? []),
});

/**
 * Parses a trusted root of media type v0.1 strictly: all required fields and no others, base64 of one spelling, keys
 * and certificates that parse, a start for every period.
 * @throws CORE_JSON, CORE_TOO_LARGE, TRUST_FORMAT with every problem
 * @see https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_trustroot.proto
 */
export function parseTrustedRoot(file: Uint8Array, what: string): TrustedRootView {
  return assertClientFile(readTrustedRoot(file, what), what);
}

/**
 * Reads a trusted root and returns its problems instead of throwing them.
 * @throws CORE_JSON, CORE_TOO_LARGE
 */
export function readTrustedRoot(file: Uint8Array, what: string): Reading<TrustedRootView> {
  return readClientFile(trustedRoot, file, what);
}

/**
 * Returns a trusted root as other libraries take it. It must be one that we read as well.
 * @throws CORE_JSON, CORE_TOO_LARGE, TRUST_FORMAT
 */
export function trustedRootMessage(file: Uint8Array, what: string): TrustedRoot {
  parseTrustedRoot(file, what);
  return TrustedRoot.fromJSON(JSON.parse(Buffer.from(file).toString('utf8')));
}

function emptyChain(): ToolkitError {
  return new ToolkitError('TRUST_FORMAT', { message: 'expected at least one certificate, got none', fault: 'input' });
}

/** Names of an enumeration of protobuf, which its JSON form uses. */
function namesOf(enumeration: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(enumeration).filter((name) => Number.isNaN(Number(name)));
}
