import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { startGateway } from '../../local/gateway/gateway.ts';
import type { KeyStore } from '../../local/key-store.ts';
import { toHex, utf8 } from '../../src/core/bytes.ts';
import { addMs, type Clock, formatInstant, minuteMs } from '../../src/core/clock.ts';
import { readFileCapped, replaceFile } from '../../src/core/files.ts';
import { loopbackEdgeLimits, tufEdge } from '../../src/services/edge.ts';
import { canonicalize } from '../../src/tuf/canonical-json.ts';
import { keyId, tufKey } from '../../src/tuf/key.ts';
import { maxMetadataBytes, timestampPath } from '../../src/tuf/layout.ts';
import { parseMetadata } from '../../src/tuf/metadata.ts';

/** A copy of the published repository on a port of its own, whose timestamp can be made to have expired. */
export interface RepositoryCopy {
  readonly url: string;
  /** Signs a timestamp with the real online key that expired a minute ago. */
  expire(): Promise<void>;
  close(): Promise<void>;
}

export interface CopyOptions {
  /** The published repository. */
  readonly repository: string;
  /** Where the copy is made. */
  readonly directory: string;
  readonly keys: KeyStore;
  readonly clock: Clock;
}

export async function serveCopy({ repository, directory, keys, clock }: CopyOptions): Promise<RepositoryCopy> {
  await cp(repository, directory, { recursive: true });
  const listener = { name: 'tuf-copy', port: 0, edge: tufEdge(loopbackEdgeLimits), directory };
  const gateway = await startGateway({ listeners: [listener], log: () => undefined });
  return {
    url: `http://127.0.0.1:${gateway.ports.get(listener.name)}`,
    expire: () => expireTimestamp(join(directory, timestampPath), keys, clock),
    close: () => gateway.close(),
  };
}

async function expireTimestamp(path: string, keys: KeyStore, clock: Clock): Promise<void> {
  const online = await keys.open('tuf-online');
  const current = parseMetadata(await readFileCapped(path, maxMetadataBytes.timestamp), 'timestamp');
  const expires = formatInstant(addMs(clock.now(), -minuteMs));
  const signed = { ...current.signed, version: current.version + 1, expires };
  const signature = { keyid: keyId(tufKey(online.publicKey)), sig: toHex(await online.sign(canonicalize(signed))) };
  await replaceFile(path, utf8(JSON.stringify({ signatures: [signature], signed })));
}
