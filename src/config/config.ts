import { dirname, resolve } from 'node:path';
import { allOrErrors } from '../core/all-errors.ts';
import { readFileIfPresent } from '../core/files.ts';
import type { JsonObject } from '../core/json.ts';
import { shellWord } from '../core/shell.ts';
import { configRules } from './config-rules.ts';
import { type ConfigFile, configSchema } from './config-schema.ts';
import { checkDocument, type DocumentKind, jsonSchemaOf, readDocument, readDraft } from './document.ts';
import { type ConfigDraft, defaultHost, draftOf, fulcioName } from './draft.ts';
import { isFilePath } from './fields.ts';
import type { IssuerConfig } from './issuer-schema.ts';
import type { Problem } from './problem.ts';
import { readWitnessPolicy, type WitnessPolicy } from './witness-policy.ts';
import { maxDocumentBytes } from './yaml-source.ts';

/**
 * Where a key lives. `awskms` is a KMS key on AWS and an encrypted file key on one machine; `file` is an encrypted
 * file key; `pkcs11:` is a key in an HSM, for the servers that can use one (Fulcio, the timestamp
 * authorities and, on AWS, CT logs). `tink:` is a signature log's key in a keyset, and the ARN of the KMS key that wraps
 * it on AWS; on one machine it is an encrypted file key, as `awskms` is.
 */
export type KeySource = 'awskms' | 'file' | `pkcs11:${string}` | `tink:${string}`;

/** One shard of a transparency log: an origin, a key and a lifetime of its own. */
export interface LogShardConfig {
  readonly shard: string;
  /** The log's name in checkpoints and trust files: a bare host name. */
  readonly origin: string;
  readonly key: KeySource;
  /** Clients use one service per operator, so it is the shard's own. */
  readonly operator: string;
  /** On AWS; absent where the instance is not deployed. */
  readonly region?: string;
  readonly witnesses?: ShardWitnesses;
}

/** Who must cosign a shard's checkpoints. Without its policy, which only `readConfig` reads, no server is rendered. */
export interface ShardWitnesses {
  /** Absolute. */
  readonly file: string;
  readonly policy?: WitnessPolicy;
}

export interface TimestampConfig {
  readonly name: string;
  readonly host: string;
  readonly key: KeySource;
  readonly operator: string;
  readonly region?: string;
}

export interface LocalUser {
  readonly email: string;
  readonly name?: string;
}

export interface FulcioConfig {
  readonly key: KeySource;
  readonly operator: string;
  readonly organization: string;
}

/** The monitors' input; `identities` is an absolute path. */
export interface MonitorsConfig {
  readonly identities?: string;
  readonly alerts: readonly { readonly sns: string }[];
}

/** How tasks on AWS reach an HSM. Its PIN is in a secret of each service (`Names.pinSecret`). */
export interface HsmConfig {
  /** Path of the PKCS#11 module in the image. */
  readonly module: string;
  /** IPv4 range. */
  readonly network: string;
  readonly ports: readonly number[];
  /** One call at a time from each task. */
  readonly exclusive: boolean;
}

export interface AwsConfig {
  readonly account: string;
  readonly keysAccount: string;
  readonly regions: readonly string[];
  readonly availability: 'ha' | 'dev';
  /** Of the services whose key is `pkcs11:`. */
  readonly hsm?: HsmConfig;
  readonly access: 'public' | 'private';
  readonly writers: 'anyone' | 'network' | 'certificate';
  readonly clientNetworks: readonly string[];
  /** IPv4 range of the VPC, in every region. */
  readonly network: string;
  /** Hosted zone of the domain; without it no names and no TLS certificates are made. */
  readonly zone?: string;
  /** ARNs of roles and users, as in the lists below. */
  readonly keyAdministrators: readonly string[];
  readonly breakGlass: readonly string[];
  readonly publishers: readonly string[];
  readonly auditors: readonly string[];
  /** Shards that were frozen. */
  readonly frozen: readonly string[];
  readonly ctLogServer: 'kms' | 'upstream';
}

/** Something that is allowed and deserves a second look. */
export type ConfigWarning = Problem;

/** One instance, as `sigstead.yaml` describes it, with every default filled in. */
export interface InstanceConfig {
  /** Absolute path that it was read from. */
  readonly file: string;
  /** What stood there. */
  readonly text: string;
  readonly instance: { readonly name: string; readonly domain: string };
  /** Absolute; `root:` is relative to the configuration's directory. */
  readonly rootPolicyFile: string;
  readonly issuers: readonly IssuerConfig[];
  readonly fulcio: FulcioConfig;
  readonly logs: { readonly rekor: readonly LogShardConfig[]; readonly ct: readonly LogShardConfig[] };
  readonly timestamps: readonly TimestampConfig[];
  readonly selection: { readonly timestamps: 'any' | 'all' };
  readonly monitors?: MonitorsConfig;
  readonly aws?: AwsConfig;
  readonly warnings: readonly ConfigWarning[];
}

const configKind: DocumentKind<typeof configSchema, ConfigDraft> = {
  schema: configSchema,
  rules: configRules,
  draftOf,
  code: 'CFG_INVALID',
};

/**
 * Parses `sigstead.yaml`, fills in the defaults, and resolves paths against the directory of `file`.
 *
 * Touches neither disk nor network: that the files exist and the issuers answer is checked where they are used.
 * @throws CFG_INVALID with every problem at once (`data.problems`), each with line, column, path, message and fix
 */
