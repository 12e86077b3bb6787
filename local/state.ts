import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { toHex } from '../src/core/bytes.ts';
import { formatInstant, parseInstant } from '../src/core/clock.ts';
import { ToolkitError } from '../src/core/error.ts';
import { createFile, makePrivateDirectory, privateFileMode, readFileIfPresent } from '../src/core/files.ts';
import { isJsonObject, type JsonObject, parseJsonObject } from '../src/core/json.ts';
import { hasOwnDirectory } from '../src/core/ownership.ts';

/** Raised when an older sigstead could misread what a newer one wrote. */
const stateVersion = 1;

/** What is decided once, when a state directory is made, and never changes: clients hold URLs with these ports. */
export interface StateFacts {
  /** Tells this instance's processes from others' on the machine. */
  readonly id: string;
  readonly instanceName: string;
  readonly domain: string;
  readonly createdAt: Date;
  /** Port by name, e.g. `edge/fulcio`, `rekor-log2026-1/grpc`. */
  readonly ports: Readonly<Record<string, number>>;
}

/** Where everything durable of a local instance lives. */
export class StateDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get factsFile(): string {
    return join(this.path, 'state.json');
  }
  /** The configuration that the instance was last brought up with, and the name of its file. */
  get configurationFile(): string {
    return join(this.path, 'configuration.json');
  }
  get lockFile(): string {
    return join(this.path, 'up.lock');
  }
  /** Encrypted keys, and beside each the passphrase that opens it. */
  get keys(): string {
    return join(this.path, 'keys');
  }
  get certificates(): string {
    return join(this.path, 'certificates');
  }
  get materialFile(): string {
    return join(this.path, 'trust-material.json');
  }
  /** The instance's own copy of its policy, and the root that clients pin. */
  get rootSigning(): string {
    return join(this.path, 'root-signing');
  }
  get pinnedRootFile(): string {
    return join(this.rootSigning, '1.root.json');
  }
  /** What was published last, so that an old copy of the repository is known as one. */
  get publishedMemoryFile(): string {
    return join(this.rootSigning, 'published.json');
  }
  /** The published TUF repository. */
  get repository(): string {
    return join(this.path, 'tuf');
  }
  get identityProvider(): string {
    return join(this.path, 'identity-provider');
  }
  get testSecretFile(): string {
    return join(this.identityProvider, 'test-grant.secret');
  }
  /** What a service needs while it runs: rendered files and pipes. Made anew at each start. */
  get run(): string {
    return join(this.path, 'run');
  }
  /** Written when the instance is ready, removed when it stops. */
  get runningFile(): string {
    return join(this.run, 'running.json');
  }
  dataOf(service: string): string {
    return join(this.path, 'data', service);
  }
  get logs(): string {
    return join(this.path, 'logs');
  }
  logOf(service: string): string {
    return join(this.logs, `${service}.log`);
  }
}

/**
 * Reads what was decided when the state directory was made, or returns `undefined` where none was. What is read from
 * the directory afterwards can be this user's work alone.
 * @throws CORE_OWNER if the directory is another user's, or others can write to it
 * @throws LOCAL_STATE_NEWER if a newer sigstead wrote it
 * @throws LOCAL_STATE_INVALID if it cannot be read as ours
 */
export async function readFacts(state: StateDirectory): Promise<StateFacts | undefined> {
  if (!(await hasOwnDirectory(state.path))) return undefined;
  const bytes = await readFileIfPresent(state.factsFile, 65_536);
  return bytes && parseFacts(parseJsonObject(bytes, { what: state.factsFile, maxBytes: 65_536 }), state.factsFile);
}

/** Writes the facts of a new state directory. The file appears whole or not at all. */
export async function createFacts(state: StateDirectory, facts: StateFacts): Promise<void> {
  await makePrivateDirectory(state.path);
  const document = { version: stateVersion, ...facts, createdAt: formatInstant(facts.createdAt) };
  await createFile(state.factsFile, `${JSON.stringify(document, undefined, 2)}\n`, { mode: privateFileMode });
}

/** Returns what tells a state directory from a copy of it, for as long as the machine is up. */
export async function placeOf(state: StateDirectory): Promise<string> {
  const { dev, ino } = await stat(state.path, { bigint: true });
  return `${dev}-${ino}`;
}

/** Returns what marks the processes of an instance here; a copy of its state directory must not end them. */
export async function markerOf(state: StateDirectory, facts: StateFacts): Promise<string> {
  return `${facts.id}-${await placeOf(state)}`;
}

export function newInstanceId(): string {
  return toHex(randomBytes(8));
}

function parseFacts(document: JsonObject, file: string): StateFacts {
  const { version, id, instanceName, domain, createdAt, ports } = document;
  if (typeof version === 'number' && version > stateVersion) throw newer(file, version);
  if (
    version !== stateVersion ||
    typeof id !== 'string' ||
    !/^[0-9a-f]{16}$/.test(id) ||
    typeof instanceName !== 'string' ||
    typeof domain !== 'string' ||
    typeof createdAt !== 'string' ||
    !isJsonObject(ports)
  ) {
    throw invalid(file);
  }
  const entries = Object.entries(ports).map(([name, value]) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 65_535) throw invalid(file);
    return [name, value] as const;
  });
  return { id, instanceName, domain, createdAt: parseInstant(createdAt, file), ports: Object.fromEntries(entries) };
}

function newer(file: string, version: number): ToolkitError {
  return new ToolkitError('LOCAL_STATE_NEWER', {
    message: `${file}: expected version ${stateVersion}, got ${version}`,
    fault: 'input',
    data: { file, version, supported: stateVersion },
    hint: 'a newer sigstead made this state directory; use that one, or name another directory with --state',
  });
}

function invalid(file: string): ToolkitError {
  return new ToolkitError('LOCAL_STATE_INVALID', {
    message: `${file}: not a state file of sigstead`,
    fault: 'input',
    data: { file },
    hint: 'name another directory with --state, or restore this one from a backup',
  });
}
