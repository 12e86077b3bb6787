import { type KeyObject, verify } from 'node:crypto';
import { concat, utf8 } from '../core/bytes.ts';
import { sha256, spkiOf } from '../core/digest.ts';
import { ToolkitError } from '../core/error.ts';
import { type Checkpoint, parseCheckpoint, type VerifiedCheckpoint } from './checkpoint.ts';
import { assertOrigin, curveOf, wrongKey } from './log-key.ts';
import { keyHashBytes, type NoteVerifier } from './note.ts';

const rfc6962Type = Uint8Array.of(5);
/** `SignatureAndHashAlgorithm` of RFC 5246 §7.4.1.4.1. */
const sha256WithEcdsa = 0x0403;
const timestampBytes = 8;
const headerBytes = timestampBytes + 4;

/**
 * Returns the 32-byte ID of a CT log (RFC 6962 §3.2), as it stands in the trusted root and in each SCT.
 * @throws TLOG_KEY unless the key is ECDSA P-256
 */
export function ctLogId(publicKey: KeyObject): Uint8Array {
  if (curveOf(publicKey) === 'prime256v1') return sha256(spkiOf(publicKey));
  throw wrongKey('ECDSA P-256', publicKey, 'RFC 6962 allows a CT log no other elliptic curve');
}

/**
 * Returns the verifier of a static CT log's checkpoints: a tree head of RFC 6962 in a note's signature.
 *
 * The signature does not cover the origin. Whoever has the key of one log can sign for another origin.
 * @throws TLOG_KEY
 * @see https://c2sp.org/static-ct-api (Checkpoints)
 */
export function ctNoteVerifier(origin: string, publicKey: KeyObject): NoteVerifier {
  assertOrigin(origin);
  return {
    name: origin,
    keyHash: sha256(utf8(`${origin}\n`), rfc6962Type, ctLogId(publicKey)).slice(0, keyHashBytes),
    verify: (text, signature) => {
      const head = parseTreeHeadSignature(signature);
      const checkpoint = parseCtCheckpoint(text);
      if (head === undefined || checkpoint?.origin !== origin) return false;
      return verify('sha256', treeHead(checkpoint, head.time), publicKey, head.ecdsa);
    },
  };
}

/** Returns when a CT log signed a checkpoint, or `undefined` if another kind of log signed it. */
export function ctCheckpointTime(checkpoint: VerifiedCheckpoint): Date | undefined {
  return parseTreeHeadSignature(checkpoint.signature)?.time;
}

/** Splits `RFC6962NoteSignature`: timestamp, algorithms, length, signature, and nothing behind it. */
function parseTreeHeadSignature(bytes: Uint8Array): { time: Date; ecdsa: Uint8Array } | undefined {
  if (bytes.length < headerBytes) return undefined;
  const view = viewOf(bytes);
  const time = new Date(Number(view.getBigUint64(0)));
  const isExpected =
    !Number.isNaN(time.getTime()) &&
    view.getUint16(timestampBytes) === sha256WithEcdsa &&
    view.getUint16(timestampBytes + 2) === bytes.length - headerBytes;
  return isExpected ? { time, ecdsa: bytes.slice(headerBytes) } : undefined;
}

/** A tree head has no place for extension lines, so the signature would not cover them. */
function parseCtCheckpoint(text: string): Checkpoint | undefined {
  try {
    const checkpoint = parseCheckpoint(text);
    return checkpoint.extensions.length === 0 ? checkpoint : undefined;
  } catch (error) {
    if (error instanceof ToolkitError) return undefined;
    throw error;
  }
}

/** `TreeHeadSignature` of RFC 6962 §3.5. */
function treeHead(checkpoint: Checkpoint, time: Date): Uint8Array {
  const [version, treeHash] = [0, 1];
  const numbers = new Uint8Array(16);
  viewOf(numbers).setBigUint64(0, BigInt(time.getTime()));
  viewOf(numbers).setBigUint64(8, BigInt(checkpoint.size));
  return concat(Uint8Array.of(version, treeHash), numbers, checkpoint.rootHash);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
