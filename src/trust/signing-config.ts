import { SigningConfig } from '@sigstore/protobuf-specs';
import { count, list, object, oneOf, optional, parsed, type Read, type Reading, text } from '../core/shape.ts';
import { assertClientFile, readClientFile } from './client-file.ts';
import { type AuthorityPeriod, protobufPeriod } from './period.ts';

/** The one version that cosign, sigstore-python and sigstore-java read. */
export const signingConfigMediaType = 'application/vnd.dev.sigstore.signingconfig.v0.2+json';

/** Name of the TUF target that clients sign with. */
export const signingConfigFile = 'signing_config.v0.2.json';

export interface OfferedService {
  /** Where it stands in the file, e.g. `tsaUrls[1]`. */
  readonly path: string;
  readonly url: string;
  readonly majorApiVersion: number;
  readonly validFor: AuthorityPeriod;
  readonly operator: string;
}

/** How many of the offered services a signer uses. `count` matters to `EXACT` only. */
export interface ServiceSelection {
  readonly selector: 'ANY' | 'ALL' | 'EXACT';
  readonly count: number;
}

export interface SigningConfigView {
  readonly fulcio: readonly OfferedService[];
  readonly oidc: readonly OfferedService[];
  readonly rekor: readonly OfferedService[];
  readonly timestamps: readonly OfferedService[];
  /** `undefined` where the file says nothing: sigstore-js then uses none at all. */
  readonly rekorSelection: ServiceSelection | undefined;
  readonly timestampSelection: ServiceSelection | undefined;
  /** The same file as sigstore-js wants it. */
  readonly specs: SigningConfig;
}

const service: Read<OfferedService> = (json, path) => ({ path, ...serviceFields(json, path) });

const serviceFields = object({ url: text, majorApiVersion: count, validFor: protobufPeriod, operator: text });

const services: Read<readonly OfferedService[]> = parsed(optional(list(service)), (offered) => offered ?? []);

const selection: Read<ServiceSelection | undefined> = parsed(
  optional(object({ selector: oneOf('ANY', 'ALL', 'EXACT'), count: optional(count) })),
  (given) => given && { selector: given.selector, count: given.count ?? 0 },
);

const signingConfig: Read<SigningConfigView> = (json, path) => {
  const fields = signingConfigFields(json, path);
  return {
    fulcio: fields.caUrls,
    oidc: fields.oidcUrls,
    rekor: fields.rekorTlogUrls,
    timestamps: fields.tsaUrls,
    rekorSelection: fields.rekorTlogConfig,
    timestampSelection: fields.tsaConfig,
    specs: SigningConfig.fromJSON(json),
  };
};

const signingConfigFields = object({
  mediaType: oneOf(signingConfigMediaType),
  caUrls: services,
  oidcUrls: services,
  rekorTlogUrls: services,
  rekorTlogConfig: selection,
  tsaUrls: services,
  tsaConfig: selection,
});

/**
 * Parses a signing configuration of media type v0.2 strictly (see `parseTrustedRoot`).
 * @throws CORE_JSON, CORE_TOO_LARGE, TRUST_FORMAT with every problem
 * @see https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_trustroot.proto
 */
export function parseSigningConfig(file: Uint8Array, what: string): SigningConfigView {
  return assertClientFile(readSigningConfig(file, what), what);
}

/**
 * Reads a signing configuration and returns its problems instead of throwing them.
 * @throws CORE_JSON, CORE_TOO_LARGE
 */
export function readSigningConfig(file: Uint8Array, what: string): Reading<SigningConfigView> {
  return readClientFile(signingConfig, file, what);
}
