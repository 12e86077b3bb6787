import type { InstanceConfig } from '../src/config/config.ts';
import { defaultHost } from '../src/config/draft.ts';
import { ctLogId } from '../src/services/ct-log.ts';
import {
  ctEdge,
  type EdgeLimits,
  fulcioEdge,
  publicEdgeLimits,
  rekorEdge,
  type ServiceEdge,
  timestampEdge,
  tufEdge,
} from '../src/services/edge.ts';
import { fulcioId } from '../src/services/fulcio.ts';
import { rekorId } from '../src/services/rekor.ts';
import { timestampAuthorityId } from '../src/services/timestamp-authority.ts';
import type { Deployment } from './deployment.ts';

/** One name under which clients find one service. */
export interface EdgeHost {
  /** Service id, or `tuf`. */
  readonly id: string;
  readonly host: string;
  readonly edge: ServiceEdge;
  /** Whose bucket holds the files of its read path; absent where everything comes from a server. */
  readonly bucketOwner?: string;
}

/** Rules of one load balancer that are for read paths: as many hosts can be private in a region. */
export const readSlots = 99;

/** Name of the TUF repository; its bucket is called after it too. */
export const tufHostName = 'tuf';

/**
 * Returns the hosts whose services run in a region: Fulcio and the TUF repository in the one that writes, each shard
 * and each timestamp authority in its own.
 */
export function edgeHosts(
  config: InstanceConfig,
  where: { readonly region: string; readonly writeRegion: string; readonly limits: EdgeLimits },
): readonly EdgeHost[] {
  const { region, writeRegion, limits } = where;
  const { domain } = config.instance;
  const here = (service: { readonly region?: string }) => (service.region ?? writeRegion) === region;
  const central: readonly EdgeHost[] = [
    { id: fulcioId, host: defaultHost(fulcioId, domain), edge: fulcioEdge(limits) },
    { id: tufHostName, host: defaultHost(tufHostName, domain), edge: tufEdge(limits), bucketOwner: tufHostName },
  ];
  return [
    ...(region === writeRegion ? central : []),
    ...config.logs.rekor.filter(here).map((shard) => logHost(rekorId(shard.shard), shard.origin, rekorEdge(limits))),
    ...config.logs.ct.filter(here).map((shard) => logHost(ctLogId(shard.shard), shard.origin, ctEdge(limits))),
    ...config.timestamps
      .filter(here)
      .map(({ name, host }) => ({ id: timestampAuthorityId(name), host, edge: timestampEdge(limits) })),
  ];
}

/** Returns the hosts of every region: what the prober looks at, and an alarm is made for. */
export function instanceHosts({
  config,
  aws,
  names,
}: Pick<Deployment, 'config' | 'aws' | 'names'>): readonly EdgeHost[] {
  const { writeRegion } = names;
  return aws.regions.flatMap((region) => edgeHosts(config, { region, writeRegion, limits: publicEdgeLimits }));
}

function logHost(id: string, host: string, edge: ServiceEdge): EdgeHost {
  return { id, host, edge, bucketOwner: id };
}
