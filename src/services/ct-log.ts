import type { LogShardConfig } from '../config/config.ts';
import { type Backend, type Flag, file, flag, keyPath, port, type ServiceSpec, storage, text } from './service.ts';

export function ctLogId(shard: string): string {
  return `ct-${shard}`;
}

/**
 * Returns TesseraCT for one CT log shard.
 *
 * Upstream reads its key unencrypted only (posix) or from Secrets Manager (aws), and has no flag for either a KMS
 * key or a database password that does not stand in argv.
 */
export function ctLogService(
  shard: LogShardConfig,
  options: { fulcioRootsPem: string; backend: Backend },
): ServiceSpec {
  const shared = {
    id: ctLogId(shard.shard),
    role: 'ct-log',
    name: shard.shard,
    ports: [{ name: 'http', reach: 'peers' }],
    files: [{ name: 'fulcio-roots.pem', content: options.fulcioRootsPem }],
    health: { port: 'http', path: '/healthz' },
    dependsOn: [],
    startTimeoutMs: 30_000,
    // It drains for up to 60 s and flushes nothing: an acknowledged certificate is already in the tree.
    stopGraceMs: 10_000,
  } as const satisfies Partial<ServiceSpec>;
  return { ...shared, ...(options.backend === 'aws' ? onAws(shard) : onOneMachine(shard)) };
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
  return {
    program: 'tesseract-aws',
    storage: 'bucket-and-database',
    environment: [],
    keys: [{ name: 'log', source: shard.key, algorithm: 'ecdsa-p256-sha256', delivery: 'secrets-manager' }],
    flags: [
      flag('http_endpoint', text`0.0.0.0:${port('http')}`),
      ...commonFlags(shard),
      flag('checkpoint_interval', '1s'),
      flag('bucket', storage('bucket')),
      flag('db_host', storage('database-host')),
      flag('db_name', storage('database')),
      flag('antispam_db_name', storage('antispam-database')),
      flag('db_user', storage('database-user')),
      flag('db_password', storage('database-password')),
      flag('db_max_conns', 64),
      flag('db_max_idle_conns', 16),
      flag('signer_public_key_secret_name', storage('public-key-secret')),
      flag('signer_private_key_secret_name', storage('private-key-secret')),
    ],
  } as const satisfies Partial<ServiceSpec>;
}

function commonFlags(shard: LogShardConfig): readonly Flag[] {
  return [
    flag('origin', shard.origin),
    flag('roots_pem_file', file('fulcio-roots.pem')),
    // Its default would accept server certificates only.
    flag('ext_key_usages', 'CodeSigning'),
    flag('accept_sha1_signing_algorithms', false),
    flag('enable_publication_awaiter', true),
    flag('mask_internal_errors', true),
  ];
}
