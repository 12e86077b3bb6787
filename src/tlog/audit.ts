import { concat, equalBytes, toHex } from '../core/bytes.ts';
import { sha256 } from '../core/digest.ts';
import { ToolkitError } from '../core/error.ts';
import type { VerifiedCheckpoint } from './checkpoint.ts';
import { type CtLeaf, parseDataTile } from './ct-leaf.ts';
import { hashBytes, leafHash, rootOf, treeLevels } from './merkle.ts';
import {
  dataTilePath,
  entryBundlePath,
  issuerPath,
  parseEntryBundle,
  type TileReader,
  tilePath,
  tileWidth,
} from './tiles.ts';

/** What a log of each kind holds. */
export interface LogEntries {
  /** The canonical body of an entry. */
  readonly rekor: Uint8Array;
  readonly ct: CtLeaf;
}
export type LogKind = keyof LogEntries;

export interface AuditOptions<Kind extends LogKind> {
  readonly checkpoint: VerifiedCheckpoint;
  readonly readTile: TileReader;
  readonly kind: Kind;
}

/** All that a log holds, checked against what it signed. Element `i` of each list is entry `i` of the log. */
export interface LogAudit<Entry> {
  readonly size: number;
  readonly entries: readonly Entry[];
  readonly leafHashes: readonly Uint8Array[];
}

interface LogFormat<Entry> {
  bundlePath(index: number, width: number): string;
  parseBundle(bytes: Uint8Array, path: string): readonly Entry[];
  leafHash(entry: Entry): Uint8Array;
}

const formats: { readonly [Kind in LogKind]: LogFormat<LogEntries[Kind]> } = {
  rekor: { bundlePath: entryBundlePath, parseBundle: parseEntryBundle, leafHash },
  ct: { bundlePath: dataTilePath, parseBundle: parseDataTile, leafHash: (leaf) => leaf.leafHash },
};

/**
 * Reads a whole log and derives it again: entries → leaf hashes → every hash tile → root. Passes if the log serves each
 * file that its checkpoint implies, each tile is the one that the entries give, and the root is the one it signed.
 * Of a CT log, each leaf must stand at the index that it promises, and each issuer must be served.
 *
 * All entries are held in memory. What was added behind the checkpoint is neither read nor judged.
 * @throws TLOG_MISSING_TILE, TLOG_TILE, TLOG_ROOT, TLOG_LEAF_INDEX, TLOG_ISSUER – evidence, all of them
 */
export async function auditLog<Kind extends LogKind>(options: AuditOptions<Kind>): Promise<LogAudit<LogEntries[Kind]>> {
  const { checkpoint, readTile } = options;
  const format: LogFormat<LogEntries[Kind]> = formats[options.kind];
  const entries = await readEntries(format, checkpoint.size, readTile);
  const leafHashes = entries.map((entry) => format.leafHash(entry));
  const levels = [...treeLevels(leafHashes)];
  await checkTiles(levels, readTile);
  checkRoot(levels, checkpoint);
  if (options.kind === 'ct') await checkLeaves(entries as readonly CtLeaf[], readTile);
  return { size: checkpoint.size, entries, leafHashes };
}

/**
 * Passes if an entry that the log acknowledged is where the log said it is.
 * @throws TLOG_ENTRY_MISSING – evidence that the log lost or replaced an entry
 */
export function assertEntryLogged(
  audit: LogAudit<unknown>,
  acknowledged: { readonly index: number; readonly leafHash: Uint8Array },
): void {
  const found = audit.leafHashes[acknowledged.index];
  if (found !== undefined && equalBytes(found, acknowledged.leafHash)) return;
  const what = found === undefined ? `the log ends at ${audit.size}` : `leaf hash ${toHex(found)}`;
  throw new ToolkitError('TLOG_ENTRY_MISSING', {
    message: `entry ${acknowledged.index}: expected leaf hash ${toHex(acknowledged.leafHash)}, got ${what}`,
    fault: 'evidence',
    data: { index: acknowledged.index, leafHash: toHex(acknowledged.leafHash), size: audit.size },
  });
}

async function readEntries<Entry>(
  format: LogFormat<Entry>,
  size: number,
  readTile: TileReader,
): Promise<readonly Entry[]> {
  const bundles = await inBatches(widthsOf(size), async (width, index) => {
    const file = await readWide(readTile, (given) => format.bundlePath(index, given), width);
    const entries = format.parseBundle(file.bytes, file.path);
    if (entries.length !== file.width) throw wrongTile(file.path, `${file.width} entries`, `${entries.length}`);
    return entries.slice(0, width);
  });
  return bundles.flat();
}

