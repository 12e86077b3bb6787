import { formatInstant } from '../../src/core/clock.ts';
import { type Format, formatDocument } from '../../src/core/formatted.ts';
import { type JsonObject, toJson } from '../../src/core/json.ts';
import {
  boolean,
  count,
  instant,
  list,
  matching,
  object,
  oneOf,
  optional,
  sha256Text,
  text,
} from '../../src/core/shape.ts';
import type { SignatureAlgorithm } from '../../src/core/signer.ts';
import type { KeyAttributes } from '../../src/keys/pkcs11/key-objects.ts';
import type { ShareSet } from '../../src/keys/shares.ts';
import { holderId, maxDocumentBytes } from '../holders/document.ts';
import { repositoryId } from '../root-signing/identity.ts';
import type { CaUse, Custody } from './plan-document.ts';

/** What genesis settled of an authority: its ca.json. */
export interface CaDocument {
  readonly name: string;
  readonly use: CaUse;
  readonly custody: Custody;
  readonly policyUrl: string;
  readonly algorithm: SignatureAlgorithm;
  readonly certificateSha256: string;
  readonly authorisedBy: readonly string[];
  /** Whether it was made for a rehearsal, and is good for nothing else. */
  readonly rehearsal: boolean;
  /** The event that made it, and the digest of its plan. */
  readonly event: string;
  readonly planSha256: string;
  readonly created: Date;
  /** Of a key in a token: where it is, and what the token says of how it keeps it. */
  readonly keyUri: string | undefined;
  readonly keyAttributes: KeyAttributes | undefined;
  /** Of a key with shares: the encrypted file, whose copies are compared with it. */
  readonly encryptedKeySha256: string | undefined;
}

/** That a backup was restored, and signed. */
export interface ProofDocument {
  /** Id of the repository. */
  readonly repository: string;
  readonly ca: string;
  readonly at: Date;
  /** Of the shares that were used. */
  readonly set: string;
  readonly by: readonly string[];
  readonly certificateSha256: string;
  readonly nonce: string;
  /** Over `proofMessage`, by the key of the authority. */
  readonly sig: string;
}

export interface RetiredDocument {
  readonly ca: string;
  readonly at: Date;
  readonly reason: string;
  /** When the key may first have been in other hands. */
  readonly since: Date | undefined;
  readonly event: string;
  readonly planSha256: string;
  readonly authorisedBy: readonly string[];
}

const common = {
  maxBytes: maxDocumentBytes,
  code: 'CER_CA_FILE',
  hint: 'put it back as `sigstead ceremony` wrote it; nothing in cas/ is edited by hand',
} as const;

const hex = (digits: number) =>
  matching(new RegExp(`^[0-9a-f]{${digits}}$`), `${digits} lower-case hexadecimal digits`);

export const caFormat: Format<CaDocument> = {
  ...common,
  name: 'sigstead-ca/v1',
  read: object({
    name: holderId,
    use: oneOf('fulcio-root', 'tsa-root'),
    custody: oneOf('token', 'shares'),
    policyUrl: text,
    algorithm: oneOf('ecdsa-p256-sha256', 'ecdsa-p384-sha384', 'ed25519'),
    certificateSha256: sha256Text,
    authorisedBy: list(holderId),
    rehearsal: boolean,
    event: text,
    planSha256: sha256Text,
    created: instant,
    keyUri: optional(text),
    keyAttributes: optional(
      object({
        sensitive: boolean,
        extractable: boolean,
        alwaysSensitive: boolean,
        neverExtractable: boolean,
        local: boolean,
        alwaysAuthenticate: boolean,
      }),
    ),
    encryptedKeySha256: optional(sha256Text),
  }),
};

export const shareSetFormat: Format<ShareSet> = {
  ...common,
  name: 'sigstead-ca-shares/v1',
  read: object({
    id: hex(8),
    subject: holderId,
    threshold: count,
    commitment: sha256Text,
    shares: list(object({ holder: holderId, sha256: sha256Text })),
  }),
};

export const proofFormat: Format<ProofDocument> = {
  ...common,
  name: 'sigstead-ca-proof/v1',
  read: object({
    repository: repositoryId,
    ca: holderId,
    at: instant,
    set: hex(8),
    by: list(holderId),
    certificateSha256: sha256Text,
    nonce: hex(64),
    sig: matching(/^(?:[0-9a-f]{2}){1,256}$/, 'lower-case hexadecimal'),
  }),
};

export const retiredFormat: Format<RetiredDocument> = {
  ...common,
  name: 'sigstead-ca-retired/v1',
  read: object({
    ca: holderId,
    at: instant,
    reason: text,
    since: optional(instant),
    event: text,
    planSha256: sha256Text,
    authorisedBy: list(holderId),
  }),
};

/** Writes one of these documents; its times have whole seconds. */
export function formatCaDocument<T extends object>(format: Format<T>, document: T): string {
  const entries = Object.entries(document).map(([name, value]) => [
    name,
    value instanceof Date ? formatInstant(value) : value,
  ]);
  return formatDocument(format, toJson(Object.fromEntries(entries)) as JsonObject);
}
