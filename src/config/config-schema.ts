import { z } from 'zod';
import {
  choice,
  displayText,
  domainName,
  filePath,
  hostName,
  keySource,
  list,
  rekorKeySource,
  section,
  serviceName,
  text,
  words,
} from './fields.ts';
import { issuerSchema } from './issuer-schema.ts';

const key = keySource
  .prefault('awskms')
  .describe('Where the key lives: awskms (a KMS key on AWS, an encrypted file on one machine), file, or pkcs11:….');

const operator = hostName
  .exactOptional()
  .describe('Who runs it, as clients see it: they use one service per operator. By default its own host name.');

// Upstream's KMS client knows the partitions aws, aws-us-gov and aws-cn.
const region = text(
  /^(?!us-iso|eu-iso|eusc-)[a-z]{2}(?:-[a-z]+)+-\d$/,
  'a region like eu-central-1 of the partitions aws, aws-us-gov or aws-cn',
);

const placement = region
  .exactOptional()
  .describe('Region that it runs in on AWS: one of aws.regions. By default the first of them.');

const logShardFields = {
  shard: serviceName.describe('Name of the shard. A retired name is never used again.'),
  origin: hostName
    .exactOptional()
    .describe('The name that the log signs with, for ever. By default the shard followed by the domain.'),
  key,
  operator,
  region: placement,
  witnesses: filePath
    .exactOptional()
    .describe('File of the witnesses that must cosign what the log publishes; relative to this file. By default none.'),
};

const ctShard = section(logShardFields);

const rekorShard = section({
  ...logShardFields,
  key: rekorKeySource
    .prefault('awskms')
    .describe('Where the key lives: awskms, file, or tink:ARN, a keyset that this KMS key of people wraps (on AWS).'),
});

const timestampAuthority = section({
  name: serviceName.describe('Name of the timestamp authority.'),
  host: hostName.exactOptional().describe('Its host name. By default the name followed by the domain.'),
  key,
  operator,
  region: placement,
});

const instance = section({
  name: text(
    /^[a-z0-9][a-z0-9-]{0,31}$/,
    'a name of 1 to 32 characters a-z, 0-9 and "-", starting with a letter or digit',
  ).describe('Short name; resources and directories are named after it.'),
  domain: domainName.describe('Domain under which the services have their names.'),
});

const fulcio = section({
  key,
  operator,
  organization: displayText.exactOptional().describe('Organisation in the CA certificates. By default the name.'),
});

const logs = section({
  rekor: list(rekorShard, 'shard').describe('Shards of the signature log (Rekor v2), oldest first.'),
  ct: list(ctShard, 'shard').describe('Shards of the certificate log (TesseraCT), oldest first.'),
});

const monitors = section({
  identities: filePath.exactOptional().describe('File of the identities that may sign; relative to this file.'),
  alerts: z
    .array(
      section({
        sns: text(/^[\w-]{1,256}$/, 'the name of an SNS topic').describe('SNS topic in the account of the instance.'),
      }),
      { error: 'a list of alert targets' },
    )
    .default([])
    .describe('Where findings go.'),
});

const account = text(/^\d{12}$/, 'an account id of 12 digits in quotes');

const principal = text(
  /^arn:aws(?:-us-gov|-cn)?:iam::\d{12}:(?:role|user)\/[\w+=,.@/-]{1,512}$/,
  'the ARN of an IAM role or user like arn:aws:iam::123456789012:role/security',
);

const principals = z.array(principal, { error: 'a list of ARNs' }).default([]);

/** Of the VPC, where nobody named one. */
export const defaultNetwork = '10.64.0.0/16';

const cidr = text(
  /^(?:10|172\.(?:1[6-9]|2\d|3[01])|192\.168)(?:\.\d{1,3}){1,3}\/(?:1[6-9]|2[0-2])$/,
  'a private IPv4 range of /16 to /22 like 10.64.0.0/16',
);

const port = z.int(words('a TCP port')).min(1, words('a TCP port')).max(65_535, words('a TCP port'));

