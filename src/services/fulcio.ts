import type { KeySource } from '../config/config.ts';
import { ctLogId } from './ct-log.ts';
import {
  type Backend,
  type Flag,
  file,
  flag,
  keyPassphrase,
  keyPath,
  peer,
  port,
  type ServiceSpec,
  signingKey,
  text,
} from './service.ts';

export const fulcioId = 'fulcio';

export interface FulcioOptions {
  readonly key: KeySource;
  /** Intermediate first, root last. */
  readonly chainPem: string;
  /** Fulcio's own configuration: which issuers it believes, and how. */
  readonly issuersConfig: string;
  /** How many issuers that are. */
  readonly issuers: number;
  /** The CT log that Fulcio submits to: the newest shard. */
  readonly ctLog: { readonly shard: string; readonly origin: string; readonly publicKeyPem: string };
  readonly backend: Backend;
}

/** Returns Fulcio. It issues nothing without an SCT of its CT log, whose key it checks. */
export function fulcioService(options: FulcioOptions): ServiceSpec {
  const shared = {
    id: fulcioId,
    role: 'fulcio',
    name: fulcioId,
    program: 'fulcio',
    subcommand: 'serve',
    storage: 'none',
    ports: [
      { name: 'http', reach: 'edge' },
      { name: 'grpc', reach: 'self' },
      { name: 'metrics', reach: 'self', everyInterface: 'upstream Fulcio has no flag for the address of its metrics' },
    ],
    files: [
      { name: 'chain.pem', content: options.chainPem },
      { name: 'issuers.json', content: options.issuersConfig },
      { name: 'ct-log.pub.pem', content: options.ctLog.publicKeyPem },
    ],
    health: { port: 'http', path: '/healthz' },
    dependsOn: [ctLogId(options.ctLog.shard)],
    // Before it answers, it asks each issuer for its discovery document, one after the other, for up to 10 s each.
    startTimeoutMs: 30_000 + options.issuers * 10_000,
    stopGraceMs: 10_000,
  } as const satisfies Partial<ServiceSpec>;
  return { ...shared, ...(options.backend === 'aws' ? onAws(options) : onOneMachine(options)) };
}

function onOneMachine(options: FulcioOptions) {
  return {
    keys: [{ name: 'ca', source: options.key, algorithm: 'ecdsa-p384-sha384', delivery: 'encrypted-file' }],
    environment: [{ name: 'FULCIO_SERVE_FILECA-KEY-PASSWD', value: [keyPassphrase('ca')] }],
    flags: [
      ...commonFlags(options, '127.0.0.1'),
      flag('ca', 'fileca'),
      flag('fileca-cert', file('chain.pem')),
      flag('fileca-key', keyPath('ca')),
      // A changed file must not change the CA behind the drift gate's back.
      flag('fileca-watch', false),
    ],
  } as const satisfies Partial<ServiceSpec>;
}

function onAws(options: FulcioOptions) {
  const { delivery, address } = signingKey('ca', options.key);
  return {
    keys: [{ name: 'ca', source: options.key, algorithm: 'ecdsa-p384-sha384', delivery }],
    environment: [],
    flags: [
      ...commonFlags(options, '0.0.0.0'),
      flag('ca', 'kmsca'),
      flag('kms-resource', address),
      flag('kms-cert-chain-path', file('chain.pem')),
    ],
  } as const satisfies Partial<ServiceSpec>;
}

function commonFlags({ ctLog }: FulcioOptions, address: string): readonly Flag[] {
  return [
    flag('host', address),
    flag('port', port('http')),
    flag('grpc-host', '127.0.0.1'),
    flag('grpc-port', port('grpc')),
    flag('metrics-port', port('metrics')),
    flag('legacy-unix-domain-socket', text`@sigstead-${{ kind: 'nonce' }}`),
    flag('config-path', file('issuers.json')),
    flag('log_type', 'prod'),
    flag('ct-log-url', text`http://${peer(ctLogId(ctLog.shard), 'http')}`),
    flag('ct-log-origin', ctLog.origin),
    flag('ct-log-public-key-path', file('ct-log.pub.pem')),
  ];
}
