import { connect } from 'node:tls';
import { describeCause, ToolkitError } from '../../../src/core/error.ts';
import type { Metric } from '../runtime/metrics.ts';
import { daysLeft } from './signature.ts';

const timeoutMs = 10_000;

export interface TlsExpiryOptions {
  readonly now: Date;
  /** @default 443 */
  readonly port?: number;
}

/**
 * Returns the days until the certificate ends that a host shows now, below zero where it has.
 * @throws OPS_TLS_UNREADABLE
 */
export async function tlsExpiry(host: string, { now, port = 443 }: TlsExpiryOptions): Promise<Metric> {
  const validTo = await shownValidTo(host, port);
  return { name: 'TlsExpiresInDays', value: daysLeft([validTo], now), unit: 'None', of: { Host: host } };
}

/** Returns the hosts that are reached by https, each once. */
export function hostsOf(urls: readonly string[]): readonly string[] {
  const secure = urls.map((url) => new URL(url)).filter(({ protocol }) => protocol === 'https:');
  return [...new Set(secure.map(({ hostname }) => hostname))];
}

async function shownValidTo(host: string, port: number): Promise<Date> {
  return await new Promise((resolve, reject) => {
    // Nothing is sent and nothing believed but a date: one that has ended, or that nobody trusts, is to be measured too.
    const socket = connect({ host, port, servername: host, rejectUnauthorized: false, timeout: timeoutMs });
    const fail = (cause: unknown) => {
      socket.destroy();
      reject(unreadable(host, cause));
    };
    socket.once('error', fail);
    socket.once('timeout', () => fail(new Error(`no answer in ${timeoutMs / 1_000} s`)));
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      if (certificate === undefined) return fail(new Error('no certificate'));
      socket.destroy();
      resolve(certificate.validToDate);
    });
  });
}

function unreadable(host: string, cause: unknown): ToolkitError {
  return new ToolkitError('OPS_TLS_UNREADABLE', {
    message: `${host}: expected to be shown a TLS certificate, got none (${describeCause(cause)})`,
    fault: 'environment',
    data: { host },
    hint: 'check the name in DNS, the distribution or load balancer that it leads to, and the certificate there',
    cause,
  });
}
