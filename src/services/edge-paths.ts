/** One kind of file of a read path: which names it has, and how long a cache may keep it. */
export interface ReadEntry {
  readonly name: string;
  /** Matches the whole path after the prefix, as it stands in the request: nothing is decoded or normalised before. */
  readonly pattern: RegExp;
  readonly contentType: string;
  readonly cacheControl: string;
}

/** For what is written once: the same name never has other bytes. */
const immutable = 'public, max-age=604800, immutable';
/** For what is replaced: a cache asks again each time. */
const revalidate = 'no-cache';

const octets = 'application/octet-stream';
const plainText = 'text/plain; charset=utf-8';

/**
 * The index of a tile in groups of three digits, all but the last after an `x`, the first not `x000`; 2^56 fits.
 * A partial tile carries its width, 1 to 255.
 */
const tileIndex = '(?:x(?!000)\\d{3}/(?:x\\d{3}/){0,4})?\\d{3}(?:\\.p/(?:[1-9]\\d?|1\\d\\d|2[0-4]\\d|25[0-5]))?';

const checkpoint: ReadEntry = entry('checkpoint', 'checkpoint', plainText, revalidate);

/**
 * The read path of a Rekor log. A partial tile may vanish once the full one is there, so only its presence is cached.
 * @see https://c2sp.org/tlog-tiles
 */
export const rekorEntries: readonly ReadEntry[] = [
  checkpoint,
  entry('tile', `tile/(?:[0-9]|[1-5]\\d|6[0-3])/${tileIndex}`, octets, immutable),
  entry('bundle', `tile/entries/${tileIndex}`, octets, immutable),
];

/**
 * The read path of a CT log.
 * @see https://c2sp.org/static-ct-api (Monitoring APIs)
 */
export const ctEntries: readonly ReadEntry[] = [
  checkpoint,
  // How a shard that has ended says so: its checkpoint has no place for it (docs/adr/0015).
  entry('frozen', 'frozen', plainText, revalidate),
  entry('tile', `tile/[0-5]/${tileIndex}`, octets, immutable),
  entry('bundle', `tile/data/${tileIndex}`, octets, immutable),
  entry('issuer', 'issuer/[0-9a-f]{64}', 'application/pkix-cert', immutable),
];

const version = '[1-9]\\d{0,9}';
const namePart = '[A-Za-z0-9_][A-Za-z0-9._+@-]{0,199}';

/**
 * A TUF repository with consistent snapshots.
 * @see https://theupdateframework.github.io/specification/v1.0.33/#repository-layout
 */
export const tufEntries: readonly ReadEntry[] = [
  entry('timestamp', 'timestamp\\.json', 'application/json', revalidate),
  // Of the top-level roles, and of those to whom targets are delegated.
  entry('metadata', `${version}\\.(?!timestamp\\.json$)${namePart}\\.json`, 'application/json', immutable),
  entry('target', `targets/(?:${namePart}/){0,4}[0-9a-f]{64}\\.${namePart}`, octets, immutable),
];

function entry(name: string, pattern: string, contentType: string, cacheControl: string): ReadEntry {
  return { name, pattern: new RegExp(`^${pattern}$`), contentType, cacheControl };
}
