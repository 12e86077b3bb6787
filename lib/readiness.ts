import { isKnownCognito } from '../src/identity/cognito.ts';
import {
  type HsmKey,
  keyOfService,
  type RecordedKey,
  type ServiceKey,
  type TinkKey,
} from '../src/services/deployment.ts';
import { startGroups } from '../src/services/order.ts';
import { isInHsm, isInKeyset, type ServiceSpec } from '../src/services/service.ts';
import { instancePrograms, keepsItsOwnKey, type PlacedService, placedServices } from './access/placement.ts';
import type { Deployment } from './deployment.ts';
import {
  assertNoReadinessProblems,
  chainProblems,
  keyKindProblems,
  keySourceProblems,
  logProblems,
  peerProblems,
  type ReadinessProblem,
  sharedKeys,
} from './readiness-problems.ts';
import type { GatedLog } from './render.ts';
import { logConfigOf, newestChain, pemOf, publicKeyOf, specOf } from './service-specs.ts';

/** A service that can be deployed: everything that it needs is recorded, and fits together. */
export interface ReadyService {
  readonly id: string;
  readonly kind: PlacedService['kind'];
  readonly region: string;
  readonly spec: ServiceSpec;
  /** Of the image that its tasks start; that of a log holds the program that ends it, too. */
  readonly digest: string;
  /** Name of its image. */
  readonly image: string;
  /** Its key in KMS; absent where it is elsewhere. */
  readonly key?: RecordedKey;
  /** Its key in an HSM. */
  readonly hsmKey?: HsmKey;
  /** Its key in a keyset. */
  readonly tinkKey?: TinkKey;
  readonly log?: GatedLog;
  /** See `PlacedService`. */
  readonly frozen?: boolean;
}

/** A service that cannot be deployed yet. */
export interface WaitingService {
  readonly service: string;
  readonly region: string;
  readonly missing: string;
  /** The command that makes it, or begins to. */
  readonly next: string;
}

export interface Readiness {
  /** In an order in which they can start. */
  readonly ready: readonly ReadyService[];
  readonly waiting: readonly WaitingService[];
}

export interface ReadinessOptions {
  readonly now: Date;
  /** Issuer behind the preset `local`, where the deployment brings one. @default - there is none */
  readonly localIssuerUrl?: string;
}

/**
 * Says which services can be deployed and what the others wait for. A service is never deployed with a chain that does
 * not certify its recorded key: Fulcio would not start, and a timestamp authority would sign what no client accepts.
 *
 * @throws AWS_CHAIN_KEY, AWS_CHAIN_EXPIRED, AWS_CHAIN_INVALID, AWS_LOG_KEY, AWS_LOG_ORIGIN, AWS_PEER_REGION,
 *   AWS_KEY_SHARED, AWS_KEY_KIND, AWS_KEY_SOURCE: the code of the first problem; all of them are in the message and in `data.problems`
 */
export function readinessOf(deployment: Deployment, options: ReadinessOptions): Readiness {
  assertNoReadinessProblems(readinessProblems(deployment, options.now));
  const checked = placedServices(deployment).map((service) => ({ service, waits: waitingFor(service, deployment) }));
  const ready = checked.flatMap(({ service, waits }) => (waits ? [] : [readyOf(service, deployment, options)]));
  return { ready: inStartOrder(ready), waiting: checked.flatMap(({ waits }) => waits ?? []) };
}

/** Returns everything that is recorded and must not be deployed. */
export function readinessProblems(deployment: Deployment, now: Date): readonly ReadinessProblem[] {
  const services = placedServices(deployment);
  return [
    ...keySourceProblems(services, deployment),
    ...sharedKeys(deployment),
    ...keyKindProblems(deployment),
    ...services.flatMap((service) => chainProblems(service, deployment, now)),
    ...services.flatMap((service) => logProblems(service, deployment)),
    ...peerProblems(services),
  ];
}

