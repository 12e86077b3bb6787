import type { HsmConfig } from '../src/config/config.ts';
import { ToolkitError } from '../src/core/error.ts';
import { databaseCaFile } from '../src/services/ct-log.ts';
import type { HsmKey, RecordedKey, TinkKey } from '../src/services/deployment.ts';
import type { Reference, ServiceSpec, StoragePart, Template, WriteGateSpec } from '../src/services/service.ts';
import { keyAddress, keyArnOf } from './key-address.ts';
import type { Names } from './names.ts';
import { portOf } from './server-ports.ts';

/** A log as its start gate knows it: what it signs with, and where its writers are. */
export interface GatedLog {
  readonly kind: 'ct' | 'rekor';
  readonly origin: string;
  /** Public key of the log (PEM), as recorded: what is published has to verify with it. */
  readonly publicKeyPem: string;
}

/** Where one service runs on AWS. */
export interface Placement {
  readonly names: Names;
  readonly region: string;
  /** Its key in KMS, where it has one. */
  readonly key?: RecordedKey;
  /** Its key in an HSM, where it has one, and how that is reached. */
  readonly hsm?: HsmConfig & Pick<HsmKey, 'uri'>;
  /** Its key in a keyset, where it has one. */
  readonly tink?: Pick<TinkKey, 'uri' | 'keyset'>;
  /** For a log. */
  readonly log?: GatedLog;
  /** For a log: the host of its database, and the CA certificates of that (PEM). The host may be a token. */
  readonly database?: { readonly host: string; readonly caPem: string };
}

/** What a container is started with. Nothing in it is secret: passwords are named, and `entry` puts them in. */
export interface RenderedContainer {
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Variables that ECS fills: from a field of the shard's database secret, or with the PIN of the service. */
  readonly secrets: Readonly<Record<string, 'password' | 'pin'>>;
  readonly ports: readonly { readonly name: string; readonly port: number }[];
  /** Absent for a task that ends by itself. */
  readonly health?: { readonly command: readonly string[]; readonly startSeconds: number };
  /** What clients reach instead: another container of the same task. */
  readonly writeGate?: RenderedContainer;
}

export const databasePort = 3306;
export const passwordVariable = 'DATABASE_PASSWORD';

/**
 * A writer whose host is lost closes no connection: Rekor's one sequencer would wait for its answer until TCP gives up,
 * and every request behind it. A transaction whose answer does not come in time is rolled back, and its requests fail.
 */
const databaseTimeouts = 'timeout=5s&readTimeout=30s&writeTimeout=30s';

/** ECS takes 64 KiB; names of roles, image and log group are in there too. */
const maxContainerBytes = 60 * 1_024;

/**
 * Renders a service specification to what its container is started with.
 * @throws AWS_RENDER if the specification refers to what only one machine has, or the placement lacks what it needs
 * @throws AWS_KEY_ALIAS, AWS_KEY_REGION, AWS_KEY_ACCOUNT if the recorded key cannot be the service's
 * @throws AWS_TASK_SIZE if ECS would not take it
 */
export function renderContainer(spec: ServiceSpec, place: Placement): RenderedContainer {
  const render = (template: Template) => renderTemplate(template, spec, place);
  const container: RenderedContainer = {
    entryPoint: ['/entry'],
    command: [
      `/bin/${spec.program}`,
      ...(spec.subcommand ? [spec.subcommand] : []),
      ...spec.flags.map((flag) => `--${flag.name}=${render(flag.value)}`),
    ],
    environment: environmentOf(spec, place),
    secrets: { ...(stores(spec) && { [passwordVariable]: 'password' }), ...(usesHsm(spec) && hsmSecrets) },
    ports: spec.ports
      .filter(({ name }) => !spec.writeGate || name !== writeGatePort)
      .map(({ name }) => portFor(spec, name)),
    health: healthOf(spec),
    ...(spec.writeGate && { writeGate: renderWriteGate(spec, spec.writeGate, place) }),
  };
  assertSize(spec, container);
  return container;
}

/** The port of a service that a gate takes, if there is one. */
const writeGatePort = 'http';

