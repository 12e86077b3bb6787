import { isLog, placedServices } from '../access/placement.ts';
import type { Deployment } from '../deployment.ts';

/** Why a finding of cdk-nag stands. Reasons about one role or bucket are where it is made; these are about kinds. */
export interface Acknowledgement {
  /** As cdk-nag reports it: one acknowledgement is for one finding. */
  readonly id: string;
  /** Paths of the constructs that it is about. */
  readonly where: RegExp;
  readonly reason: string;
}

const rows: readonly Acknowledgement[] = [
  {
    id: 'AwsSolutions-S1',
    where: /-Network[^/]*\/AccessLogs\/Resource$/,
    reason: 'it is where access is logged: its own log would be about itself, and grow by itself',
  },
  {
    id: 'AwsSolutions-SMG4',
    where: /-Database[^/]*\/(?:Database\/Admin|Shards\/[A-Za-z0-9]+Secret)\/Resource$/,
    reason: 'a server reads its password once, at its start: one that changed behind it would end the log hours later',
  },
  {
    id: 'AwsSolutions-RDS6',
    where: /-Database[^/]*\/Database\/Cluster\/Resource$/,
    reason: 'tokens of IAM last 15 minutes, and the servers take one password at their start',
  },
  {
    id: 'AwsSolutions-RDS11',
    where: /-Database[^/]*\/Database\/Cluster\/Resource$/,
    reason: 'another port hides nothing: who reaches it is in the table of the network',
  },
  {
    id: 'AwsSolutions-RDS14',
    where: /-Database[^/]*\/Database\/Cluster\/Resource$/,
    reason: 'a log that is wound back signs a second history: there must be no button for it',
  },
  {
    id: 'AwsSolutions-ECS2',
    where: /\/Server\/(?:Task|Freeze)\/Definition\/Resource$/,
    reason: 'the variables are public files and names; passwords come from secrets (rule container-shows-no-secret)',
  },
  {
    id: 'AwsSolutions-CFR1',
    where: /-Edge[^/]*\/Host-[^/]+\/Distribution\/Resource$/,
    reason: 'signatures are verified wherever the software is used',
  },
  {
    id: 'AwsSolutions-CFR2',
    where: /-Edge[^/]*\/Host-[^/]+\/Distribution\/Resource$/,
    reason: 'reads are files, admitted by a function of the edge; writes pass the firewall of the load balancer',
  },
  {
    id: 'AwsSolutions-CFR3',
    where: /-Edge[^/]*\/Host-[^/]+\/Distribution\/Resource$/,
    reason: 'who verified what is not ours to record; writes are in the access log of the load balancer',
  },
  {
    id: 'AwsSolutions-EC23',
    where: /-Edge[^/]*\/PrivateLink\/Group\/Resource$/,
    reason: 'the range is that of the network itself, which cdk-nag cannot read',
  },
  {
    id: 'AwsSolutions-ELB2',
    where: /-Edge[^/]*\/PrivateLink\/Entrance\/Resource$/,
    reason: 'such a load balancer logs TLS that it ends; it ends none, and the one behind it logs every request',
  },
  {
    id: 'AwsSolutions-COG1',
    where: /-Oidc[^/]*\/Users\/Resource$/,
    reason: 'a second factor is required; 14 characters of three kinds are more than 8 of four',
  },
  {
    id: 'AwsSolutions-COG8',
    where: /-Oidc[^/]*\/Users\/Resource$/,
    reason: 'the plan costs per user; nobody signs up alone, and a second factor is required',
  },
];

/** Returns every acknowledgement for an instance: those above, and those whose ids have its names in them. */
export function acknowledgements(deployment: Deployment): readonly Acknowledgement[] {
  const { names } = deployment;
  const published = [
    { id: 'tuf', region: names.writeRegion },
    ...placedServices(deployment)
      .filter(isLog)
      .map(({ id, region }) => ({ id, region })),
  ];
  const readers = published.map(({ id, region }) => ({
    id: `AwsSolutions-IAM5[Resource::${names.bucketArn(id, region)}/*]`,
    where: new RegExp(`-Edge[^/]*/Host-${id}/Role/DefaultPolicy/Resource$`),
    reason: 'the objects of one bucket, which are public; the function is how a private network reads them',
  }));
  return [...rows, ...(deployment.aws.access === 'private' ? readers : [])];
}
