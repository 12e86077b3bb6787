import type { KeyObject } from 'node:crypto';
import { equalBytes } from '../src/core/bytes.ts';
import { spkiOf } from '../src/core/digest.ts';
import { type ErrorCode, ToolkitError } from '../src/core/error.ts';
import { describeFinding, type Finding } from '../src/core/rules.ts';
import { ctLogId } from '../src/services/ct-log.ts';
import {
  fieldOfKey,
  type HsmKey,
  keyOfService,
  nameOfKey,
  recordedKeys,
  type ServiceKey,
  type TinkKey,
} from '../src/services/deployment.ts';
import { rekorId } from '../src/services/rekor.ts';
import { hsmUri, isInHsm, isInKeyset } from '../src/services/service.ts';
import { keyIdOf, shortId } from '../src/trust/keys.ts';
import { chainPublicKey } from '../src/x509/chain.ts';
import { lintFulcioChain, lintTsaChain } from '../src/x509/lint.ts';
import { type PlacedService, placedHsmKeys, placedKeys, placedTinkKeys } from './access/placement.ts';
import type { Deployment } from './deployment.ts';
import { logConfigOf, newestChain, publicKeyOf } from './service-specs.ts';

/** Why what is recorded must not be deployed. */
export interface ReadinessProblem {
  readonly code: ErrorCode;
  /** `evidence` where somebody may have exchanged a key. */
  readonly fault: 'input' | 'evidence';
  /** Absent where it is the configuration. */
  readonly service?: string;
  readonly message: string;
  readonly hint?: string;
}

const materialFile = 'trust-material.json';
const recordFile = 'deployment.json';

/** Returns the rules that a configuration breaks, as reasons not to deploy it. */
export function preflightProblems(findings: readonly Finding[], file: string): readonly ReadinessProblem[] {
  return findings
    .filter(({ severity }) => severity === 'error')
    .map(({ hint, ...finding }) => ({
      ...{ code: 'AWS_PREFLIGHT', fault: 'input', message: `${file}: ${describeFinding(finding)}` },
      ...(hint !== undefined && { hint }),
    }));
}

/** A chain is the service's if it certifies the recorded key, is valid, and is what the server accepts. */
export function chainProblems(service: PlacedService, deployment: Deployment, now: Date): readonly ReadinessProblem[] {
  const { id, kind } = service;
  const chain = newestChain(service, deployment);
  const recorded = publicKeyOf(service, deployment);
  if (!chain || !recorded) return [];
  if (!sameKey(chainPublicKey(chain), recorded)) {
    return [
      {
        ...{ code: 'AWS_CHAIN_KEY', fault: 'evidence', service: id },
        message: `${materialFile}: ${id}: its chain certifies the key ${name(chainPublicKey(chain))}, expected ${name(recorded)} as in ${recordFile}`,
        hint: `find out whose key was certified; then have the recorded one certified: sigstead ceremony ca plan ca-intent.yaml --event issue-${id}`,
      },
    ];
  }
  const lint = kind === 'fulcio' ? lintFulcioChain : lintTsaChain;
  return lint(chain, { now })
    .filter(({ severity }) => severity === 'error')
    .map(({ rule, where, message }) => ({
      ...{ code: rule === 'chain-valid-now' ? 'AWS_CHAIN_EXPIRED' : 'AWS_CHAIN_INVALID', fault: 'input', service: id },
      message: `${materialFile}: ${id}: ${rule}: ${where}: ${message}`,
      hint: `have the recorded key certified again: sigstead ceremony ca plan ca-intent.yaml --event issue-${id}`,
    }));
}

/** What verifiers trust as a log is the log that is deployed: another key or name would fork it for every client. */
export function logProblems(service: PlacedService, deployment: Deployment): readonly ReadinessProblem[] {
  const { id } = service;
  const trusted = trustedLog(service, deployment);
  const recorded = keyOfService(service, deployment.record)?.publicKey;
  const origin = logConfigOf(service, deployment)?.origin;
  if (!trusted) return [];
  const key: readonly ReadinessProblem[] =
    recorded && !sameKey(trusted.publicKey, recorded)
      ? [
          {
            ...{ code: 'AWS_LOG_KEY', fault: 'evidence', service: id },
            message: `${materialFile}: ${id}: verifiers trust the key ${name(trusted.publicKey)}, expected ${name(recorded)} as in ${recordFile}`,
            hint: `restore the ${recordFile} that the trust was made from; a log never changes its key: another key is another shard`,
          },
        ]
      : [];
  if (origin === undefined || trusted.origin === origin) return key;
  return [
    ...key,
    {
      ...{ code: 'AWS_LOG_ORIGIN', fault: 'input', service: id },
      message: `${materialFile}: ${id}: verifiers know it as ${trusted.origin}, expected ${origin} as in sigstead.yaml`,
      hint: 'put the old origin back: a log keeps it for ever',
    },
  ];
}

/** Services find each other in the network of their region. */
export function peerProblems(services: readonly PlacedService[]): readonly ReadinessProblem[] {
  const fulcio = services.find(({ kind }) => kind === 'fulcio');
  const ctLog = services.findLast(({ kind }) => kind === 'ct');
  if (!fulcio || !ctLog || fulcio.region === ctLog.region) return [];
  return [
    {
      ...{ code: 'AWS_PEER_REGION', fault: 'input', service: fulcio.id },
      message: `${ctLog.id} is in ${ctLog.region}: expected the newest CT log beside Fulcio, which submits to it, in ${fulcio.region}`,
      hint: 'open the next CT shard in the first of aws.regions; an older shard may stay where it is',
    },
  ];
}