/** The gate holds no secret and no key: it is told whose certificates count, and where the server is. */
function renderWriteGate(spec: ServiceSpec, gate: WriteGateSpec, place: Placement): RenderedContainer {
  return {
    entryPoint: ['/entry'],
    command: [
      `/bin/${gate.program}`,
      ...gate.flags.map(({ name, value }) => `--${name}=${renderTemplate(value, spec, place)}`),
    ],
    environment: { SIGSTEAD_FILES: json(gate.files.map(({ name, content }) => [name, content] as const)) },
    secrets: {},
    ports: [portFor(spec, writeGatePort)],
    health: healthOf({ ...spec, health: { ...spec.health, port: writeGatePort } }),
  };
}

function portFor({ id }: ServiceSpec, name: string) {
  return { name, port: portOf(id, name) };
}

function environmentOf(spec: ServiceSpec, place: Placement): Readonly<Record<string, string>> {
  const files = filesOf(spec, place);
  const variables = spec.environment.map(({ name, value }) => [name, renderTemplate(value, spec, place)] as const);
  return {
    // ECS sets it too, but nowhere does it promise to.
    AWS_REGION: place.region,
    ...(files.length > 0 && { SIGSTEAD_FILES: json(files) }),
    ...(variables.length > 0 && { SIGSTEAD_ENV: json(variables) }),
    // A DSN has no field for CA certificates: Rekor trusts the system's, to which these are added.
    ...(usesDsn(spec) && { SIGSTEAD_EXTRA_ROOTS: databaseCaFile }),
    ...(usesHsm(spec) && hsmEnvironment(spec.id, place)),
    ...(stores(spec) && { SIGSTEAD_GATE: JSON.stringify(gateOf(spec, place)) }),
  };
}

/** ECS takes no more, and a server may fail its first checks after that for as long as its retries last. */
const maxStartSeconds = 300;

/** Returns how long a task may take to be well. The start gate of a log waits that long for another task's first checkpoint. */
export function startSecondsOf(spec: ServiceSpec): number {
  return stores(spec) ? maxStartSeconds : Math.min(maxStartSeconds, Math.ceil(spec.startTimeoutMs / 1_000));
}

/** The image has no other program that could ask. */
function healthOf(spec: ServiceSpec) {
  const { id, health } = spec;
  return {
    command: ['CMD', '/entry', 'health', `http://127.0.0.1:${portOf(id, health.port)}${health.path}`],
    startSeconds: startSecondsOf(spec),
  };
}

/** `entry` hands the PIN on as a file that the plug-in inherits. */
export const hsmSecrets = { SIGSTEAD_PKCS11_PIN: 'pin' } as const;

/** What the plug-in of a key in an HSM reads from the server's environment, besides the PIN. */
export function hsmEnvironment(service: string, { hsm }: Placement): Readonly<Record<string, string>> {
  if (hsm) return { SIGSTEAD_PKCS11_MODULE: hsm.module, ...(hsm.exclusive && { SIGSTEAD_PKCS11_EXCLUSIVE: '1' }) };
  const message = `${service}: its key is in an HSM, and the configuration names none`;
  throw new ToolkitError('AWS_RENDER', { message, fault: 'caller', data: { service } });
}

function usesHsm(spec: ServiceSpec): boolean {
  return spec.keys.some(({ delivery }) => delivery === 'pkcs11');
}

function filesOf(spec: ServiceSpec, place: Placement): readonly (readonly [string, string])[] {
  const brought = stores(spec) ? [[databaseCaFile, databaseOf(spec, place).caPem] as const] : [];
  return [...spec.files.map(({ name, content }) => [name, content] as const), ...brought];
}

/**
 * What `entry` holds the database against the published log with, before it starts the server. It compares no key in a
 * keyset: only the server opens that.
 */
