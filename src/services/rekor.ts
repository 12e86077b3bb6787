import type { LogShardConfig } from '../config/config.ts';
import { maxBodyBytes } from './edge.ts';
import {
  type Backend,
  type Flag,
  file,
  flag,
  isInKeyset,
  keyArn,
  keyPath,
  port,
  type ServiceSpec,
  storage,
  text,
  type WriteGateSpec,
} from './service.ts';
import { witnessFiles, witnessFlags } from './witnesses.ts';

/**
 * What clients may sign with. Upstream's default also lists pure Ed25519, which makes v2.3.0 panic on each such
 * entry, because a hashedrekord holds a digest and pure Ed25519 signs the message.
 */
const clientSigningAlgorithms = [
  'ecdsa-sha2-256-nistp256',
  'ecdsa-sha2-384-nistp384',
  'ecdsa-sha2-512-nistp521',
  'ed25519-ph',
  'rsa-sign-pkcs1-2048-sha256',
  'rsa-sign-pkcs1-3072-sha256',
  'rsa-sign-pkcs1-4096-sha256',
].join(',');

/** The file of a log's wrapped keyset, beside its server. */
export const keysetFile = 'tink-keyset.json';

/** Returns the KMS key that wraps a keyset, as Tink names it. */
export function kekUri(source: string): string {
  return source.replace('tink:', 'aws-kms://');
}

export function rekorId(shard: string): string {
  return `rekor-${shard}`;
}

export interface RekorOptions {
  readonly backend: Backend;
  /** On AWS: certificates (PEM) of the authorities whose holders alone may write. @default - anyone who reaches it */
  readonly writerIssuersPem?: string;
  /** On AWS, for a shard whose key is `tink:…`: its keyset, wrapped. */
  readonly keyset?: string;
}

/** Returns Rekor v2 for one log shard. Its `--hostname` is the log's origin, and so its identity. */
export function rekorService(shard: LogShardConfig, { backend, writerIssuersPem, keyset }: RekorOptions): ServiceSpec {
  const shared = {
    id: rekorId(shard.shard),
    role: 'rekor',
    name: shard.shard,
    subcommand: 'serve',
    ports: [
      { name: 'http', reach: 'edge' },
      { name: 'grpc', reach: 'self' },
      { name: 'metrics', reach: 'self' },
    ],
    files: [...witnessFiles(shard), ...(keyset === undefined ? [] : [{ name: keysetFile, content: keyset }])],
    environment: [],
    health: { port: 'http', path: '/healthz' },
    dependsOn: [],
    startTimeoutMs: 30_000,
    // 20 s to drain HTTP and 30 s to flush the log, of which a quiet log needs little.
    stopGraceMs: 30_000,
  } as const satisfies Partial<ServiceSpec>;
  if (backend === 'posix') return { ...shared, ...onOneMachine(shard) };
  if (writerIssuersPem === undefined) return { ...shared, ...onAws(shard, { address: '0.0.0.0', port: 'http' }) };
  return { ...shared, ...behindGate(shard, writerIssuersPem) };
}

/** Rekor where nobody but the gate in its task reaches it. */
function behindGate(shard: LogShardConfig, issuersPem: string) {
  return {
    ...onAws(shard, { address: '127.0.0.1', port: 'behind' }),
    ports: [
      { name: 'http', reach: 'edge' },
      { name: 'behind', reach: 'self' },
      { name: 'grpc', reach: 'self' },
      { name: 'metrics', reach: 'self' },
    ],
    health: { port: 'behind', path: '/healthz' },
    writeGate: writeGate(issuersPem),
  } as const satisfies Partial<ServiceSpec>;
}

function writeGate(issuersPem: string): WriteGateSpec {
  return {
    program: 'write-gate',
    flags: [
      flag('listen', text`0.0.0.0:${port('http')}`),
      flag('rekor', text`127.0.0.1:${port('behind')}`),
      flag('issuers', file('writer-issuers.pem')),
      flag('max-body', maxBodyBytes.rekor),
    ],
    files: [{ name: 'writer-issuers.pem', content: issuersPem }],
  };
}

function onOneMachine(shard: LogShardConfig) {
  return {
    program: 'rekor',
    storage: 'directory',
    keys: [{ name: 'log', source: shard.key, algorithm: 'ecdsa-p256-sha256', delivery: 'pipe-pkcs8' }],
    flags: [
      ...commonFlags(shard, { address: '127.0.0.1', port: 'http' }),
      flag('storage-dir', storage('directory')),
      flag('signer-filepath', keyPath('log')),
    ],
  } as const satisfies Partial<ServiceSpec>;
}

interface Listening {
  readonly address: string;
  readonly port: string;
}

function onAws(shard: LogShardConfig, listening: Listening) {
  const { delivery, flags } = signer(shard);
  return {
    program: 'rekor-aws',
    storage: 'bucket-and-database',
    keys: [{ name: 'log', source: shard.key, algorithm: 'ecdsa-p256-sha256', delivery }],
    flags: [
      ...commonFlags(shard, listening),
      flag('aws-bucket', storage('bucket')),
      flag('aws-mysql-dsn', storage('database-dsn')),
      flag('aws-max-open-conns', 64),
      // 0, the default, opens a new connection for each query.
      flag('aws-max-idle-conns', 16),
      ...flags,
    ],
  } as const satisfies Partial<ServiceSpec>;
}

/** A keyset is unwrapped once, when Rekor starts: from then on the key is in its memory. */
function signer({ key }: LogShardConfig): { readonly delivery: 'kms' | 'tink'; readonly flags: readonly Flag[] } {
  if (!isInKeyset(key)) {
    const flags = [flag('signer-kmskey', text`awskms:///${keyArn('log')}`), flag('signer-kmshash', 'sha256')];
    return { delivery: 'kms', flags };
  }
  const flags = [flag('signer-tink-kek-uri', kekUri(key)), flag('signer-tink-keyset-path', file(keysetFile))];
  return { delivery: 'tink', flags };
}

function commonFlags(shard: LogShardConfig, listening: Listening): readonly Flag[] {
  return [
    flag('hostname', shard.origin),
    flag('http-address', listening.address),
    flag('http-port', port(listening.port)),
    flag('http-metrics-port', port('metrics')),
    // Clients speak HTTP; the HTTP side of the server dials this port itself.
    flag('grpc-address', '127.0.0.1'),
    flag('grpc-port', port('grpc')),
    flag('max-request-body-size', maxBodyBytes.rekor),
    flag('client-signing-algorithms', clientSigningAlgorithms),
    // The in-memory list of known entries holds 256.
    flag('persistent-antispam', true),
    // sigstore-js gives up after 5 s, and an answer takes an interval and up to a second more.
    flag('checkpoint-interval', '1s'),
    ...witnessFlags(shard, 'witness-policy-path'),
  ];
}
