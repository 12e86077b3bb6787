import type { TimestampConfig } from '../config/config.ts';
import { maxBodyBytes } from './edge.ts';
import {
  type Backend,
  type Flag,
  file,
  flag,
  keyPassphrase,
  keyPath,
  port,
  type ServiceSpec,
  signingKey,
} from './service.ts';

export function timestampAuthorityId(name: string): string {
  return `timestamp-${name}`;
}

/**
 * Returns one timestamp authority. The posix program is our thin main over upstream's server: upstream's own binary
 * claims port 2112 on every interface, so two of them cannot share a machine.
 */
export function timestampAuthorityService(
  authority: TimestampConfig,
  options: { chainPem: string; backend: Backend },
): ServiceSpec {
  const shared = {
    id: timestampAuthorityId(authority.name),
    role: 'tsa',
    name: authority.name,
    subcommand: 'serve',
    storage: 'none',
    files: [{ name: 'chain.pem', content: options.chainPem }],
    health: { port: 'http', path: '/ping' },
    dependsOn: [],
    startTimeoutMs: 30_000,
    stopGraceMs: 15_000,
  } as const satisfies Partial<ServiceSpec>;
  return { ...shared, ...(options.backend === 'aws' ? onAws(authority, options.chainPem) : onOneMachine(authority)) };
}

function onOneMachine(authority: TimestampConfig) {
  return {
    program: 'timestamp-server',
    ports: [{ name: 'http', reach: 'edge' }],
    keys: [{ name: 'tsa', source: authority.key, algorithm: 'ecdsa-p384-sha384', delivery: 'encrypted-file' }],
    environment: [{ name: 'FILE-SIGNER-PASSWD', value: [keyPassphrase('tsa')] }],
    flags: [flag('host', '127.0.0.1'), ...commonFlags, flag('file-signer-key-path', keyPath('tsa'))],
  } as const satisfies Partial<ServiceSpec>;
}

function onAws(authority: TimestampConfig, chainPem: string) {
  const { delivery, address } = signingKey('tsa', authority.key);
  return {
    program: 'timestamp-server-aws',
    ports: [
      { name: 'http', reach: 'edge' },
      { name: 'metrics', reach: 'self', everyInterface: 'upstream fixes the address of its metrics to :2112' },
    ],
    files: [
      { name: 'chain.pem', content: chainPem },
      { name: 'time-servers.yaml', content: timeServers },
    ],
    keys: [{ name: 'tsa', source: authority.key, algorithm: 'ecdsa-p384-sha384', delivery }],
    // Without it upstream looks for its user's home with a program that the image has not.
    environment: [{ name: 'HOME', value: ['/'] }],
    flags: [
      flag('host', '0.0.0.0'),
      ...commonFlags,
      flag('scheme', 'http'),
      flag('log-type', 'prod'),
      flag('ntp-monitoring', file('time-servers.yaml')),
      // Its default makes a key in memory, and a certificate for it that nobody trusts.
      flag('timestamp-signer', 'kms'),
      flag('kms-key-resource', address),
    ],
  } as const satisfies Partial<ServiceSpec>;
}

/**
 * It compares its clock with Amazon Time Sync: upstream's list is of servers on the Internet, which its subnet does not
 * reach. It only counts what it finds, in `timestamp_authority_ntp_errors_total`.
 */
const timeServers = `${[
  'request_attempts: 3',
  'request_timeout: 5',
  'num_servers: 1',
  'server_threshold: 1',
  'max_time_delta: 6',
  'period: 60',
  'servers: ["169.254.169.123"]',
].join('\n')}\n`;

const commonFlags: readonly Flag[] = [
  flag('port', port('http')),
  flag('certificate-chain-path', file('chain.pem')),
  flag('timestamp-signer-hash', 'sha384'),
  flag('max-request-body-size', maxBodyBytes.timestamp),
  flag('enforce-intermediate-eku', true),
];
