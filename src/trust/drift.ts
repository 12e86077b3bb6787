import type { KeyObject } from 'node:crypto';
import { equalBytes } from '../core/bytes.ts';
import { ToolkitError } from '../core/error.ts';
import type { Finding } from '../core/rules.ts';
import { type CertificateChain, chainPublicKey } from '../x509/chain.ts';
import { keyIdOf } from './keys.ts';
import { type AuthorityPeriod, describePeriod, describeTime, isValidAt } from './period.ts';
import { parseTrustedRoot, type TrustedRootView } from './trusted-root.ts';

/** Who a running server is, from the key in its hands and not from our files. */
export interface LiveIdentity {
  readonly service: 'fulcio' | 'rekor' | 'ct-log' | 'tsa';
  readonly name: string;
  readonly publicKey?: KeyObject;
  /** Of a server with certificates: what it serves, issuing or signing certificate first. */
  readonly chain?: CertificateChain;
  /** Of a log: the origin of the checkpoints that it signs. Compared where it is given. */
  readonly origin?: string;
}

export interface DriftOptions {
  readonly now: Date;
  /** Where the trusted root is published, for the message. */
  readonly publishedAt: string;
}

/** An entry of the trusted root as the gate compares it. */
interface Published {
  readonly path: string;
  readonly name: string;
  readonly keyId: string;
  readonly chain?: CertificateChain;
  readonly validFor: AuthorityPeriod;
}

type Service = LiveIdentity['service'];

const services: readonly Service[] = ['fulcio', 'rekor', 'ct-log', 'tsa'];

/**
 * Compares the keys that servers really use with the published trusted root. Errors are servers whose work no client
 * would accept: an unpublished key, chain or origin, a period that is over or has not begun. Published entries
 * that are valid now and that no server answered for are warnings: a frozen shard looks the same.
 * @throws CORE_JSON, CORE_TOO_LARGE, TRUST_FORMAT if the trusted root cannot be read
 */
export function findDrift(
  live: readonly LiveIdentity[],
  published: Uint8Array,
  options: DriftOptions,
): readonly Finding[] {
  const entries = publishedBy(parseTrustedRoot(published, options.publishedAt));
  return [
    ...live.flatMap((identity) => driftOf(identity, entries[identity.service], options)),
    ...services.flatMap((service) => absences(entries[service], live.filter(isOf(service)), options)),
  ];
}

/**
 * Passes if every live identity is published and valid now (see `findDrift`), and returns the warnings.
 * @throws TRUST_DRIFT, fault `evidence`: the key was lost and made anew, the state was mixed up, or somebody put in
 *   their own
 */
export function assertNoDrift(
  live: readonly LiveIdentity[],
  published: Uint8Array,
  options: DriftOptions,
): readonly Finding[] {
  const findings = findDrift(live, published, options);
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return findings;
  throw new ToolkitError('TRUST_DRIFT', {
    message: errors.map(({ where, message }) => `${where}: ${message}`).join('; '),
    fault: 'evidence',
    data: { findings: errors, publishedAt: options.publishedAt },
    hint: 'put back the key that is published; if it is lost, rotate it: what it signs now, no client accepts',
  });
}

function driftOf(identity: LiveIdentity, entries: readonly Published[], options: DriftOptions): readonly Finding[] {
  const error = (rule: string, message: string): readonly Finding[] => [
    { rule, severity: 'error', where: `${identity.service} ${identity.name}`, message },
  ];
  const keyId = liveKeyId(identity);
  if (keyId === undefined)
    return error('live-key-published', 'expected a key or chain of the running server, got none');
  const sameKey = entries.filter((entry) => entry.keyId === keyId);
  const same = sameKey.filter((entry) => isSameChain(entry.chain, identity.chain));
  const closest = same[0] ?? sameKey[0];
  if (closest === undefined) {
    return error('live-key-published', `uses key ${keyId}, and ${options.publishedAt} has ${listKeys(entries)}`);
  }
  const place = `${closest.path} of ${options.publishedAt}`;
  if (same.length === 0) return error('live-chain-published', `serves another chain for key ${keyId} than ${place}`);
  if (identity.origin !== undefined && !same.some(({ name }) => name === `https://${identity.origin}`)) {
    return error('live-origin-published', `signs checkpoints as ${identity.origin}, and ${place} is ${closest.name}`);
  }
  if (same.some(({ validFor }) => isValidAt(validFor, options.now))) return [];
  const period = describePeriod(closest.validFor);
  return error(
    'live-key-valid',
    `uses key ${keyId}, which ${place} trusts ${period}, and it is ${describeTime(options.now)}`,
  );
}

function absences(
  entries: readonly Published[],
  live: readonly LiveIdentity[],
  options: DriftOptions,
): readonly Finding[] {
  const liveKeys = live.map(liveKeyId);
  return entries
    .filter(({ keyId, validFor }) => isValidAt(validFor, options.now) && !liveKeys.includes(keyId))
    .map(({ path, keyId, name }) => ({
      rule: 'published-key-live',
      severity: 'warning',
      where: `${options.publishedAt} ${path}`,
      message: `no running server uses key ${keyId} (${name})`,
    }));
}

function publishedBy(root: TrustedRootView): Readonly<Record<Service, readonly Published[]>> {
  const logs = (list: TrustedRootView['tlogs']) =>
    list.map(({ path, baseUrl, publicKey, validFor }) => ({
      path,
      name: baseUrl,
      keyId: keyIdOf(publicKey),
      validFor,
    }));
  const authorities = (list: TrustedRootView['timestampAuthorities']) =>
    list.map(({ path, uri, chain, validFor }) => ({
      path,
      name: uri,
      keyId: keyIdOf(chainPublicKey(chain)),
      chain,
      validFor,
    }));
  return {
    fulcio: authorities(root.certificateAuthorities),
    rekor: logs(root.tlogs),
    'ct-log': logs(root.ctlogs),
    tsa: authorities(root.timestampAuthorities),
  };
}

function isOf(service: Service): (identity: LiveIdentity) => boolean {
  return (identity) => identity.service === service;
}

function liveKeyId({ publicKey, chain }: LiveIdentity): string | undefined {
  if (publicKey) return keyIdOf(publicKey);
  return chain && keyIdOf(chainPublicKey(chain));
}

function isSameChain(published: CertificateChain | undefined, live: CertificateChain | undefined): boolean {
  if (!published || !live) return true;
  if (published.der.length !== live.der.length) return false;
  return published.der.every((certificate, index) => equalBytes(certificate, live.der[index] ?? new Uint8Array()));
}

function listKeys(entries: readonly Published[]): string {
  if (entries.length === 0) return 'no entry of this kind';
  return entries.map(({ path, name, keyId }) => `${keyId} at ${path} (${name})`).join(', ');
}
