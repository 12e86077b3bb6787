import type { KeyObject } from 'node:crypto';
import type { KeySource } from '../config/config.ts';
import { utf8 } from '../core/bytes.ts';
import { ToolkitError } from '../core/error.ts';
import { parseJsonObject } from '../core/json.ts';
import { parsePublicKeyPem } from '../core/public-key.ts';
import {
  assertRead,
  mapOf,
  matching,
  object,
  oneOf,
  optional,
  parsed,
  type Read,
  readShape,
  text,
} from '../core/shape.ts';
import { isInHsm, isInKeyset } from './service.ts';

/** A KMS key as it was when it was recorded. Its ARN and its public key belong together for ever. */
export interface RecordedKey {
  readonly arn: string;
  readonly publicKey: KeyObject;
}

/** A key that people made in an HSM: `uri` names it there, as `formatPkcs11Uri` writes that. */
export interface HsmKey {
  readonly uri: string;
  readonly publicKey: KeyObject;
}

/** A log's key in a keyset that people made: `uri` is `tink:` and the ARN of the KMS key that wraps it. */
export interface TinkKey {
  readonly uri: string;
  readonly publicKey: KeyObject;
  /** Wrapped: JSON, as Tink writes it. */
  readonly keyset: string;
}

export type ServiceKey = RecordedKey | HsmKey | TinkKey;

/** Returns what tells a key from others where it is kept. */
export function nameOfKey(key: ServiceKey): string {
  return 'arn' in key ? key.arn : key.uri;
}

/** Returns where a key is recorded: the field of the record. */
export function fieldOfKey(key: ServiceKey): 'keys' | 'hsmKeys' | 'tinkKeys' {
  if ('arn' in key) return 'keys';
  return 'keyset' in key ? 'tinkKeys' : 'hsmKeys';
}

/** A service, and where the configuration says that its key is. */
export interface KeyedService {
  readonly id: string;
  readonly key: KeySource;
}

/** Returns the key of a service: what is recorded where the configuration says that it is, and nothing else. */
export function keyOfService({ id, key }: KeyedService, record: DeploymentRecord): ServiceKey | undefined {
  if (isInHsm(key)) return record.hsmKeys?.get(id);
  return isInKeyset(key) ? record.tinkKeys?.get(id) : record.keys.get(id);
}

/** What a deployment made that the next one builds on: `deployment.json` beside `sigstead.yaml`. All of it is public. */
export interface DeploymentRecord {
  /** That the servers are in, once keys are recorded: where the buckets and databases of the logs are. */
  readonly account?: string | undefined;
  /** In KMS; by service id, and `tuf-online`. */
  readonly keys: ReadonlyMap<string, RecordedKey>;
  /** By service id; absent where there are none. */
  readonly hsmKeys?: ReadonlyMap<string, HsmKey> | undefined;
  /** By service id; absent where there are none. */
  readonly tinkKeys?: ReadonlyMap<string, TinkKey> | undefined;
  /** Digest (`sha256:…`) of each image in the registry of the instance, by the name of its program. */
  readonly images: ReadonlyMap<string, string>;
}

/** Returns every recorded key, by service id: that of one service may still stand in two places. */
export function recordedKeys({
  keys,
  hsmKeys,
  tinkKeys,
}: DeploymentRecord): readonly (readonly [string, ServiceKey])[] {
  return [...keys, ...(hsmKeys ?? []), ...(tinkKeys ?? [])];
}

export const emptyRecord: DeploymentRecord = { keys: new Map(), images: new Map() };

/** The key that signs timestamp and snapshot of the TUF repository, in `DeploymentRecord.keys`. */
export const tufOnlineKey = 'tuf-online';

/** The ARN of a KMS key in the partitions that upstream's client knows: its region, and its account. */
export const kmsKeyArn = /^arn:aws(?:-us-gov|-cn)?:kms:([a-z0-9-]{5,30}):(\d{12}):key\/[a-z0-9-]{36}$/;

