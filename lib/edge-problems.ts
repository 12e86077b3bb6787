import { publicEdgeLimits } from '../src/services/edge.ts';
import type { Deployment } from './deployment.ts';
import { edgeHosts, readSlots } from './edge-hosts.ts';
import { partitionOf } from './names.ts';
import type { ReadinessProblem } from './readiness-problems.ts';

type Edge = Pick<Deployment, 'config' | 'aws' | 'names'>;

/** Returns why clients could not reach an instance as its configuration says. */
export function edgeProblems(deployment: Edge): readonly ReadinessProblem[] {
  return [
    ...partitionProblems(deployment),
    ...writerProblems(deployment),
    ...zoneProblems(deployment),
    ...hostCountProblems(deployment),
  ];
}

function partitionProblems({ config, aws: { access, regions } }: Edge): readonly ReadinessProblem[] {
  const outside = access === 'public' ? regions.filter((region) => partitionOf(region) !== 'aws') : [];
  if (outside.length === 0) return [];
  return [
    {
      ...{ code: 'AWS_EDGE_PARTITION', fault: 'input' },
      message: `${config.file}: aws.access: expected private in ${outside.join(', ')}, got public: VPC origins of CloudFront are in the partition aws only`,
      hint: 'set aws.access to private, and put an entrance of your own in front of its load balancer',
    },
  ];
}

function writerProblems({ config, aws: { access, writers, clientNetworks } }: Edge): readonly ReadinessProblem[] {
  if (access !== 'public' || writers !== 'network' || !clientNetworks.every(isInternal)) return [];
  return [
    {
      ...{ code: 'AWS_WRITERS_NETWORK', fault: 'input' },
      message: `${config.file}: aws.clientNetworks: expected public addresses, got ${clientNetworks.join(', ')}: no writer comes from there over the Internet`,
      hint: 'list the addresses that your networks have on the Internet, or set aws.access to private',
    },
  ];
}

/** Names and certificates are made in the zone, which holds names of its domain only. */
function zoneProblems({ config, aws }: Edge): readonly ReadinessProblem[] {
  if (aws.zone === undefined) return [];
  const { domain } = config.instance;
  return chosenHosts(config)
    .filter(({ host }) => !host.endsWith(`.${domain}`))
    .map(({ where, host }) => ({
      ...{ code: 'AWS_HOST_OUTSIDE_ZONE', fault: 'input' },
      message: `${config.file}: ${where}: expected a name under ${domain}, the domain of the hosted zone, got ${host}`,
      hint: 'take `origin` or `host` out of these services, so that they get names under the domain; or take `aws.zone` out, and make names and certificates yourself',
    }));
}

/** Fulcio and the TUF repository are always under the domain. */
function chosenHosts({ logs, timestamps }: Edge['config']) {
  const shards = (['rekor', 'ct'] as const).flatMap((kind) =>
    logs[kind].map(({ origin }, index) => ({ where: `logs.${kind}[${index}].origin`, host: origin })),
  );
  return [...shards, ...timestamps.map(({ host }, index) => ({ where: `timestamps[${index}].host`, host }))];
}

function hostCountProblems({ config, aws, names: { writeRegion } }: Edge): readonly ReadinessProblem[] {
  if (aws.access !== 'private') return [];
  return aws.regions.flatMap((region): readonly ReadinessProblem[] => {
    const { length } = edgeHosts(config, { region, writeRegion, limits: publicEdgeLimits });
    if (length <= readSlots) return [];
    return [
      {
        ...{ code: 'AWS_PRIVATE_HOSTS', fault: 'input' },
        message: `${config.file}: logs: expected at most ${readSlots} hosts in ${region}, got ${length}`,
        hint: 'a load balancer takes 100 rules: put further shards into another region',
      },
    ];
  });
}

function isInternal(range: string): boolean {
  return /^(?:10\.|127\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)/.test(range);
}