export function gateOf(spec: ServiceSpec, place: Placement) {
  const { names, region, log } = place;
  if (!log) throw unplaced(spec, 'a log');
  return {
    kind: log.kind,
    origin: log.origin,
    ...((place.key || place.hsm) && { key: keyAddress(spec.id, place) }),
    bucket: names.bucket(spec.id, region),
    region,
    records: names.bucket('records', region),
    shard: spec.id,
    publicKeyPem: log.publicKeyPem,
    database: {
      host: databaseOf(spec, place).host,
      port: databasePort,
      name: names.database(spec.id),
      user: names.database(spec.id),
      passwordVariable,
      caFile: databaseCaFile,
    },
  };
}

function renderTemplate(template: Template, spec: ServiceSpec, place: Placement): string {
  // `entry` expands what looks like a reference of its own: what is only text must not.
  const literal = (part: string) => part.split('${').join('$${');
  return template.map((part) => (typeof part === 'string' ? literal(part) : resolve(part, spec, place))).join('');
}

function resolve(reference: Reference, spec: ServiceSpec, place: Placement): string {
  switch (reference.kind) {
    case 'port':
      return String(portOf(spec.id, reference.port));
    case 'peer':
      return `${place.names.peerHost(reference.service)}:${portOf(reference.service, reference.port)}`;
    case 'file':
      return `\${file:${reference.file}}`;
    case 'key-arn':
      return keyArnOf(spec.id, place);
    case 'storage':
      return storagePart(reference.part, spec, place);
    case 'nonce':
      // biome-ignore lint/suspicious/noTemplateCurlyInString: entry expands it
      return '${nonce}';
    case 'key-path':
    case 'key-passphrase':
      throw unplaced(spec, `a ${reference.kind}`);
  }
}

function storagePart(part: StoragePart, spec: ServiceSpec, place: Placement): string {
  const { names, region } = place;
  const password = `\${env:${passwordVariable}}`;
  const host = () => databaseOf(spec, place).host;
  switch (part) {
    case 'bucket':
      return names.bucket(spec.id, region);
    case 'database':
    case 'database-user':
      return names.database(spec.id);
    case 'antispam-database':
      return names.antispamDatabase(spec.id);
    case 'database-host':
      return host();
    case 'database-password':
      return password;
    case 'database-dsn': {
      const name = names.database(spec.id);
      return `${name}:${password}@tcp(${host()}:${databasePort})/${name}?parseTime=true&tls=true&${databaseTimeouts}`;
    }
    case 'public-key-secret':
      return `${names.instance}/key/${spec.id}/public`;
    case 'private-key-secret':
      return `${names.instance}/key/${spec.id}/private`;
    case 'directory':
      throw unplaced(spec, 'a directory');
  }
}

function databaseOf(spec: ServiceSpec, { database }: Placement) {
  if (database) return database;
  throw unplaced(spec, 'a database');
}

function stores(spec: ServiceSpec): boolean {
  return spec.storage === 'bucket-and-database';
}

function usesDsn(spec: ServiceSpec): boolean {
  return spec.flags.some(({ value }) =>
    value.some((part) => typeof part === 'object' && part.kind === 'storage' && part.part === 'database-dsn'),
  );
}

function assertSize(spec: ServiceSpec, container: RenderedContainer): void {
  const bytes = Buffer.byteLength(JSON.stringify(container));
  if (bytes <= maxContainerBytes) return;
  const [biggest] = spec.files.toSorted((a, b) => b.content.length - a.content.length);
  throw new ToolkitError('AWS_TASK_SIZE', {
    message: `${spec.id}: expected a task definition of at most ${maxContainerBytes} bytes, got ${bytes}; the biggest file in it is ${biggest?.name ?? databaseCaFile}`,
    fault: 'input',
    data: { service: spec.id, bytes, file: biggest?.name },
    hint: 'ECS takes no more: for issuers.json list fewer issuers, for chains leave out certificates that nobody needs',
  });
}

function json(entries: readonly (readonly [string, string])[]): string {
  return JSON.stringify(Object.fromEntries(entries));
}

function unplaced(spec: ServiceSpec, what: string): ToolkitError {
  const message = `${spec.id}: it refers to ${what}, which its place on AWS does not have`;
  return new ToolkitError('AWS_RENDER', { message, fault: 'caller', data: { service: spec.id } });
}
