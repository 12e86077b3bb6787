import { ToolkitError } from '../../src/core/error.ts';
import { maxMetadataBytes, maxRootRotations, metadataPath } from '../../src/tuf/layout.ts';
import { parseMetadata, type RootMetadata } from '../../src/tuf/metadata.ts';
import { verifyRootUpdate } from '../../src/tuf/root-chain.ts';
import { quorumOf, verifyThreshold } from '../../src/tuf/threshold.ts';
import type { ImportSource } from './source.ts';

/** The roots of a source: all of them as files, and as a chain those that a strict client can follow. */
export interface RootHistory {
  /** Every root by version, also those that nobody can verify any more. */
  readonly files: ReadonlyMap<number, Uint8Array>;
  /** From the oldest root that a client can start from to the one in force. */
  readonly chain: readonly [RootMetadata, ...RootMetadata[]];
  /** Why no client starts from an older one; `undefined` if the chain has them all. */
  readonly brokenBy: { readonly version: number; readonly error: ToolkitError } | undefined;
}

/**
 * Reads every root of a source and finds the oldest one from which the chain verifies.
 * @throws CER_IMPORT_ROOTS if there is no root to begin with
 * @throws TUF_METADATA, TUF_THRESHOLD, … if the root in force is none itself
 */
export async function readRootHistory(source: ImportSource): Promise<RootHistory> {
  const files = await rootFiles(source);
  const versions = [...files.keys()].sort((a, b) => b - a);
  const latest = parseRoot(files, versions[0] ?? 0);
  let chain: RootHistory['chain'] = [latest];
  for (const version of versions.slice(1)) {
    try {
      const older = parseRoot(files, version);
      verifyRootUpdate(older, chain[0]);
      chain = [older, ...chain];
    } catch (error) {
      if (!(error instanceof ToolkitError)) throw error;
      return { files, chain, brokenBy: { version, error } };
    }
  }
  return { files, chain, brokenBy: undefined };
}

function parseRoot(files: ReadonlyMap<number, Uint8Array>, version: number): RootMetadata {
  const root = parseMetadata(files.get(version) ?? new Uint8Array(), 'root');
  verifyThreshold(root, 'root', quorumOf(root, 'root'));
  return root;
}

/** Nothing lists what a web server has: from the first root upwards, or both ways from the one in force. */
async function rootFiles(source: ImportSource): Promise<ReadonlyMap<number, Uint8Array>> {
  const read = async (version: number) => await source.read(metadataPath('root', version), maxMetadataBytes.root);
  const files = new Map<number, Uint8Array>();
  const walk = async (from: number, step: 1 | -1) => {
    for (let version = from; version > 0; version += step) {
      const bytes = await read(version);
      if (bytes === undefined) return;
      if (files.size > maxRootRotations) throw tooMany(source);
      files.set(version, bytes);
    }
  };
  await walk(1, 1);
  if (files.size > 0) return files;
  const unnumbered = await source.read('root.json', maxMetadataBytes.root);
  if (unnumbered === undefined) throw noRoot(source);
  const { version } = parseMetadata(unnumbered, 'root');
  files.set(version, unnumbered);
  await walk(version - 1, -1);
  await walk(version + 1, 1);
  return files;
}

function noRoot({ where }: ImportSource): ToolkitError {
  return new ToolkitError('CER_IMPORT_ROOTS', {
    message: `${where}: expected 1.root.json, or root.json, got neither`,
    fault: 'input',
    data: { where },
    hint: 'clients walk from root to root: bring every version that was ever published',
  });
}

function tooMany({ where }: ImportSource): ToolkitError {
  return new ToolkitError('CER_IMPORT_ROOTS', {
    message: `${where}: expected at most ${maxRootRotations} roots after the first, got more`,
    fault: 'input',
    data: { where },
    hint: 'clients give up here as well',
  });
}
