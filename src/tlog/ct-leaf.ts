import { concat } from '../core/bytes.ts';
import { ByteReader } from './byte-reader.ts';
import { hashBytes, leafHash } from './merkle.ts';
import { tileWidth } from './tiles.ts';

interface Leaf {
  /** When the log promised to include it. */
  readonly timestamp: Date;
  /** Where the log promised to include it: the same number is in the SCT. */
  readonly leafIndex: number;
  /** SHA-256 of each issuer in the submitted chain; the log serves them at `issuerPath`. Not covered by the leaf hash. */
  readonly chainFingerprints: readonly Uint8Array[];
  /** The hash under which it is in the log's tree: that of its `MerkleTreeLeaf` (RFC 6962 §3.4). */
  readonly leafHash: Uint8Array;
}

/** A certificate as it was submitted. */
export interface CertificateLeaf extends Leaf {
  readonly type: 'x509_entry';
  readonly certificate: Uint8Array;
}

/** A promise to issue a certificate. */
export interface PrecertificateLeaf extends Leaf {
  readonly type: 'precert_entry';
  /** SHA-256 of the issuer's `SubjectPublicKeyInfo`. */
  readonly issuerKeyHash: Uint8Array;
  /** What will be signed, without the poison and the SCTs. */
  readonly tbsCertificate: Uint8Array;
  /** The poisoned certificate that was submitted. Not covered by the leaf hash: trust `tbsCertificate` instead. */
  readonly precertificate: Uint8Array;
}

export type CtLeaf = CertificateLeaf | PrecertificateLeaf;

/**
 * Splits a data tile of a static CT log into its leaves.
 * @throws TLOG_TILE
 * @see https://c2sp.org/static-ct-api (Log entries)
 */
export function parseDataTile(bytes: Uint8Array, path: string): readonly CtLeaf[] {
  const reader = new ByteReader(bytes, path);
  return reader.list(tileWidth, () => parseLeaf(reader, path));
}

/**
 * Returns the log index that an SCT's extensions promise.
 * @throws TLOG_TILE if there is none, or more than one
 * @see https://c2sp.org/static-ct-api (SCT Extension)
 */
export function parseLeafIndex(extensions: Uint8Array, what: string): number {
  const reader = new ByteReader(extensions, `${what}: extensions`);
  const found = reader.list(extensions.length, () => parseExtension(reader)).filter((index) => index !== undefined);
  const [leafIndex] = found;
  if (leafIndex === undefined || found.length > 1) throw reader.refuse(`expected one leaf index, got ${found.length}`);
  return leafIndex;
}

const v1TimestampedEntry = Uint8Array.of(0, 0);
const leafIndexExtension = 0;
const [certificateType, precertificateType] = [0, 1];

function parseLeaf(reader: ByteReader, path: string): CtLeaf {
  const start = reader.offset;
  const timestamp = new Date(reader.number(8));
  if (Number.isNaN(timestamp.getTime())) throw reader.refuse('expected a timestamp in milliseconds');
  const entry = parseSignedEntry(reader);
  const leafIndex = parseLeafIndex(reader.vector(2), path);
  const timestampedEntry = reader.since(start);
  const precertificate = entry.type === 'precert_entry' && { precertificate: reader.vector(3) };
  return {
    ...entry,
    ...precertificate,
    timestamp,
    leafIndex,
    chainFingerprints: parseFingerprints(reader.vector(2), path),
    leafHash: leafHash(concat(v1TimestampedEntry, timestampedEntry)),
  } as CtLeaf;
}

type SignedEntry =
  | Pick<CertificateLeaf, 'type' | 'certificate'>
  | Pick<PrecertificateLeaf, 'type' | 'issuerKeyHash' | 'tbsCertificate'>;

function parseSignedEntry(reader: ByteReader): SignedEntry {
  const type = reader.number(2);
  if (type === certificateType) return { type: 'x509_entry', certificate: reader.vector(3) };
  if (type === precertificateType) {
    return { type: 'precert_entry', issuerKeyHash: reader.take(hashBytes), tbsCertificate: reader.vector(3) };
  }
  throw reader.refuse(`expected entry type ${certificateType} or ${precertificateType}, got ${type}`);
}

function parseExtension(reader: ByteReader): number | undefined {
  const type = reader.number(1);
  const data = reader.vector(2);
  if (type !== leafIndexExtension) return undefined;
  if (data.length !== 5) throw reader.refuse(`expected a leaf index of 5 bytes, got ${data.length}`);
  return new ByteReader(data, 'leaf index').number(5);
}

function parseFingerprints(bytes: Uint8Array, path: string): readonly Uint8Array[] {
  const reader = new ByteReader(bytes, `${path}: chain`);
  return reader.list(bytes.length, () => reader.take(hashBytes));
}
