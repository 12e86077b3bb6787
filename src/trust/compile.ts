import { X509Certificate } from 'node:crypto';
import { toBase64, utf8 } from '../core/bytes.ts';
import { floorToSecond } from '../core/clock.ts';
import { spkiOf } from '../core/digest.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { assertNoErrors, type Finding } from '../core/rules.ts';
import { ctLogId } from '../tlog/ct-key.ts';
import { rekorLogId } from '../tlog/rekor-key.ts';
import type { CertificateChain } from '../x509/chain.ts';
import { keyDetailsOf } from './keys.ts';
import { lintTrust } from './lint.ts';
import type { CtMaterial, FulcioMaterial, RekorMaterial, TimestampMaterial, TrustMaterial } from './material.ts';
import { type AuthorityPeriod, formatPeriod } from './period.ts';
import { signingConfigFile, signingConfigMediaType } from './signing-config.ts';
import { trustedRootFile, trustedRootMediaType } from './trusted-root.ts';

/** Names of the compiled files. The first two are TUF targets; the third is both in one, for `sigstore --trust-config`. */
export const trustFileNames = {
  trustedRoot: trustedRootFile,
  signingConfig: signingConfigFile,
  clientTrustConfig: 'client_trust_config.json',
} as const;

const clientTrustConfigMediaType = 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json';

/** The files that clients read, as bytes: the same material always gives the same ones. */
export interface CompiledTrust {
  readonly trustedRoot: Uint8Array;
  readonly signingConfig: Uint8Array;
  readonly clientTrustConfig: Uint8Array;
  /** What the lint found that no client refuses; for the caller to pass on. */
  readonly warnings: readonly Finding[];
}

/**
 * Compiles an instance's material into the files that clients read, and lints them before anybody sees them.
 * Entries that no longer sign stay in the trusted root: what they signed keeps verifying.
 * @throws TRUST_LINT with every rule that the files would break
 * @throws TLOG_KEY for a log key or an origin that no log can have
 */
export function compileTrust(material: TrustMaterial, options: { readonly now: Date }): CompiledTrust {
  const trustedRoot = trustedRootJson(material);
  const signingConfig = signingConfigJson(material);
  const compiled = {
    trustedRoot: pretty(trustedRoot),
    signingConfig: pretty(signingConfig),
    clientTrustConfig: pretty({ mediaType: clientTrustConfigMediaType, trustedRoot, signingConfig }),
  };
  const findings = lintTrust(compiled, options);
  assertNoErrors(findings, 'TRUST_LINT', 'trust material');
  return { ...compiled, warnings: findings };
}

function trustedRootJson(material: TrustMaterial): JsonObject {
  return {
    mediaType: trustedRootMediaType,
    tlogs: oldestFirst(material.rekor).map((log) => logJson(log, rekorLogId(log.origin, log.publicKey))),
    certificateAuthorities: oldestFirst(material.fulcio).map(authorityJson),
    ctlogs: oldestFirst(material.ct).map((log) => logJson(log, ctLogId(log.publicKey))),
    timestampAuthorities: oldestFirst(material.timestamps).map(authorityJson),
  };
}

/** Clients take the host of `baseUrl` as the name that signs checkpoints, so it is the origin and need not exist. */
function logJson(log: RekorMaterial | CtMaterial, logId: Uint8Array): JsonObject {
  const keyDetails = keyDetailsOf(log.publicKey) ?? 'PUBLIC_KEY_DETAILS_UNSPECIFIED';
  return {
    baseUrl: `https://${log.origin}`,
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: toBase64(spkiOf(log.publicKey)), keyDetails, validFor: formatPeriod(log.validFor) },
    logId: { keyId: toBase64(logId) },
  };
}

function authorityJson(authority: FulcioMaterial | TimestampMaterial): JsonObject {
  return {
    subject: rootSubject(authority.chain),
    uri: authority.uri,
    certChain: { certificates: authority.chain.der.map((der) => ({ rawBytes: toBase64(der) })) },
    validFor: formatPeriod(authority.validFor),
  };
}

/** As cosign writes it: the root's organization and common name. */
function rootSubject(chain: CertificateChain): JsonObject {
  const root = chain.der.at(-1);
  const subject = root && new X509Certificate(root).toLegacyObject().subject;
  return { organization: first(subject?.O), commonName: first(subject?.CN) };
}

function first(names: string | string[] | undefined): string {
  return [names ?? ''].flat()[0] ?? '';
}

function signingConfigJson(material: TrustMaterial): JsonObject {
  const selector = material.selection.timestamps === 'all' ? 'ALL' : 'ANY';
  return {
    mediaType: signingConfigMediaType,
    caUrls: newestFirst(material.fulcio.filter(isSigning)).map((entry) => serviceJson(entry, 1)),
    oidcUrls: newestFirst(material.oidc).map((entry) => serviceJson(entry, 1)),
    rekorTlogUrls: newestFirst(material.rekor.filter(isSigning)).map((entry) => serviceJson(entry, 2)),
    rekorTlogConfig: { selector: 'ANY' },
    tsaUrls: newestFirst(material.timestamps.filter(isSigning)).map((entry) => serviceJson(entry, 1)),
    tsaConfig: { selector },
  };
}

interface Service {
  readonly url: string;
  readonly operator: string;
  readonly validFor: AuthorityPeriod;
}

function serviceJson(service: Service, majorApiVersion: number): JsonObject {
  return {
    url: service.url,
    majorApiVersion,
    validFor: formatPeriod(service.validFor),
    operator: service.operator,
  };
}

function isSigning(entry: { readonly signing: boolean }): boolean {
  return entry.signing;
}

interface Dated {
  readonly validFor: AuthorityPeriod;
}

function oldestFirst<T extends Dated>(entries: readonly T[]): readonly T[] {
  return entries.toSorted((a, b) => startSecond(a) - startSecond(b));
}

/** Entries of one age keep their order: sigstore-python takes the first of the file. */
function newestFirst<T extends Dated>(entries: readonly T[]): readonly T[] {
  return entries.toSorted((a, b) => startSecond(b) - startSecond(a));
}

/** In whole seconds, as it is written: material that was stored and read again compiles to the same bytes. */
function startSecond(entry: Dated): number {
  return floorToSecond(entry.validFor.start).getTime();
}

function pretty(json: Json): Uint8Array {
  return utf8(`${JSON.stringify(json, null, 2)}\n`);
}
