import { createECDH, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { type GenesisOptions, runGenesis } from '../../ceremony/genesis.ts';
import type { RootPolicy } from '../../src/config/root-policy.ts';
import { equalBytes, utf8 } from '../../src/core/bytes.ts';
import { addMs, dayMs } from '../../src/core/clock.ts';
import { sha256 } from '../../src/core/digest.ts';
import { ToolkitError } from '../../src/core/error.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import type { Lock } from '../../src/core/lock.ts';
import type { Signer } from '../../src/core/signer.ts';
import type { Store } from '../../src/core/store.ts';
import { canonicalize } from '../../src/tuf/canonical-json.ts';
import { keyId, tufKey } from '../../src/tuf/key.ts';
import type { RoleName } from '../../src/tuf/layout.ts';
import { formatMetadata, parseMetadata } from '../../src/tuf/metadata.ts';
import type { ReadFile } from '../../src/tuf/reader.ts';

export const now = new Date('2026-11-22T10:00:00Z');
export const inDays = (days: number): Date => addMs(now, days * dayMs);

const seededSigners = new Map<string, Signer>();

/** A P-256 signer whose key follows from its name, so that a failing test can be repeated. */
export function seededSigner(name: string): Signer {
  const signer = seededSigners.get(name) ?? makeSigner(name);
  seededSigners.set(name, signer);
  return signer;
}

function makeSigner(name: string): Signer {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(sha256(`sigstead test key ${name}`));
  const point = ecdh.getPublicKey();
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    d: ecdh.getPrivateKey().toString('base64url'),
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  };
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  return {
    uri: `memory:${name}`,
    algorithm: 'ecdsa-p256-sha256',
    publicKey: createPublicKey(key),
    sign: async (message) => new Uint8Array(sign('sha256', message, key)),
  };
}

/** A signer of another kind, made anew. */
export function freshSigner(algorithm: 'ed25519' | 'ecdsa-p384-sha384'): Signer {
  const ed25519 = algorithm === 'ed25519';
  const pair = ed25519 ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-384' });
  return {
    uri: `memory:${algorithm}`,
    algorithm,
    publicKey: pair.publicKey,
    sign: async (message) => new Uint8Array(sign(ed25519 ? null : 'sha384', message, pair.privateKey)),
  };
}

export const holderIds = ['alice', 'bob', 'carol', 'dave', 'erin'] as const;
export const online = seededSigner('online');

export function holders(...ids: readonly string[]): ReadonlyMap<string, Signer> {
  return new Map((ids.length > 0 ? ids : holderIds).map((id) => [id, seededSigner(id)]));
}

export function rootPolicy(change: Partial<RootPolicy> = {}): RootPolicy {
  const people = { threshold: 3, holders: holderIds };
  return {
    file: '/policy.yaml',
    text: '',
    holders: holderIds.map((id) => ({ id, name: id })),
    root: { ...people, expiryDays: 180, resignDays: 60 },
    targets: { ...people, expiryDays: 90, resignDays: 30 },
    online: { key: 'file' },
    ceremony: { tolerance: 2, planDays: 21 },
    snapshot: { expiryDays: 14, resignDays: 7 },
    timestamp: { expiryDays: 3, resignDays: 2 },
    warnings: [],
    ...change,
  };
}

export const targets: ReadonlyMap<string, Uint8Array> = new Map([
  ['trusted_root.json', utf8('{"trusted":"root"}\n')],
  ['signing_config.v0.2.json', utf8('{"signing":"config"}\n')],
]);

/** A store in memory that keeps every promise of the port, with the writes in the order they came. */
export class MemoryStore implements Store {
  readonly uri = 'memory:store';
  readonly files: Map<string, Uint8Array>;
  readonly writes: string[] = [];
  #held = false;

  constructor(files: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.files = new Map(files);
  }

  async read(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
    const bytes = this.files.get(path);
    if (bytes && bytes.length > maxBytes) {
      throw new ToolkitError('CORE_TOO_LARGE', {
        message: `${path}: expected at most ${maxBytes} bytes`,
        fault: 'input',
      });
    }
    return bytes;
  }

  async create(path: string, bytes: Uint8Array): Promise<void> {
    const present = this.files.get(path);
    if (present && !equalBytes(present, bytes)) {
      throw new ToolkitError('STORE_EXISTS', { message: `${path}: exists`, fault: 'input', data: { path } });
    }
    this.files.set(path, bytes);
    this.writes.push(path);
  }

  async replace(path: string, bytes: Uint8Array): Promise<void> {
    this.files.set(path, bytes);
    this.writes.push(path);
  }

  async tryLock(): Promise<Lock | undefined> {
    if (this.#held) return undefined;
    this.#held = true;
    return { release: () => (this.#held = false) };
  }
}

export interface Published {
  readonly store: MemoryStore;
  readonly pinnedRoot: Uint8Array;
}

/** A published repository with a 3-of-5 root, as `runGenesis` makes it. */
export async function publishedRepository(change: Partial<GenesisOptions> = {}): Promise<Published> {
  const store = new MemoryStore();
  const { root } = await runGenesis({
    policy: rootPolicy(),
    holders: holders(),
    online,
    targets,
    store,
    now,
    ...change,
  });
  return { store, pinnedRoot: root.bytes };
}

/** What every operation on `published` takes. */
export function onRepository({ store, pinnedRoot }: Published, at: Date = now) {
  return { policy: rootPolicy(), store, pinnedRoot, online, now: at };
}

export function readerOf(store: Store): ReadFile {
  return store.read.bind(store);
}

/** Returns a copy of a metadata file with its signed part changed and signed by these keys; what an attacker makes. */
export async function forge<Role extends RoleName>(
  bytes: Uint8Array,
  role: Role,
  change: Readonly<Record<string, Json>>,
  signers: readonly Signer[],
): Promise<Uint8Array> {
  const signed: JsonObject = { ...parseMetadata(bytes, role).signed, ...change };
  return await signMetadata(signed, signers);
}

/** Signs metadata outside every ceremony. */
export async function signMetadata(signed: JsonObject, signers: readonly Signer[]): Promise<Uint8Array> {
  const canonical = canonicalize(signed);
  const signatures = await Promise.all(
    signers.map(async (signer) => ({
      keyid: keyId(tufKey(signer.publicKey)),
      sig: Buffer.from(await signer.sign(canonical)).toString('hex'),
    })),
  );
  return utf8(formatMetadata(signed, signatures));
}