const formatName = 'sigstead deployment v1';
const maxRecordBytes = 1 << 20;
const maxKeysetBytes = 1 << 14;

const shape: Read<DeploymentRecord & { format: string }> = object({
  format: oneOf(formatName),
  account: optional(matching(/^\d{12}$/, 'an account id of 12 digits')),
  keys: mapOf(
    object({
      arn: matching(kmsKeyArn, 'the ARN of a KMS key, not of an alias'),
      publicKey: parsed(text, publicKeyOf),
    }),
  ),
  hsmKeys: optional(
    mapOf(
      object({
        uri: matching(/^pkcs11:[\x21-\x7e]{1,1024}$/, 'a PKCS#11 URI'),
        publicKey: parsed(text, publicKeyOf),
      }),
    ),
  ),
  tinkKeys: optional(
    mapOf(
      object({
        uri: matching(/^tink:arn:[\x21-\x7e]{1,256}$/, 'tink: and the ARN of a KMS key'),
        publicKey: parsed(text, publicKeyOf),
        keyset: parsed(text, wrappedKeyset),
      }),
    ),
  ),
  images: mapOf(matching(/^sha256:[0-9a-f]{64}$/, 'sha256: and 64 hexadecimal digits')),
});

/**
 * Parses `deployment.json`. An alias is no ARN of a key: it could be pointed at another key under a running service.
 * @throws CORE_JSON, CORE_TOO_LARGE, SVC_DEPLOYMENT with every problem
 */
export function parseDeploymentRecord(bytes: Uint8Array, what: string): DeploymentRecord {
  const { account, keys, hsmKeys, tinkKeys, images } = assertRead(
    readShape(shape, parseJsonObject(bytes, { what, maxBytes: maxRecordBytes })),
    {
      code: 'SVC_DEPLOYMENT',
      what,
      hint: `sigstead writes ${what}: run \`sigstead aws record\` again, or restore the copy that it wrote`,
    },
  );
  return {
    ...(account !== undefined && { account }),
    keys,
    ...(hsmKeys && { hsmKeys }),
    ...(tinkKeys && { tinkKeys }),
    images,
  };
}

export function formatDeploymentRecord({ account, keys, hsmKeys, tinkKeys, images }: DeploymentRecord): Uint8Array {
  const sorted = <T>(entries: ReadonlyMap<string, T>) => [...entries].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const document = {
    format: formatName,
    ...(account !== undefined && { account }),
    keys: Object.fromEntries(sorted(keys).map(([name, key]) => [name, { arn: key.arn, publicKey: pem(key) }])),
    ...(hsmKeys && {
      hsmKeys: Object.fromEntries(sorted(hsmKeys).map(([name, key]) => [name, { uri: key.uri, publicKey: pem(key) }])),
    }),
    ...(tinkKeys && {
      tinkKeys: Object.fromEntries(
        sorted(tinkKeys).map(([name, key]) => [name, { uri: key.uri, publicKey: pem(key), keyset: key.keyset }]),
      ),
    }),
    images: Object.fromEntries(sorted(images)),
  };
  return utf8(`${JSON.stringify(document, null, 2)}\n`);
}

function pem({ publicKey }: ServiceKey): string {
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

/** A keyset that nobody wrapped is the key itself, in a file that is public. */
export function wrappedKeyset(text: string): string {
  const { encryptedKeyset, ...rest } = parseJsonObject(utf8(text), { what: 'keyset', maxBytes: maxKeysetBytes });
  const isWrapped = typeof encryptedKeyset === 'string' && Object.keys(rest).every((name) => name === 'keysetInfo');
  if (isWrapped) return text;
  const message = 'expected a keyset that a KMS key wrapped: encryptedKeyset and keysetInfo, and nothing else';
  throw new ToolkitError('SVC_DEPLOYMENT', { message, fault: 'input' });
}

function publicKeyOf(pem: string): KeyObject {
  const key = parsePublicKeyPem(pem);
  if (key) return key;
  throw new ToolkitError('SVC_DEPLOYMENT', { message: 'expected a PEM public key', fault: 'input' });
}
