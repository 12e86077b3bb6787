import { randomBytes } from 'node:crypto';
import { minuteMs } from '../../../src/core/clock.ts';
import type { Fetch } from '../../../src/core/http.ts';
import type { DeployedLog } from '../runtime/known-logs.ts';
import { type FunctionLog, worstOf } from '../runtime/run-function.ts';
import { certificateMetrics, checkpointAge, type DeployedAuthority, step } from './probe.ts';
import { fetchTrust, type PublishedTrust, signBlob, type TrustSource, turnOf, verifyBlob } from './signature.ts';
import { hostsOf, tlsExpiry } from './tls-expiry.ts';
import { type ProberAccount, tokenSource } from './token-source.ts';

export interface ProberOptions extends TrustSource {
  readonly logs: readonly DeployedLog[];
  readonly authorities: readonly DeployedAuthority[];
  readonly account: () => Promise<ProberAccount>;
  readonly now: Date;
  /** Of the reads and of the token; the clients bring their own. */
  readonly fetch?: Fetch;
}

export interface Probed {
  readonly signMs: number;
  readonly verifyMs: number;
}

const blobBytes = 64;

/**
 * Signs a blob that nobody signed before and verifies it, as a user would, and measures what clients depend on. One part
 * that fails does not hide the others; what weighs most is thrown in the end.
 * @throws OPS_PROBE_FAILED, OPS_NO_CHECKPOINT, OPS_CHECKPOINT_TIME, OPS_LOG_UNTRUSTED, OPS_TLS_UNREADABLE, TLOG_SIGNATURE, …
 */
export async function probe(options: ProberOptions, log: FunctionLog): Promise<Probed> {
  const failures: unknown[] = [];
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      log.fail(error);
      failures.push(error);
      return undefined;
    }
  };
  const trust = await attempt(async () => (await step('trust', () => fetchTrust(options))).value);
  const probed = trust && (await attempt(() => signAndVerify(options, trust)));
  log.measure({ name: 'ProberFailure', value: probed ? 0 : 1, unit: 'Count' });
  if (probed) log.measure({ name: 'ProberLatency', value: probed.signMs + probed.verifyMs, unit: 'Milliseconds' });
  if (trust) {
    log.measure(...certificateMetrics(options.authorities, trust.trustedRoot, options.now));
    const ages = options.logs.map((each) => attempt(() => checkpointAge(each, trust.trustedRoot, options)));
    for (const age of await Promise.all(ages)) if (age) log.measure(age);
  }
  const shown = hostsOf(urlsOf(options)).map((host) => attempt(() => tlsExpiry(host, { now: options.now })));
  for (const expiry of await Promise.all(shown)) if (expiry) log.measure(expiry);
  if (failures.length > 0 || !probed) throw worstOf(failures);
  return probed;
}

/** Everything that clients connect to. */
function urlsOf({ tufUrl, logs, authorities }: ProberOptions): readonly string[] {
  return [tufUrl, ...logs.map(({ url }) => url), ...authorities.map(({ url }) => url)];
}

async function signAndVerify(options: ProberOptions, trust: PublishedTrust): Promise<Probed> {
  const { now, fetch } = options;
  const token = await step('token', async () => {
    const account = await options.account();
    return { account, token: await tokenSource(account, { now, ...(fetch && { fetch }) }).token() };
  });
  const { account, token: identityToken } = token.value;
  const blob = randomBytes(blobBytes);
  const turn = Math.floor(now.getTime() / (5 * minuteMs));
  const specs = turnOf(trust.signingConfig, turn, now);
  const signed = await step('sign', () => signBlob(blob, specs, identityToken));
  const verified = await step('verify', () => verifyBlob(signed.value, blob, trust, account));
  return { signMs: Math.round(signed.ms), verifyMs: Math.round(verified.ms) };
}