/** A recorded key is where the configuration says that it is: a server would start with another one. */
export function keySourceProblems(
  services: readonly PlacedService[],
  { record }: Deployment,
): readonly ReadinessProblem[] {
  return services.flatMap((service): readonly ReadinessProblem[] => {
    const { id, key } = service;
    const recorded = keyOfService(service, record) ?? recordedKeys(record).find(([other]) => other === id)?.[1];
    const expected = isInHsm(key) ? hsmUri(key) : isInKeyset(key) ? key : 'a key in KMS';
    if (key === 'file') return [keySource(id, `${id}: expected key: awskms or pkcs11:…, got file`, 'use awskms')];
    const isElsewhere = isInHsm(key) || isInKeyset(key);
    if (!recorded || (isElsewhere ? nameOfKey(recorded) === expected : 'arn' in recorded)) return [];
    const message = `${entryOf(id, recorded)}: expected ${expected}, as in sigstead.yaml, got ${nameOfKey(recorded)}`;
    return [keySource(id, message, 'put the key of sigstead.yaml back: another key is a rotation, or another shard')];
  });
}

function keySource(service: string, message: string, hint: string): ReadinessProblem {
  return { code: 'AWS_KEY_SOURCE', fault: 'input', service, message, hint };
}

/** Fulcio and Rekor are told how to hash for their key, and a CT log's key is on P-256 for every client. */
export function keyKindProblems(deployment: Deployment): readonly ReadinessProblem[] {
  const { keys, hsmKeys, tinkKeys } = deployment.record;
  const found = [
    ...placedKeys(deployment).map(({ id, spec }) => ({ id, spec, key: keys.get(id) })),
    ...placedHsmKeys(deployment).map(({ id, spec }) => ({ id, spec, key: hsmKeys?.get(id) })),
    ...placedTinkKeys(deployment).map(({ id, spec }) => ({ id, spec, key: tinkKeys?.get(id) })),
  ];
  return found.flatMap(({ id, spec, key }): readonly ReadinessProblem[] => {
    const { asymmetricKeyDetails, asymmetricKeyType } = key?.publicKey ?? {};
    const curve = asymmetricKeyDetails?.namedCurve ?? asymmetricKeyType;
    if (!key || curve === curves[spec]) return [];
    return [
      {
        ...{ code: 'AWS_KEY_KIND', fault: 'input', service: id },
        message: `${entryOf(id, key)}: expected a key of kind ${spec}, got one on ${curve}`,
        hint: 'arn' in key ? 'record the keys that were made for it: sigstead aws record' : anotherGivenKey(id, key),
      },
    ];
  });
}

/** Returns where a key is recorded. */
function entryOf(id: string, key: ServiceKey): string {
  return `${recordFile}: ${fieldOfKey(key)}.${id}`;
}

/** A recorded key is never replaced by another, so that its entry has to go first. */
function anotherGivenKey(id: string, key: HsmKey | TinkKey): string {
  const what = 'keyset' in key ? 'another keyset' : 'another key in the HSM';
  const keyset = 'keyset' in key ? ` --keyset ${id}=FILE` : '';
  return `make ${what}, take the entry out of ${recordFile}, then: sigstead aws record --public-key ${id}=FILE${keyset}`;
}

const curves = { ECC_NIST_P256: 'prime256v1', ECC_NIST_P384: 'secp384r1' } as const;

/** One key, one purpose: a signature by a key that two services share could be read as the other's. */
export function sharedKeys({ record }: Deployment): readonly ReadinessProblem[] {
  const first = new Map<string, string>();
  return recordedKeys(record).flatMap(([service, key]): readonly ReadinessProblem[] => {
    const keyId = keyIdOf(key.publicKey);
    const other = first.get(keyId);
    if (other === undefined) {
      first.set(keyId, service);
      return [];
    }
    return [
      {
        ...{ code: 'AWS_KEY_SHARED', fault: 'input', service },
        message: `${entryOf(service, key)}: expected a key of its own, got that of ${other}`,
        hint:
          'arn' in key
            ? 'record the keys that the Keys stack made: sigstead aws record'
            : anotherGivenKey(service, key),
      },
    ];
  });
}

/**
 * Passes if there are no problems.
 * @throws the first problem's code; every problem is in the message and in `data.problems`
 */
export function assertNoReadinessProblems(problems: readonly ReadinessProblem[]): void {
  const [first] = problems;
  if (!first) return;
  throw new ToolkitError(first.code, {
    message: problems.map(({ message }) => message).join('\n'),
    fault: problems.some(({ fault }) => fault === 'evidence') ? 'evidence' : 'input',
    data: { service: first.service, problems },
    hint: [...new Set(problems.flatMap(({ hint }) => hint ?? []))].join('\n'),
  });
}

function trustedLog({ kind, id }: PlacedService, { material }: Deployment) {
  if (kind === 'ct') return material?.ct.findLast(({ shard }) => ctLogId(shard) === id);
  if (kind === 'rekor') return material?.rekor.findLast(({ shard }) => rekorId(shard) === id);
  return undefined;
}

function sameKey(a: KeyObject, b: KeyObject): boolean {
  return equalBytes(spkiOf(a), spkiOf(b));
}

function name(publicKey: KeyObject): string {
  return shortId(keyIdOf(publicKey));
}