async function checkTiles(levels: readonly (readonly Uint8Array[])[], readTile: TileReader): Promise<void> {
  const levelsPerTile = Math.log2(tileWidth);
  for (let height = 0; height < levels.length; height += levelsPerTile) {
    const hashes = levels[height] ?? [];
    await inBatches(widthsOf(hashes.length), async (width, index) => {
      const level = height / levelsPerTile;
      const file = await readWide(readTile, (given) => tilePath(level, index, given), width);
      const expected = hashes.slice(index * tileWidth, index * tileWidth + width);
      checkTile(file, expected);
    });
  }
}

function checkTile(file: TileFile, expected: readonly Uint8Array[]): void {
  const length = file.width * hashBytes;
  if (file.bytes.length !== length) throw wrongTile(file.path, `${length} bytes`, `${file.bytes.length}`);
  if (equalBytes(concat(...expected), file.bytes.subarray(0, expected.length * hashBytes))) return;
  const at = expected.findIndex((hash, index) => {
    return !equalBytes(hash, file.bytes.subarray(index * hashBytes, (index + 1) * hashBytes));
  });
  throw wrongTile(file.path, `hash ${at} to be the one that the entries give`, 'another');
}

function checkRoot(levels: Iterable<readonly Uint8Array[]>, checkpoint: VerifiedCheckpoint): void {
  const root = rootOf(levels);
  if (equalBytes(root, checkpoint.rootHash)) return;
  throw new ToolkitError('TLOG_ROOT', {
    message: `${checkpoint.origin}: its ${checkpoint.size} entries give root ${toHex(root)}, it signed ${toHex(checkpoint.rootHash)}`,
    fault: 'evidence',
    data: { size: checkpoint.size, computed: toHex(root), signed: toHex(checkpoint.rootHash) },
  });
}

async function checkLeaves(leaves: readonly CtLeaf[], readTile: TileReader): Promise<void> {
  leaves.forEach((leaf, index) => {
    if (leaf.leafIndex !== index) throw misplaced(leaf.leafIndex, index);
  });
  const fingerprints = new Map(leaves.flatMap((leaf) => leaf.chainFingerprints).map((hash) => [toHex(hash), hash]));
  await inBatches([...fingerprints.values()], async (fingerprint) => {
    const path = issuerPath(fingerprint);
    const certificate = await readTile(path);
    if (certificate === undefined) throw missing(path);
    if (!equalBytes(sha256(certificate), fingerprint)) throw wrongIssuer(path);
  });
}

interface TileFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** How many hashes or entries it must hold: those asked for, or all where the full tile took its place. */
  readonly width: number;
}

/** A log may drop a partial tile once the full one is there. */
async function readWide(readTile: TileReader, pathOf: (width: number) => string, width: number): Promise<TileFile> {
  for (const given of new Set([width, tileWidth])) {
    const path = pathOf(given);
    const bytes = await readTile(path);
    if (bytes !== undefined) return { path, bytes, width: given };
  }
  throw missing(pathOf(width));
}

/** The widths of the tiles that hold `count` hashes. */
function widthsOf(count: number): readonly number[] {
  const full = Math.floor(count / tileWidth);
  const rest = count % tileWidth;
  return [...Array<number>(full).fill(tileWidth), ...(rest > 0 ? [rest] : [])];
}

/** Keeps a few reads in flight: enough for a distant bucket, few enough to bound the memory. */
async function inBatches<Item, Result>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
): Promise<readonly Result[]> {
  const batch = 8;
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += batch) {
    const some = items.slice(start, start + batch);
    results.push(...(await Promise.all(some.map((item, offset) => work(item, start + offset)))));
  }
  return results;
}

function missing(path: string): ToolkitError {
  return new ToolkitError('TLOG_MISSING_TILE', {
    message: `${path}: the log signed a checkpoint that needs this file, and does not serve it`,
    fault: 'evidence',
    data: { path },
  });
}

function wrongTile(path: string, expected: string, got: string): ToolkitError {
  return new ToolkitError('TLOG_TILE', {
    message: `${path}: expected ${expected}, got ${got}`,
    fault: 'evidence',
    data: { path },
  });
}

function misplaced(promised: number, index: number): ToolkitError {
  return new ToolkitError('TLOG_LEAF_INDEX', {
    message: `entry ${index}: its SCT promised index ${promised}`,
    fault: 'evidence',
    data: { index, promised },
  });
}

function wrongIssuer(path: string): ToolkitError {
  return new ToolkitError('TLOG_ISSUER', {
    message: `${path}: expected the certificate of this SHA-256, got other bytes`,
    fault: 'evidence',
    data: { path },
  });
}
