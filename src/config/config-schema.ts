import { z } from 'zod';
import {
  choice,
  displayText,
  domainName,
  filePath,
  hostName,
  keySource,
  list,
  section,
  serviceName,
  text,
} from './fields.ts';
import { issuerSchema } from './issuer-schema.ts';

const key = keySource
  .prefault('awskms')
  .describe('Where the key lives: awskms (a KMS key on AWS, an encrypted file on one machine), file, or pkcs11:….');

const operator = hostName
  .exactOptional()
  .describe('Who runs it, as clients see it: they use one service per operator. By default its own host name.');

const logShard = section({
  shard: serviceName.describe('Name of the shard. A retired name is never used again.'),
  origin: hostName
    .exactOptional()
    .describe('The name that the log signs with, for ever. By default the shard followed by the domain.'),
  key,
  operator,
});

const timestampAuthority = section({
  name: serviceName.describe('Name of the timestamp authority.'),
  host: hostName.exactOptional().describe('Its host name. By default the name followed by the domain.'),
  key,
  operator,
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
  rekor: list(logShard, 'shard').describe('Shards of the signature log (Rekor v2), oldest first.'),
  ct: list(logShard, 'shard').describe('Shards of the certificate log (TesseraCT), oldest first.'),
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

// Upstream's KMS client knows the partitions aws, aws-us-gov and aws-cn.
const region = text(
  /^(?!us-iso|eu-iso|eusc-)[a-z]{2}(?:-[a-z]+)+-\d$/,
  'a region like eu-central-1 of the partitions aws, aws-us-gov or aws-cn',
);

const aws = section({
  account: account.describe('Account that runs the servers: 12 digits, in quotes.'),
  keysAccount: account.exactOptional().describe('Account that holds the keys. By default the same one.'),
  regions: list(region, 'region').describe('Regions; the first one writes.'),
  availability: choice(['ha', 'single']).default('ha').describe('Two of everything, or one.'),
  hsm: choice(['none', 'cloudhsm']).default('none').describe('A CloudHSM cluster beside KMS.'),
  access: choice(['public', 'private'])
    .default('private')
    .describe('Who reaches the services: the Internet, or the network they are in.'),
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
