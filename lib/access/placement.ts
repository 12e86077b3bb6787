import type { KeySource } from '../../src/config/config.ts';
import type { CognitoIssuer } from '../../src/identity/issuer.ts';
import { ctLogId } from '../../src/services/ct-log.ts';
import { tufOnlineKey } from '../../src/services/deployment.ts';
import { fulcioId } from '../../src/services/fulcio.ts';
import { rekorId } from '../../src/services/rekor.ts';
import { hsmUri, isInHsm, isInKeyset } from '../../src/services/service.ts';
import { timestampAuthorityId } from '../../src/services/timestamp-authority.ts';
import type { Deployment } from '../deployment.ts';

/** What follows from the configuration alone. */
export type Placement = Pick<Deployment, 'config' | 'aws' | 'names'>;

export type ServiceKind = 'fulcio' | 'ct' | 'rekor' | 'timestamp';

/** What access control has to know of a service: it follows from the configuration, before any key or image exists. */
export interface PlacedService {
  readonly id: string;
  readonly kind: ServiceKind;
  readonly region: string;
  readonly key: KeySource;
  /** A log that takes no entry any more: no server runs for it, and nobody uses its key. */
  readonly frozen?: boolean;
  /** The program whose image its tasks start. A log's own image also holds the program that ends the log. */
  readonly program: string;
}

/** Returns the services of an instance, each with the region that it runs in. */
export function placedServices({ config, aws, names }: Placement): readonly PlacedService[] {
  const placed = (region: string | undefined) => region ?? names.writeRegion;
  const ctProgram = aws.ctLogServer === 'kms' ? 'ct-log' : 'tesseract-aws';
  return [
    {
      id: fulcioId,
      kind: 'fulcio',
      region: names.writeRegion,
      key: config.fulcio.key,
      program: imageOf('fulcio', config.fulcio.key),
    },
    ...config.logs.ct.map(({ shard, region, key }) => ({
      ...{ id: ctLogId(shard), kind: 'ct' as const, region: placed(region), key },
      ...{ program: imageOf(ctProgram, key), frozen: aws.frozen.includes(shard) },
    })),
    ...config.logs.rekor.map(({ shard, region, key }) => ({
      ...{ id: rekorId(shard), kind: 'rekor' as const, region: placed(region), key },
      ...{ program: 'rekor-aws', frozen: aws.frozen.includes(shard) },
    })),
    ...config.timestamps.map(({ name, region, key }) => ({
      ...{ id: timestampAuthorityId(name), kind: 'timestamp' as const, region: placed(region), key },
      program: imageOf('timestamp-server-aws', key),
    })),
  ];
}

/** The image of a server whose key is in an HSM also holds the plug-in, on a base with a C library. */
function imageOf(program: string, key: KeySource): string {
  return isInHsm(key) ? `${program}-pkcs11` : program;
}

export function isLog({ kind }: Pick<PlacedService, 'kind'>): boolean {
  return kind === 'ct' || kind === 'rekor';
}

/** Returns the programs that run in an instance, each of which has an image. */
export function instancePrograms(deployment: Placement): readonly string[] {
  return [...new Set(placedServices(deployment).map(({ program }) => program))].toSorted();
}

/** Returns the issuer whose user pool the deployment makes, if there is one. */
export function managedCognito({ config }: Pick<Placement, 'config'>): CognitoIssuer | undefined {
  return config.issuers.filter((issuer) => issuer.preset === 'cognito').find(({ managed }) => managed);
}

/** A key of an instance in KMS. */
export interface PlacedKey {
  /** Of the service, or `tuf-online`. */
  readonly id: string;
  readonly region: string;
  readonly spec: 'ECC_NIST_P256' | 'ECC_NIST_P384';
  readonly signingAlgorithm: 'ECDSA_SHA_256' | 'ECDSA_SHA_384';
  readonly purpose: string;
  /** ARNs of the roles that sign with it: none for a log that is frozen. */
  readonly signers: readonly string[];
}

const keyKinds: Readonly<Record<ServiceKind | 'tuf-online', Pick<PlacedKey, 'spec' | 'signingAlgorithm' | 'purpose'>>> =
  {
    fulcio: { ...p384(), purpose: 'issues certificates' },
    timestamp: { ...p384(), purpose: 'signs timestamps' },
    ct: { ...p256(), purpose: 'signs SCTs and checkpoints' },
    rekor: { ...p256(), purpose: 'signs checkpoints' },
    'tuf-online': { ...p256(), purpose: 'signs TUF snapshot and timestamp' },
  };

/** Returns the keys of an instance that are in KMS. A service with its key elsewhere has none. */
export function placedKeys(deployment: Placement): readonly PlacedKey[] {
  const { names } = deployment;
  const ofServices = placedServices(deployment)
    .filter((service) => service.key === 'awskms' && !keepsItsOwnKey(service, deployment))
    .map(({ id, kind, region, frozen }) => ({
      ...{ ...keyKinds[kind], id, region },
      signers: frozen ? [] : [names.roleArn(id, 'task')],
    }));
  const online = {
    ...keyKinds['tuf-online'],
    ...{ id: tufOnlineKey, region: names.writeRegion },
    signers: [names.roleArn('resign-online', 'function'), publisherArn(deployment)],
  };
  return [...ofServices, online];
}

/** A key of an instance that people made in an HSM. */
export interface PlacedHsmKey extends Pick<PlacedKey, 'id' | 'spec'> {
  readonly uri: string;
}

export function placedHsmKeys(deployment: Placement): readonly PlacedHsmKey[] {
  return placedServices(deployment).flatMap(({ id, kind, key }) =>
    isInHsm(key) ? [{ id, uri: hsmUri(key), spec: keyKinds[kind].spec }] : [],
  );
}

/** A log's key in a keyset that people made, and that their KMS key wraps. */
export function placedTinkKeys(deployment: Placement): readonly PlacedHsmKey[] {
  return placedServices(deployment).flatMap(({ id, kind, key }) =>
    isInKeyset(key) ? [{ id, uri: key, spec: keyKinds[kind].spec }] : [],
  );
}

/** TesseraCT's own binary takes its key from Secrets Manager only. */
export function keepsItsOwnKey({ kind }: PlacedService, { aws }: Placement): boolean {
  return kind === 'ct' && aws.ctLogServer === 'upstream';
}

/** Returns the regions that have keys. */
export function keyRegions(deployment: Placement): readonly string[] {
  return [...new Set(placedKeys(deployment).map(({ region }) => region))];
}

/** TesseraCT's own binary: its key in two secrets, `…/private` and `…/public`. */
export function ownKeySecret(id: string, names: Placement['names']): string {
  return `${names.instance}/key/${id}/*`;
}

/** Whoever publishes what a ceremony signed: people, so it is no role of a function, and its tasks are theirs. */
export function publisherArn({ names }: Placement): string {
  return names.roleArn('publisher', 'task');
}

function p256() {
  return { spec: 'ECC_NIST_P256', signingAlgorithm: 'ECDSA_SHA_256' } as const;
}

function p384() {
  return { spec: 'ECC_NIST_P384', signingAlgorithm: 'ECDSA_SHA_384' } as const;
}
