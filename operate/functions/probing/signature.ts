import { bundleFromJSON, bundleToJSON } from '@sigstore/bundle';
import { bundleBuilderFromSigningConfig } from '@sigstore/sign';
import { initTUF } from '@sigstore/tuf';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { utf8 } from '../../../src/core/bytes.ts';
import { isValidAt } from '../../../src/trust/period.ts';
import { parseSigningConfig, type SigningConfigView, signingConfigFile } from '../../../src/trust/signing-config.ts';
import {
  parseTrustedRoot,
  type TrustedRootView,
  trustedRootFile,
  trustedRootMessage,
} from '../../../src/trust/trusted-root.ts';
import type { ProberIdentity } from './token-source.ts';

type SigningConfig = SigningConfigView['specs'];

export interface PublishedTrust {
  readonly trustedRoot: TrustedRootView;
  readonly trustedRootBytes: Uint8Array;
  readonly signingConfig: SigningConfigView;
}

export interface TrustSource {
  readonly tufUrl: string;
  /** Path of the pinned root. */
  readonly rootFile: string;
  /** A directory that may be written to; what is left in it from another time is used again. */
  readonly cache: string;
}

const fetchOptions = { timeout: 30_000, retry: { retries: 1 } };
const day = 24 * 60 * 60_000;

/** Fetches what clients fetch, by the client that sigstore-js uses. */
export async function fetchTrust({ tufUrl, rootFile, cache }: TrustSource): Promise<PublishedTrust> {
  const tuf = await initTUF({ mirrorURL: tufUrl, rootPath: rootFile, cachePath: cache, ...fetchOptions });
  const trustedRootBytes = utf8(await tuf.getTarget(trustedRootFile));
  const signingConfig = utf8(await tuf.getTarget(signingConfigFile));
  return {
    trustedRoot: parseTrustedRoot(trustedRootBytes, trustedRootFile),
    trustedRootBytes,
    signingConfig: parseSigningConfig(signingConfig, signingConfigFile),
  };
}

/** Signs a blob with the services of the instance, as a user of sigstore-js does; returns the bundle's JSON. */
export async function signBlob(blob: Uint8Array, specs: SigningConfig, token: string): Promise<unknown> {
  const builder = bundleBuilderFromSigningConfig({
    signingConfig: specs,
    identityProvider: { getToken: async () => token },
    bundleType: 'messageSignature',
    fetchOptions,
  });
  return bundleToJSON(await builder.create({ data: Buffer.from(blob) }));
}

/** Verifies a bundle as a user does: one log, one SCT, one timestamp, and the identity that signed. */
export function verifyBlob(bundle: unknown, blob: Uint8Array, trust: PublishedTrust, expected: ProberIdentity): void {
  const entity = toSignedEntity(bundleFromJSON(bundle), Buffer.from(blob));
  const material = toTrustMaterial(trustedRootMessage(trust.trustedRootBytes, trustedRootFile));
  const verifier = new Verifier(material, { tlogThreshold: 1, ctlogThreshold: 1, timestampThreshold: 1 });
  verifier.verify(entity, {
    subjectAlternativeName: exactly(expected.identity),
    extensions: { issuer: expected.issuer },
  });
}

/**
 * Returns the signing configuration with one log and one timestamp authority: another pair each time, so that each is
 * asked in turn. sigstore-js signs with one of each, and refuses a configuration that wants more.
 */
export function turnOf(config: SigningConfigView, turn: number, now: Date): SigningConfig {
  const { specs } = config;
  // `ANY`; the enumeration stays where files of clients are parsed.
  const any = { selector: 2, count: 0 };
  const pick = <T>(
    offered: readonly { readonly validFor: { readonly start: Date; readonly end?: Date } }[],
    all: readonly T[],
  ) => {
    const valid = all.filter((_, index) => offered[index] && isValidAt(offered[index].validFor, now));
    return valid.filter((_, index) => index === turn % valid.length);
  };
  return {
    ...specs,
    rekorTlogUrls: pick(config.rekor, specs.rekorTlogUrls),
    rekorTlogConfig: any,
    tsaUrls: pick(config.timestamps, specs.tsaUrls),
    tsaConfig: any,
  };
}

/** Days until the first certificate of a chain ends. */
export function daysLeft(validTo: readonly Date[], now: Date): number {
  return (Math.min(...validTo.map((date) => date.getTime())) - now.getTime()) / day;
}

/** sigstore-js reads a text policy as a regular expression in some versions: anchor and escape it. */
function exactly(identity: string): RegExp {
  return new RegExp(`^${identity.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}$`);
}
