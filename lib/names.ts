import { createHash } from 'node:crypto';
import { ToolkitError } from '../src/core/error.ts';

/** What every resource of an instance is called: names follow from the configuration alone, so that no stack has to ask another. */
export class Names {
  readonly instance: string;
  readonly account: string;
  readonly keysAccount: string;
  readonly writeRegion: string;

  constructor(options: { instance: string; account: string; keysAccount: string; writeRegion: string }) {
    this.instance = options.instance;
    this.account = options.account;
    this.keysAccount = options.keysAccount;
    this.writeRegion = options.writeRegion;
  }

  /** Name of a stack; those of other regions than the first carry theirs. */
  stack(kind: string, region: string): string {
    return region === this.writeRegion ? `${this.instance}-${kind}` : `${this.instance}-${kind}-${region}`;
  }

  /** Name of an IAM role: `task` of a service signs and stores, `execution` starts its containers. */
  role(owner: string, kind: 'task' | 'execution' | 'function'): string {
    return bounded(`${this.instance}-${owner}-${kind}`, 64);
  }

  roleArn(owner: string, kind: 'task' | 'execution' | 'function'): string {
    return this.#iamRole(this.account, this.role(owner, kind));
  }

  /** What a service of AWS acts as in the account of the servers. */
  serviceRoleArn(service: string, role: string): string {
    return this.#iamRole(this.account, `aws-service-role/${service}/${role}`);
  }

  /** The key administrator and the break-glass role live beside the keys. */
  keyRole(kind: 'key-administrator' | 'break-glass' | 'keys-deployment' | 'auditor'): string {
    return bounded(`${this.instance}-${kind}`, 64);
  }

  keyRoleArn(kind: 'key-administrator' | 'break-glass' | 'keys-deployment' | 'auditor'): string {
    return this.#iamRole(this.keysAccount, this.keyRole(kind));
  }

  /** Bucket of a log shard (by service id), or `tuf`, or `records`. */
  bucket(owner: string, region: string): string {
    return bounded(`${this.instance}-${owner}-${this.account}-${region}`, 63);
  }

  bucketArn(owner: string, region: string): string {
    return `arn:${partitionOf(region)}:s3:::${this.bucket(owner, region)}`;
  }

  /** MySQL database and user of a log shard, by service id; at most 32 characters, as a user may have. */
  database(service: string): string {
    return bounded(service.replaceAll('-', '_'), 32, '_');
  }

  antispamDatabase(service: string): string {
    return `${this.database(service)}_antispam`;
  }

  /** Secrets Manager secret with `username` and `password` of a shard's database user. */
  databaseSecret(service: string): string {
    return `${this.instance}/database/${service}`;
  }

  /**
   * Secrets Manager secret that people make: the PIN by which a service logs in to the HSM. The service is not its end: a
   * name that ends in a hyphen and six characters is taken for one with the characters that AWS adds.
   */
  pinSecret(service: string): string {
    return `${this.instance}/hsm/${service}/pin`;
  }

  keyAlias(service: string): string {
    return `alias/${this.instance}/${service}`;
  }

  /** Name of a rule of the audit, by which CloudWatch counts what triggers it. */
  auditRule(id: string): string {
    return bounded(`${this.instance}-${id}`, 64);
  }

  /** Private DNS namespace in which services find each other. */
  get namespace(): string {
    return `${this.instance}.internal`;
  }

  peerHost(service: string): string {
    return `${service}.${this.namespace}`;
  }

  get cluster(): string {
    return this.instance;
  }

  logGroup(owner: string): string {
    return `/sigstead/${this.instance}/${owner}`;
  }

  /** Namespace of the metrics that are counted in the log group of a service. */
  metricNamespace(service: string): string {
    return `Sigstead/${this.instance}/${service}`;
  }

  repository(program: string): string {
    return `${this.instance}/${program}`;
  }

  image(program: string, digest: string, region: string): string {
    const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
    return `${this.account}.dkr.ecr.${region}.${suffix}/${this.repository(program)}@${digest}`;
  }

  #iamRole(account: string, name: string): string {
    return `arn:${partitionOf(this.writeRegion)}:iam::${account}:role/${name}`;
  }
}

/** Returns the partition of a region. @throws AWS_PARTITION for one that the servers' KMS client does not know */
export function partitionOf(region: string): 'aws' | 'aws-us-gov' | 'aws-cn' {
  if (/^(?:us-iso|eu-iso|eusc-)/.test(region)) {
    throw new ToolkitError('AWS_PARTITION', {
      message: `${region}: expected a region of the partitions aws, aws-us-gov or aws-cn`,
      fault: 'input',
      hint: "the servers' KMS client parses key ARNs of these three only",
    });
  }
  if (region.startsWith('us-gov-')) return 'aws-us-gov';
  return region.startsWith('cn-') ? 'aws-cn' : 'aws';
}

/** Cuts a name that is too long, and keeps it unique by a hash of the whole. */
function bounded(name: string, max: number, joint = '-'): string {
  if (name.length <= max) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, max - 9)}${joint}${hash}`;
}
