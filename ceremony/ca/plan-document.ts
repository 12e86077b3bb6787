import { createPublicKey, type KeyObject } from 'node:crypto';
import { type CaEventKind, type CaIntentOf, caEventKinds } from '../../src/config/ca-intent.ts';
import { formatInstant } from '../../src/core/clock.ts';
import { ToolkitError } from '../../src/core/error.ts';
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
  parsed,
  sha256Text,
  text,
} from '../../src/core/shape.ts';
import type { SignatureAlgorithm } from '../../src/core/signer.ts';
import type { ProfileName } from '../../src/x509/extensions.ts';
import type { Subject } from '../../src/x509/subject.ts';
import { holderId, line, maxDocumentBytes, parseAsWritten } from '../holders/document.ts';
import { type RepositoryIdentity, repositoryId } from '../root-signing/identity.ts';

export type CaUse = CaIntentOf<'ca-genesis'>['ca'];
export type Custody = CaIntentOf<'ca-genesis'>['custody'];

/** A certificate, but for the key of a root that is not born yet. */
export interface PlannedCertificate {
  readonly profile: ProfileName;
  /** Absent in a cross-certificate, which has that of the root it is for. */
  readonly subject: Subject | undefined;
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Of the key that signs. */
  readonly algorithm: SignatureAlgorithm;
  /** The key that is certified; only in a certificate for the key of a server. */
  readonly publicKey: KeyObject | undefined;
  /** The other root in PEM; only in a cross-certificate. */
  readonly root: string | undefined;
  /** SHA-256 of the certificate that it is issued by; absent in a root. */
  readonly issuerSha256: string | undefined;
  /** Where it goes, in the directory of the authority. */
  readonly path: string;
  /** SHA-256 of the bytes to sign; of a root, with zeros for its key (`tbsWithoutKey`). */
  readonly tbsSha256: string;
}

/** What a genesis settles for the life of an authority. */
export interface PlannedAuthority {
  readonly use: CaUse;
  readonly custody: Custody;
  readonly shares: { readonly threshold: number; readonly holders: readonly string[] };
  readonly policyUrl: string;
}

/**
 * The plan of one event of an offline authority, as a file. Its digest is what holders authorise: it covers every byte
 * that the key will sign.
 */
export interface CaPlan {
  readonly repository: Pick<RepositoryIdentity, 'id' | 'name'>;
  readonly event: string;
  readonly kind: CaEventKind;
  readonly reason: string;
  /** The authority whose key signs, or which is retired. */
  readonly ca: string;
  /** All of them must. */
  readonly authorisedBy: readonly string[];
  readonly intentSha256: string;
  readonly planned: Date;
  readonly signUntil: Date;
  readonly authority: PlannedAuthority | undefined;
  readonly certificate: PlannedCertificate | undefined;
  /** Of a retirement: since when the key may have been in other hands. */
  readonly since: Date | undefined;
  readonly rehearsal: boolean;
}

const profileNames = [
  'fulcio-offline-root',
  'tsa-offline-root',
  'fulcio-intermediate',
  'tsa-intermediate',
  'tsa-leaf',
  'fulcio-cross',
  'tsa-cross',
] as const satisfies readonly ProfileName[];

const planFormat: Format<CaPlan> = {
  name: 'sigstead-ca-plan/v1',
  read: object({
    repository: object({ id: repositoryId, name: text }),
    event: text,
    kind: oneOf(...caEventKinds),
    reason: text,
    ca: holderId,
    authorisedBy: list(holderId),
    intentSha256: sha256Text,
    planned: instant,
    signUntil: instant,
    authority: optional(
      object({
        use: oneOf('fulcio-root', 'tsa-root'),
        custody: oneOf('token', 'shares'),
        shares: object({ threshold: count, holders: list(holderId) }),
        policyUrl: text,
      }),
    ),
    certificate: optional(
      object({
        profile: oneOf(...profileNames),
        subject: optional(object({ organization: line, commonName: line })),
        serial: matching(/^[4-7][0-9a-f]{39}$/, 'a serial number of 20 octets'),
        notBefore: instant,
        notAfter: instant,
        algorithm: oneOf('ecdsa-p256-sha256', 'ecdsa-p384-sha384', 'ed25519'),
        publicKey: optional(parsed(text, publicKeyOf)),
        root: optional(text),
        issuerSha256: optional(sha256Text),
        path: matching(
          /^(?:root|(?:issued|cross)\/\d{4}-[a-z0-9-]+)\.pem$/,
          'a place in the directory of an authority',
        ),
        tbsSha256: sha256Text,
      }),
    ),
    since: optional(instant),
    rehearsal: boolean,
  }),
  maxBytes: maxDocumentBytes,
  code: 'CER_CA_PLAN_FILE',
  hint: 'plan another event, or put back the plan.json that was authorised',
};

export function formatCaPlan(plan: CaPlan): string {
  const { planned, signUntil, since, certificate, ...rest } = plan;
  const fields = {
    ...rest,
    planned: formatInstant(planned),
    signUntil: formatInstant(signUntil),
    ...(since && { since: formatInstant(since) }),
    ...(certificate && {
      certificate: {
        ...certificate,
        notBefore: formatInstant(certificate.notBefore),
        notAfter: formatInstant(certificate.notAfter),
        publicKey: certificate.publicKey?.export({ type: 'spki', format: 'pem' }).toString(),
      },
    }),
  };
  return formatDocument(planFormat, toJson(fields) as JsonObject);
}

/**
 * Parses a plan. Bytes that we would write otherwise are refused: its digest is compared by people.
 * @throws CER_CA_PLAN_FILE, CORE_JSON, CORE_TOO_LARGE
 */
export function parseCaPlan(bytes: Uint8Array, what: string): CaPlan {
  return parseAsWritten(bytes, planFormat, { write: formatCaPlan, what });
}

function publicKeyOf(pem: string): KeyObject {
  try {
    return createPublicKey(pem);
  } catch (cause) {
    throw new ToolkitError(planFormat.code, {
      message: 'expected a public key in PEM',
      fault: 'input',
      hint: planFormat.hint,
      cause,
    });
  }
}
