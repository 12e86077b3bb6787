import type { KeySource } from '../config/config.ts';
import { formatPkcs11Uri, parsePkcs11Uri } from '../core/pkcs11-uri.ts';
import type { SignatureAlgorithm } from '../core/signer.ts';

/** Where a service runs: `posix` is one machine and files, `aws` is ECS, S3, MySQL and KMS. */
export type Backend = 'posix' | 'aws';

/** The binaries that `servers/` builds. */
export type ServiceProgram =
  | 'tesseract'
  | 'rekor'
  | 'fulcio'
  | 'timestamp-server'
  | 'tesseract-aws'
  | 'ct-log'
  | 'rekor-aws'
  | 'timestamp-server-aws';

export type ServiceRole = 'ct-log' | 'fulcio' | 'rekor' | 'tsa';

/** Something that only the place where the service runs can know; each rendering resolves it. */
export type Reference =
  /** A port of this service, as a number. */
  | { readonly kind: 'port'; readonly port: string }
  /** `host:port` of a port of another service, as this service reaches it. */
  | { readonly kind: 'peer'; readonly service: string; readonly port: string }
  /** The path of one of `files`. */
  | { readonly kind: 'file'; readonly file: string }
  /** The path from which the service reads one of its `keys` (an encrypted file, or a pipe that is read once). */
  | { readonly kind: 'key-path'; readonly key: string }
  /** The ARN of one of its `keys` in KMS. */
  | { readonly kind: 'key-arn'; readonly key: string }
  /** What unlocks one of its `keys`. Only ever in the environment, never in a flag. */
  | { readonly kind: 'key-passphrase'; readonly key: string }
  /** A directory, bucket, or database of this service; `part` names which fact of it. */
  | { readonly kind: 'storage'; readonly part: StoragePart }
  /** A name that nobody can know before this start: what others could take first must not be guessed. */
  | { readonly kind: 'nonce' };

export type StoragePart =
  | 'directory'
  | 'bucket'
  | 'database'
  | 'antispam-database'
  | 'database-host'
  | 'database-user'
  | 'database-password'
  | 'database-dsn'
  | 'public-key-secret'
  | 'private-key-secret';

/** Text with references in it. */
export type Template = readonly (string | Reference)[];

/** Builds a template: text with references in it. */
export function text(strings: TemplateStringsArray, ...values: readonly (string | Reference)[]): Template {
  return strings.flatMap((part, index) => [part, values[index] ?? '']).filter((part) => part !== '');
}

export interface Flag {
  /** As the binary's own `--help` spells it, without dashes. */
  readonly name: string;
  readonly value: Template;
}

export function flag(name: string, value: Template | Reference | string | number | boolean): Flag {
  if (typeof value === 'object') return { name, value: 'kind' in value ? [value] : value };
  return { name, value: [String(value)] };
}

export interface PortSpec {
  readonly name: string;
  /** `edge`: the gateway forwards to it; `peers`: other services do; `self`: nobody but an operator. */
  readonly reach: 'edge' | 'peers' | 'self';
  /** Set where upstream cannot bind this port to one address, with the reason. */
  readonly everyInterface?: string;
}

export interface FileSpec {
  readonly name: string;
  readonly content: string;
}

export interface KeySpec {
  readonly name: string;
  readonly source: KeySource;
  readonly algorithm: SignatureAlgorithm;
  /**
   * How the server takes it: an encrypted PKCS#8 file with the passphrase in the environment, unencrypted PEM
   * through a pipe that exists for one read, KMS by ARN, an HSM by our plug-in, a keyset that KMS unwraps, or Secrets
   * Manager.
   */
  readonly delivery: 'encrypted-file' | 'pipe-pkcs8' | 'pipe-sec1' | 'kms' | 'pkcs11' | 'tink' | 'secrets-manager';
}

/** A program of ours in the task of a server: it has the server's port `http`, and forwards what it admits to `behind`. */
export interface WriteGateSpec {
  readonly program: 'write-gate';
  readonly flags: readonly Flag[];
  readonly files: readonly FileSpec[];
}

/** One server as data: the only place that knows its flags. `local/` renders it to a process, `lib/` to an ECS task. */
export interface ServiceSpec {
  /** Unique in the instance, e.g. `rekor-log2026-1`. */
  readonly id: string;
  readonly role: ServiceRole;
  /** The shard or authority name in the configuration. */
  readonly name: string;
  readonly program: ServiceProgram;
  readonly subcommand?: string;
  readonly flags: readonly Flag[];
  readonly environment: readonly { readonly name: string; readonly value: Template }[];
  readonly ports: readonly PortSpec[];
  readonly files: readonly FileSpec[];
  readonly keys: readonly KeySpec[];
  readonly storage: 'none' | 'directory' | 'bucket-and-database';
  readonly health: { readonly port: string; readonly path: string };
  /** What stands between the server and whoever reaches it. @default - nothing */
  readonly writeGate?: WriteGateSpec;
  /** Ids of services that must be healthy before this one starts. */
  readonly dependsOn: readonly string[];
  /** How long it may take to answer its health check after it was started. */
  readonly startTimeoutMs: number;
  /** How long it may drain after SIGTERM. */
  readonly stopGraceMs: number;
}

export const port = (name: string): Reference => ({ kind: 'port', port: name });
export const peer = (service: string, name: string): Reference => ({ kind: 'peer', service, port: name });
export const file = (name: string): Reference => ({ kind: 'file', file: name });
export const keyPath = (key: string): Reference => ({ kind: 'key-path', key });
export const keyArn = (key: string): Reference => ({ kind: 'key-arn', key });
export const keyPassphrase = (key: string): Reference => ({ kind: 'key-passphrase', key });
export const storage = (part: StoragePart): Reference => ({ kind: 'storage', part });

/** Whether a key is in an HSM. */
export function isInHsm(source: KeySource): source is `pkcs11:${string}` {
  return source.startsWith('pkcs11:');
}

/** Whether a key is in a keyset that a KMS key wraps. */
export function isInKeyset(source: KeySource): source is `tink:${string}` {
  return source.startsWith('tink:');
}

/** Returns the ARN of the KMS key that wraps a keyset. */
export function kekArn(source: `tink:${string}`): string {
  return source.slice('tink:'.length);
}

/** Returns how a server on AWS takes a key, and what it is told to find it by. */
export function signingKey(key: string, source: KeySource): { delivery: 'kms' | 'pkcs11'; address: Template } {
  return isInHsm(source)
    ? { delivery: 'pkcs11', address: [plugInAddress(hsmUri(source))] }
    : { delivery: 'kms', address: text`awskms:///${keyArn(key)}` };
}

/** Returns what names a key in an HSM, in the one spelling by which it is recorded and compared. */
export function hsmUri(source: `pkcs11:${string}`): string {
  return formatPkcs11Uri(parsePkcs11Uri(source));
}

/** Sigstore's plug-ins are found by the scheme of an address, where a PKCS#11 URI has its own. */
export function plugInAddress(uri: string): string {
  return uri.replace(':', '://');
}
