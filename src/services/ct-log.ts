import type { LogShardConfig } from '../config/config.ts';
import {
  type Backend,
  type Flag,
  file,
  flag,
  keyPath,
  port,
  type ServiceSpec,
  signingKey,
  storage,
  text,
} from './service.ts';
import { witnessFiles, witnessFlags } from './witnesses.ts';

export function ctLogId(shard: string): string {
  return `ct-${shard}`;
}

/** CA certificates of the databases: a file that comes with the place, not with the service. */
export const databaseCaFile = 'database-ca.pem';

export interface CtLogOptions {
  readonly fulcioRootsPem: string;
  readonly backend: Backend;
  /**
   * What runs on AWS. `kms`: our thin main over TesseraCT's library. `upstream`: its own, which takes its key from
   * Secrets Manager, speaks plain text to the database, and shows the password in argv.
   * @default 'kms'
   */
  readonly server?: 'kms' | 'upstream';
}

/** Returns TesseraCT for one CT log shard. */
export function ctLogService(shard: LogShardConfig, options: CtLogOptions): ServiceSpec {
  const shared = {
    id: ctLogId(shard.shard),
    role: 'ct-log',
    name: shard.shard,
    ports: [{ name: 'http', reach: 'peers' }],
    files: [{ name: 'fulcio-roots.pem', content: options.fulcioRootsPem }, ...witnessFiles(shard)],
    health: { port: 'http', path: '/healthz' },
    dependsOn: [],
    startTimeoutMs: 30_000,
    // It drains for up to 60 s and flushes nothing: an acknowledged certificate is already in the tree.
    stopGraceMs: 10_000,
  } as const satisfies Partial<ServiceSpec>;
  if (options.backend === 'posix') return { ...shared, ...onOneMachine(shard) };
  return { ...shared, ...(options.server === 'upstream' ? upstreamOnAws(shard) : onAws(shard)) };
}

function onOneMachine(shard: LogShardConfig) {
  return {
    program: 'tesseract',
    storage: 'directory',
    // It always reports its metrics somewhere: by default to a port that anybody on this machine may open.
    environment: [{ name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: ['http://127.0.0.1:9'] }],
    keys: [{ name: 'log', source: shard.key, algorithm: 'ecdsa-p256-sha256', delivery: 'pipe-sec1' }],
    flags: [
      flag('http_endpoint', text`127.0.0.1:${port('http')}`),
      ...commonFlags(shard),
      flag('checkpoint_interval', '200ms'),
      // At a restart the drift gate waits for something signed since then.
      flag('checkpoint_republish_interval', '2s'),
      flag('storage_dir', storage('directory')),
      flag('private_key', keyPath('log')),
    ],
  } as const satisfies Partial<ServiceSpec>;
}

function onAws(shard: LogShardConfig) {
  const { delivery, address } = signingKey('log', shard.key);
  return {
    program: 'ct-log',
    storage: 'bucket-and-database',
    environment: [{ name: 'DATABASE_PASSWORD', value: [storage('database-password')] }],
    keys: [{ name: 'log', source: shard.key, algorithm: 'ecdsa-p256-sha256', delivery }],
    flags: [...storedOnAws(shard), flag('db_tls_ca', file(databaseCaFile)), flag('signer_kms_key', address)],
  } as const satisfies Partial<ServiceSpec>;
}

function upstreamOnAws(shard: LogShardConfig) {
  return {
    program: 'tesseract-aws',
    storage: 'bucket-and-database',
    environment: [],
    keys: [{ name: 'log', source: shard.key, algorithm: 'ecdsa-p256-sha256', delivery: 'secrets-manager' }],
    flags: [
      ...storedOnAws(shard),
      flag('db_password', storage('database-password')),
      flag('signer_public_key_secret_name', storage('public-key-secret')),
      flag('signer_private_key_secret_name', storage('private-key-secret')),
    ],
  } as const satisfies Partial<ServiceSpec>;
}

function storedOnAws(shard: LogShardConfig): readonly Flag[] {
  return [
    flag('http_endpoint', text`0.0.0.0:${port('http')}`),
    ...commonFlags(shard),
    // The shortest that is allowed on AWS; an answer waits for it.
    flag('checkpoint_interval', '1s'),
    flag('bucket', storage('bucket')),
    flag('db_host', storage('database-host')),
    flag('db_name', storage('database')),
    flag('antispam_db_name', storage('antispam-database')),
    flag('db_user', storage('database-user')),
    flag('db_max_conns', 64),
    flag('db_max_idle_conns', 16),
  ];
}

function commonFlags(shard: LogShardConfig): readonly Flag[] {
  return [
    flag('origin', shard.origin),
    flag('roots_pem_file', file('fulcio-roots.pem')),
    // Its default would accept server certificates only.
    flag('ext_key_usages', 'CodeSigning'),
    flag('accept_sha1_signing_algorithms', false),
    // What was logged long ago and is sent again would pass for what was issued now.
    flag('reject_expired', true),
    flag('enable_publication_awaiter', true),
    flag('mask_internal_errors', true),
    ...witnessFlags(shard, 'witness_policy_file'),
  ];
}