/** Returns the first thing that a service waits for. */
function waitingFor(service: PlacedService, deployment: Deployment): WaitingService | undefined {
  const { id, region, kind } = service;
  const waits = (missing: string, next: string) => ({ service: id, region, missing, next });
  const pool = kind === 'fulcio' ? unknownPool(deployment) : undefined;
  if (pool) return waits(pool.missing, pool.next);
  if (publicKeyOf(service, deployment) === undefined) {
    return keepsItsOwnKey(service, deployment)
      ? waits('the public key of its secret, in trust-material.json', `sigstead aws material, with ${id}.pub.pem`)
      : waits('its recorded key', `${recordCommand}${givenKey(service)}`);
  }
  if ((deployment.material?.fulcio ?? []).length === 0) {
    if (kind === 'ct') return waits('the Fulcio root that its chains end in', issueCommand('fulcio'));
    const isGated = kind === 'rekor' && deployment.aws.writers === 'certificate';
    if (isGated) return waits('the Fulcio chain whose holders may write', issueCommand('fulcio'));
  }
  if ((kind === 'fulcio' || kind === 'timestamp') && !newestChain(service, deployment)) {
    return waits('its certificate chain', issueCommand(id));
  }
  if (kind === 'fulcio') {
    const ctLog = placedServices(deployment).findLast((other) => other.kind === 'ct');
    const isKnown = ctLog && publicKeyOf(ctLog, deployment);
    if (!isKnown) return waits(`the recorded key of ${ctLog?.id ?? 'a CT log'}`, recordCommand);
  }
  const { program, isThere } = recordedImage(service, deployment);
  return isThere ? undefined : waits(`the image of ${program}`, imagesCommand(deployment));
}

/** Fulcio is told whose tokens it takes, and of a pool that is not there yet nobody knows the id. */
function unknownPool({ config, names }: Deployment): Pick<WaitingService, 'missing' | 'next'> | undefined {
  const index = config.issuers.findIndex((issuer) => issuer.preset === 'cognito' && !isKnownCognito(issuer));
  const issuer = config.issuers[index];
  if (issuer?.preset !== 'cognito') return undefined;
  const missing = `userPool and clientId of issuers[${index}]`;
  if (!issuer.managed)
    return { missing, next: `copy userPool and clientId of the pool that exists into issuers[${index}]` };
  const stack = names.stack('Oidc', names.writeRegion);
  return {
    missing,
    next: `npx cdk deploy ${stack}, then copy its outputs UserPoolId and ClientId into issuers[${index}], as userPool and clientId`,
  };
}

const recordCommand = 'sigstead aws record';

/** What only people can bring. */
function givenKey({ id, key }: PlacedService): string {
  if (isInKeyset(key)) return ` --public-key ${id}=FILE --keyset ${id}=FILE`;
  return isInHsm(key) ? ` --public-key ${id}=FILE` : '';
}

/** Some images are made only where they are named; and with all others, for `images push` takes what one build made. */
function imagesCommand(deployment: Deployment): string {
  const programs = instancePrograms(deployment);
  const isForHsm = programs.some((name) => name.endsWith('-pkcs11'));
  const push = 'sigstead images push';
  if (!isForHsm && !programs.includes('tesseract-aws')) return push;
  const base = isForHsm ? ` --base HOST/REPOSITORY@sha256:DIGEST --module ${deployment.aws.hsm?.module ?? 'PATH'}` : '';
  return `sigstead images build --programs ${programs.join(',')}${base}, then ${push}`;
}

/** Names the event after the service, so that two of them do not end up in one. */
function issueCommand(service: string): string {
  return `sigstead ceremony ca plan ca-intent.yaml --event issue-${service}`;
}

function readyOf(service: PlacedService, deployment: Deployment, options: ReadinessOptions): ReadyService {
  const { id, kind, region, frozen } = service;
  const key = keyOfService(service, deployment.record);
  const shard = logConfigOf(service, deployment);
  const publicKey = publicKeyOf(service, deployment);
  const isLog = kind === 'ct' || kind === 'rekor';
  return {
    ...{ id, kind, region },
    ...(frozen && { frozen }),
    spec: specOf(service, deployment, options),
    digest: recordedImage(service, deployment).digest,
    image: service.program,
    ...(key && readyKey(key)),
    ...(isLog && shard && publicKey && { log: { kind, origin: shard.origin, publicKeyPem: pemOf(publicKey) } }),
  };
}

function readyKey(key: ServiceKey): Pick<ReadyService, 'key' | 'hsmKey' | 'tinkKey'> {
  if ('arn' in key) return { key };
  return 'keyset' in key ? { tinkKey: key } : { hsmKey: key };
}

function recordedImage({ program }: PlacedService, { record }: Deployment) {
  const digest = record.images.get(program);
  return { program, isThere: digest !== undefined, digest: digest ?? '' };
}

/** A service whose peer waits is not in order yet, and starts after all others. */
function inStartOrder(ready: readonly ReadyService[]): readonly ReadyService[] {
  const here = new Set(ready.map(({ id }) => id));
  const items = ready.map((service) => ({
    service,
    id: service.id,
    dependsOn: service.spec.dependsOn.filter((id) => here.has(id)),
  }));
  return startGroups(items).flatMap((group) => group.map(({ service }) => service));
}
