import type { InstanceConfig, LogShardConfig } from '../config/config.ts';
import { ToolkitError } from '../core/error.ts';
import { fulcioConfig, resolveIssuer } from '../identity/fulcio-config.ts';
import type { TrustMaterial } from '../trust/material.ts';
import { ctLogService } from './ct-log.ts';
import { fulcioService } from './fulcio.ts';
import { rekorService } from './rekor.ts';
import type { Backend, ServiceSpec } from './service.ts';
import { timestampAuthorityService } from './timestamp-authority.ts';

export interface ServicesOptions {
  readonly backend: Backend;
  /** Issuer of the local identity provider, for issuers with the preset `local`. */
  readonly localIssuerUrl: string;
}

/**
 * Returns every server of an instance as data, in an order in which they can start.
 * @throws SVC_MATERIAL if the material lacks a shard or authority that the configuration names
 */
export function instanceServices(
  config: InstanceConfig,
  material: TrustMaterial,
  options: ServicesOptions,
): readonly ServiceSpec[] {
  const { backend } = options;
  const fulcioRootsPem = pemOfRoots(material);
  const server = config.aws?.ctLogServer ?? 'kms';
  return [
    ...config.logs.ct.map((shard) => ctLogService(known(shard, material.ct), { fulcioRootsPem, backend, server })),
    ...config.timestamps.map((authority) =>
      timestampAuthorityService(authority, {
        chainPem: newest(material.timestamps, (entry) => entry.name === authority.name, authority.name).chain.pem,
        backend,
      }),
    ),
    ...config.logs.rekor.map((shard) => rekorService(known(shard, material.rekor), { backend })),
    fulcioService({
      key: config.fulcio.key,
      chainPem: newest(material.fulcio, (entry) => entry.signing, 'fulcio').chain.pem,
      issuersConfig: fulcioConfig(config.issuers.map((issuer) => resolveIssuer(issuer, options.localIssuerUrl))),
      issuers: config.issuers.length,
      ctLog: ctLogOf(config, material),
      backend,
    }),
  ];
}

/** Fulcio submits to one log: the last shard of the configuration, which lists them oldest first. */
function ctLogOf(config: InstanceConfig, material: TrustMaterial) {
  const shard = config.logs.ct.at(-1);
  const log = newest(material.ct, (entry) => entry.shard === shard?.shard, shard?.shard ?? 'ct');
  return {
    shard: log.shard,
    origin: log.origin,
    publicKeyPem: log.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** Every Fulcio root that ever was: a CT log accepts chains to roots of old intermediates as well. */
export function pemOfRoots(material: Pick<TrustMaterial, 'fulcio'>): string {
  const roots = material.fulcio.map(
    (entry) =>
      entry.chain.pem
        .trim()
        .split(/(?=-----BEGIN)/)
        .at(-1) ?? '',
  );
  return `${[...new Set(roots.map((root) => root.trim()))].join('\n')}\n`;
}

/**
 * Returns the certificates that Fulcio issues under, of now and before. Not the roots above them, which may issue to
 * others too, and none whose time has ended: it may have been revoked.
 */
export function pemOfIssuers({ fulcio }: Pick<TrustMaterial, 'fulcio'>, now: Date): string {
  const current = fulcio.filter(({ validFor: { end } }) => end === undefined || now <= end);
  const issuing = current.flatMap(
    ({ chain }) =>
      chain.pem
        .trim()
        .split(/(?=-----BEGIN)/)
        .at(0) ?? [],
  );
  return `${[...new Set(issuing.map((issuer) => issuer.trim()))].join('\n')}\n`;
}

/** Passes a shard on if verifiers know it. */
function known(shard: LogShardConfig, entries: readonly { readonly shard: string }[]): LogShardConfig {
  newest(entries, (entry) => entry.shard === shard.shard, shard.shard);
  return shard;
}

function newest<T>(entries: readonly T[], matches: (entry: T) => boolean, name: string): T {
  const entry = entries.findLast(matches);
  if (entry) return entry;
  throw new ToolkitError('SVC_MATERIAL', {
    message: `${name}: the trust material has no entry for it`,
    fault: 'input',
    data: { name },
    hint: 'the configuration names an authority that this instance never created; start with a new state directory, or take it out',
  });
}
