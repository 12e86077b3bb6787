import type { KeyObject } from 'node:crypto';
import type { LogShardConfig } from '../src/config/config.ts';
import { ToolkitError } from '../src/core/error.ts';
import { fulcioConfig, resolveIssuer } from '../src/identity/fulcio-config.ts';
import { ctLogId, ctLogService } from '../src/services/ct-log.ts';
import { keyOfService } from '../src/services/deployment.ts';
import { fulcioService } from '../src/services/fulcio.ts';
import { pemOfIssuers, pemOfRoots } from '../src/services/instance.ts';
import { rekorId, rekorService } from '../src/services/rekor.ts';
import { isInKeyset, type ServiceSpec } from '../src/services/service.ts';
import { timestampAuthorityId, timestampAuthorityService } from '../src/services/timestamp-authority.ts';
import type { CertificateChain } from '../src/x509/chain.ts';
import { keepsItsOwnKey, type PlacedService } from './access/placement.ts';
import type { Deployment } from './deployment.ts';

const backend = 'aws';

export interface SpecOptions {
  readonly now: Date;
  /** Issuer behind the preset `local`. @default - there is none */
  readonly localIssuerUrl?: string;
}

/**
 * Returns a server as data. Whether everything fits together has been checked before (see `readiness.ts`).
 * @throws AWS_RENDER if something is not there yet
 */
export function specOf(
  service: PlacedService,
  deployment: Deployment,
  { localIssuerUrl = '', now }: SpecOptions,
): ServiceSpec {
  const { config, aws, material, record } = deployment;
  switch (service.kind) {
    case 'rekor':
      return rekorService(there(logConfigOf(service, deployment), service), {
        backend,
        ...(isInKeyset(service.key) && { keyset: there(record.tinkKeys?.get(service.id), service).keyset }),
        ...(aws.writers === 'certificate' && { writerIssuersPem: pemOfIssuers(there(material, service), now) }),
      });
    case 'ct': {
      const fulcioRootsPem = pemOfRoots(there(material, service));
      const shard = there(logConfigOf(service, deployment), service);
      return ctLogService(shard, { fulcioRootsPem, backend, server: aws.ctLogServer });
    }
    case 'timestamp': {
      const authority = config.timestamps.find(({ name }) => timestampAuthorityId(name) === service.id);
      const chainPem = there(newestChain(service, deployment), service).pem;
      return timestampAuthorityService(there(authority, service), { chainPem, backend });
    }
    case 'fulcio':
      return fulcioService({
        key: config.fulcio.key,
        chainPem: there(newestChain(service, deployment), service).pem,
        issuersConfig: fulcioConfig(config.issuers.map((issuer) => resolveIssuer(issuer, localIssuerUrl))),
        issuers: config.issuers.length,
        ctLog: ctLogOf(service, deployment),
        backend,
      });
  }
}

/** Returns the shard of a log's service. */
export function logConfigOf({ id }: Pick<PlacedService, 'id'>, { config }: Deployment): LogShardConfig | undefined {
  const { ct, rekor } = config.logs;
  return ct.find(({ shard }) => ctLogId(shard) === id) ?? rekor.find(({ shard }) => rekorId(shard) === id);
}

/** Tells whether a server asks somebody outside of AWS: Fulcio issuers for their keys, a log its witnesses. */
export function asksOutside(service: Pick<PlacedService, 'id' | 'kind'>, deployment: Deployment): boolean {
  return service.kind === 'fulcio' || logConfigOf(service, deployment)?.witnesses !== undefined;
}

/** Returns the certificate chain that a service issues or signs under from now on. */
export function newestChain({ kind, id }: PlacedService, { material }: Deployment): CertificateChain | undefined {
  if (kind === 'fulcio') return material?.fulcio.findLast(({ signing }) => signing)?.chain;
  if (kind !== 'timestamp') return undefined;
  return material?.timestamps.findLast(({ name, signing }) => signing && timestampAuthorityId(name) === id)?.chain;
}

/** Returns the public key that a service signs with: the recorded one, or what is trusted where it keeps its own. */
export function publicKeyOf(service: PlacedService, deployment: Deployment): KeyObject | undefined {
  if (!keepsItsOwnKey(service, deployment)) return keyOfService(service, deployment.record)?.publicKey;
  return deployment.material?.ct.findLast(({ shard }) => ctLogId(shard) === service.id)?.publicKey;
}

export function pemOf(publicKey: KeyObject): string {
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

/** The CT log that Fulcio submits to: the last shard of the configuration, which lists them oldest first. */
function ctLogOf(service: PlacedService, deployment: Deployment) {
  const { shard, origin, region, key } = there(deployment.config.logs.ct.at(-1), service);
  const log = { id: ctLogId(shard), kind: 'ct', region: region ?? '', key, program: '' } as const;
  return { shard, origin, publicKeyPem: pemOf(there(publicKeyOf(log, deployment), service)) };
}

function there<T>(value: T | undefined, { id }: PlacedService): T {
  if (value !== undefined) return value;
  const message = `${id}: it is rendered before everything that it needs is there`;
  throw new ToolkitError('AWS_RENDER', { message, fault: 'caller', data: { service: id } });
}