export function parseConfig(text: string, file: string): InstanceConfig {
  const { value, warnings } = checkDocument(text, file, configKind);
  const { instance, issuers, selection } = value;
  const absolute = resolve(file);
  const fromConfig = (path: string) => resolve(dirname(absolute), path);
  return {
    file: absolute,
    text,
    instance,
    rootPolicyFile: fromConfig(value.root),
    issuers,
    fulcio: fulcioOf(value),
    logs: {
      rekor: value.logs.rekor.map((shard) => shardOf(shard, value, fromConfig)),
      ct: value.logs.ct.map((shard) => shardOf(shard, value, fromConfig)),
    },
    timestamps: value.timestamps.map((authority) => timestampOf(authority, value)),
    selection,
    ...(value.monitors && { monitors: monitorsOf(value.monitors, fromConfig) }),
    ...(value.aws && { aws: { ...value.aws, keysAccount: value.aws.keysAccount ?? value.aws.account } }),
    warnings,
  };
}

/**
 * Reads and parses `sigstead.yaml` (see `parseConfig`), and the witness policies that it names. What is wrong in one of
 * these files does not hide what is wrong in another.
 * @throws CFG_MISSING, CFG_INVALID, CFG_WITNESSES_INVALID, CORE_TOO_LARGE, CORE_ENCODING, CORE_FILE_READ: the first of
 *   them; where there are more, all are in the message, and in `data.errors`
 */
export async function readConfig(file: string): Promise<InstanceConfig> {
  const directory = shellWord(dirname(file));
  const hint = `start from the commented example and its policy: mkdir -p ${directory} && cp -r examples/root-signing ${directory} && cp examples/minimal.yaml ${shellWord(file)}`;
  const text = await readDocument(file, 'configuration', hint);
  const parsed = (async () => parseConfig(text, file))();
  const [config, ...policies] = await allOrErrors([parsed, ...witnessFiles(text, file).map(readWitnessPolicy)]);
  return withWitnessPolicies(config, new Map(policies.map((policy) => [policy.file, policy])));
}

/** Returns the root policy that a configuration names, absolute, where as much can be read: `readConfig` tells the rest. */
export async function rootPolicyFileOf(file: string): Promise<string | undefined> {
  const bytes = await readFileIfPresent(file, maxDocumentBytes).catch(() => undefined);
  const { root } = readDraft(new TextDecoder().decode(bytes), configKind);
  return root && isFilePath(root.value) ? resolve(dirname(resolve(file)), root.value) : undefined;
}

/** Returns the witness policies that a configuration names, absolute, whatever else is wrong with it. */
function witnessFiles(text: string, file: string): readonly string[] {
  const named = readDraft(text, configKind).services.flatMap(({ kind, witnesses }) =>
    witnesses && (kind === 'rekor' || kind === 'ct') && isFilePath(witnesses.value) ? [witnesses.value] : [],
  );
  return [...new Set(named.map((path) => resolve(dirname(resolve(file)), path)))];
}

function withWitnessPolicies(config: InstanceConfig, policies: ReadonlyMap<string, WitnessPolicy>): InstanceConfig {
  const withPolicy = (shard: LogShardConfig): LogShardConfig => {
    const policy = shard.witnesses && policies.get(shard.witnesses.file);
    return policy ? { ...shard, witnesses: { file: policy.file, policy } } : shard;
  };
  const { rekor, ct } = config.logs;
  return { ...config, logs: { rekor: rekor.map(withPolicy), ct: ct.map(withPolicy) } };
}

/** Returns the JSON Schema of `sigstead.yaml`, for editors: the form only, without the rules between fields. */
export function configJsonSchema(): JsonObject {
  return jsonSchemaOf(configSchema, 'sigstead.yaml: one Sigstore instance');
}

function shardOf(
  shard: ConfigFile['logs']['rekor'][number],
  file: ConfigFile,
  fromConfig: (path: string) => string,
): LogShardConfig {
  const origin = shard.origin ?? defaultHost(shard.shard, file.instance.domain);
  return {
    shard: shard.shard,
    origin,
    key: shard.key,
    operator: shard.operator ?? origin,
    ...placementOf(shard, file),
    ...(shard.witnesses !== undefined && { witnesses: { file: fromConfig(shard.witnesses) } }),
  };
}

function timestampOf(authority: ConfigFile['timestamps'][number], file: ConfigFile): TimestampConfig {
  const host = authority.host ?? defaultHost(authority.name, file.instance.domain);
  const { name, key, operator } = authority;
  return { name, host, key, operator: operator ?? host, ...placementOf(authority, file) };
}

function placementOf(service: { readonly region?: string }, { aws }: ConfigFile): { readonly region?: string } {
  const region = service.region ?? aws?.regions[0];
  return region === undefined ? {} : { region };
}

function fulcioOf({ instance, fulcio }: ConfigFile): FulcioConfig {
  return {
    key: fulcio?.key ?? 'awskms',
    operator: fulcio?.operator ?? defaultHost(fulcioName, instance.domain),
    organization: fulcio?.organization ?? instance.name,
  };
}

function monitorsOf(
  { identities, alerts }: NonNullable<ConfigFile['monitors']>,
  fromConfig: (path: string) => string,
): MonitorsConfig {
  return { alerts, ...(identities !== undefined && { identities: fromConfig(identities) }) };
}