const hsm = section({
  module: text(
    /^(?:\/[\w+.-]{1,64}){1,16}$/,
    'the absolute path of a PKCS#11 module like /opt/cloudhsm/lib/libcloudhsm_pkcs11.so',
  ).describe('The PKCS#11 module of its maker: where it is in the image.'),
  network: text(
    /^\d{1,3}(?:\.\d{1,3}){3}\/(?:1[6-9]|2\d|3[0-2])$/,
    'an IPv4 range of /16 to /32 like 10.64.8.0/22',
  ).describe('Addresses of the HSM. The servers with a key in it reach these, on the ports below.'),
  ports: list(port, 'port').default([2223, 2224, 2225]).describe('TCP ports of the HSM. By default those of CloudHSM.'),
  exclusive: z
    .boolean(words('true or false'))
    .default(false)
    .describe('One call at a time from each task, for an HSM with few sessions.'),
});

const aws = section({
  account: account.describe('Account that runs the servers: 12 digits, in quotes.'),
  keysAccount: account.exactOptional().describe('Account that holds the keys. By default the same one.'),
  regions: list(region, 'region').describe('Regions; the first one writes.'),
  availability: choice(['ha', 'dev']).default('ha').describe('ha: several zones, two of everything. dev: one.'),
  hsm: hsm
    .exactOptional()
    .describe('The HSM of services whose key is pkcs11:…. Needed for these, and for nothing else.'),
  access: choice(['public', 'private'])
    .default('private')
    .describe('Who reaches the services: the Internet, or the network they are in.'),
  writers: choice(['anyone', 'network', 'certificate'])
    .default('anyone')
    .describe(
      'Who may write to Rekor, of those who reach it: anyone, only addresses of clientNetworks, or only holders of a certificate of this instance.',
    ),
  clientNetworks: z
    .array(text(/^\d{1,3}(?:\.\d{1,3}){3}\/\d{1,2}$/, 'an IPv4 range like 10.0.0.0/8'), { error: 'a list of ranges' })
    .default(['10.0.0.0/8'])
    .describe('Addresses of the clients, where access is private or writers is network.'),
  network: cidr.default(defaultNetwork).describe('Address range of the VPC, in every region.'),
  zone: text(/^Z[A-Z0-9]{6,31}$/, 'the id of a Route 53 hosted zone like Z0123456789ABCDEFGHIJ')
    .exactOptional()
    .describe('Hosted zone of the domain. Without it no names and no TLS certificates are made.'),
  keyAdministrators: principals.describe('Who may become the key administrator: disable, enable and tag keys.'),
  breakGlass: principals.describe('Who may become the break-glass role: delete keys and change key policies.'),
  publishers: principals.describe('Who may become the publisher: write the TUF repository, and sign its online roles.'),
  auditors: principals.describe('Who may read key policies and the records of the logs.'),
  frozen: z
    .array(serviceName, { error: 'a list of shards' })
    .default([])
    .describe(
      'Shards that were frozen: no server runs for them, and nobody may use their keys in KMS; a key in an HSM is ended there, and people disable the KMS key that wraps a keyset. They are read for ever.',
    ),
  ctLogServer: choice(['kms', 'upstream'])
    .default('kms')
    .describe(
      "kms: our main over TesseraCT's library, whose key is in KMS, or an HSM. upstream: TesseraCT's own, with a secret.",
    ),
});

/** `sigstead.yaml`, the shape that people write. Rules across fields are in `config-rules.ts`. */
export const configSchema = section({
  instance: instance.describe('What the instance is called.'),
  root: filePath.describe('The root policy, relative to this file: who signs the root of trust, and how many of them.'),
  issuers: list(issuerSchema, 'issuer').describe('Identity providers whose users and workloads may sign.'),
  fulcio: fulcio.exactOptional().describe('The certificate authority.'),
  logs: logs.describe('The transparency logs, each a series of shards.'),
  timestamps: list(timestampAuthority, 'timestamp authority').describe(
    'Timestamp authorities. Two, so that one may fail or be revoked.',
  ),
  selection: section({
    timestamps: choice(['any', 'all'])
      .default('any')
      .describe('any: a bundle carries one timestamp; all: one of each.'),
  })
    .default({ timestamps: 'any' })
    .describe('How clients choose among services.'),
  monitors: monitors.exactOptional().describe('What the monitors expect and whom they tell.'),
  aws: aws.exactOptional().describe('Where `cdk deploy` puts the instance.'),
});

export type ConfigFile = z.output<typeof configSchema>;
