import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { concat, parseHex, toHex, utf8 } from '../../src/core/bytes.ts';
import { parseCanonical } from '../../src/tuf/canonical-json.ts';
import { parseDocument } from '../../src/tuf/document.ts';
import { maxMetadataBytes, type RoleName } from '../../src/tuf/layout.ts';
import type { PayloadSignature } from '../sign.ts';
import { damaged, type FrameKind, frame, unframe } from './qr-frame.ts';

/** What a holder signs, as it crosses the air gap. */
export interface QrPayload {
  readonly event: string;
  readonly revision: number;
  readonly role: RoleName;
  readonly version: number;
  /** Lower-case hexadecimal, as in `FrozenPlan`. */
  readonly planDigest: string;
  /** The bytes to sign. */
  readonly canonical: Uint8Array;
}

/** What comes back. */
export interface QrSignature extends PayloadSignature {
  readonly planDigest: string;
}

const digestLength = 32;
const payloadLine =
  /^([a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?) ([1-9]\d{0,5}) (root|targets|snapshot|timestamp) ([1-9]\d{0,15})\n/;
const signatureLine = /^(root|targets|snapshot|timestamp) ([1-9]\d{0,15})\n/;
/** Longer than either line can be. */
const maxLineLength = 128;
const maxSignatureLength = 1_024;

/**
 * Returns the text of one QR code with everything that a holder's machine needs besides its own pinned root: the digest
 * of the plan, a line `event revision role version`, and the deflated bytes to sign.
 * @throws CER_QR_TOO_LARGE, CER_QR_DAMAGED
 */
export function payloadQr(payload: QrPayload): string {
  const { event, revision, role, version, planDigest, canonical } = payload;
  const line = utf8(`${event} ${revision} ${role} ${version}\n`);
  const deflated = deflateRawSync(canonical, { level: 9 });
  const text = frame('P1', concat(parseHex(planDigest, 'plan digest'), line, deflated));
  // What cannot be read is refused here, and not on the holder's machine.
  readPayloadQr(text);
  return text;
}

/**
 * Returns the payload of a text that `payloadQr` made: its bytes are the canonical form of metadata of the role and
 * version that it claims. Whether they are those of the plan, only the words that people compare can say.
 * @throws CER_QR_DAMAGED
 */
export function readPayloadQr(text: string): QrPayload {
  const content = unframe('P1', text);
  const rest = content.subarray(digestLength);
  const [line, event = '', revision, role, version] = lineOf('P1', rest, payloadLine);
  const payload = {
    planDigest: toHex(content.subarray(0, digestLength)),
    event,
    revision: Number(revision),
    role: role as RoleName,
    version: Number(version),
  };
  const canonical = inflate(rest.subarray(line.length), maxMetadataBytes[payload.role]);
  // A line that claims another role or version would be shown to the holder instead of the truth.
  const actual = versionOf(canonical, payload.role);
  if (actual !== payload.version) throw damaged('P1', `expected ${role} v${version}, got v${actual}`);
  return { ...payload, canonical };
}

/**
 * Returns the text of one QR code with a signature, and with what it is a signature of.
 * @throws CER_QR_TOO_LARGE, CER_QR_DAMAGED
 */
export function signatureQr(signature: QrSignature): string {
  const { planDigest, role, version, digest, keyid, sig } = signature;
  const digests = [planDigest, digest, keyid].map((hex) => parseHex(hex, 'digest'));
  const text = frame('S1', concat(...digests, utf8(`${role} ${version}\n`), parseHex(sig, 'signature')));
  readSignatureQr(text);
  return text;
}

/**
 * Returns the signature of a text that `signatureQr` made. The caller verifies it.
 * @throws CER_QR_DAMAGED
 */
export function readSignatureQr(text: string): QrSignature {
  const content = unframe('S1', text);
  const [planDigest = '', digest = '', keyid = ''] = [0, 1, 2].map((index) =>
    toHex(content.subarray(index * digestLength, (index + 1) * digestLength)),
  );
  const rest = content.subarray(3 * digestLength);
  const [line, role, version] = lineOf('S1', rest, signatureLine);
  const sig = rest.subarray(line.length);
  if (sig.length === 0 || sig.length > maxSignatureLength) {
    throw damaged('S1', `expected a signature of 1 to ${maxSignatureLength} bytes, got ${sig.length}`);
  }
  return { planDigest, role: role as RoleName, version: Number(version), digest, keyid, sig: toHex(sig) };
}

/** Returns the line that `bytes` begin with, and its fields. */
function lineOf(kind: FrameKind, bytes: Uint8Array, pattern: RegExp): readonly [string, ...string[]] {
  // One character for each byte: what follows is not text.
  const start = Buffer.from(bytes.subarray(0, maxLineLength)).toString('latin1');
  const [line, ...fields] = pattern.exec(start) ?? [];
  if (line === undefined) throw damaged(kind, 'expected a line that says what it is');
  if (!Number.isSafeInteger(Number(fields.at(-1)))) throw damaged(kind, 'expected a version below 2^53');
  return [line, ...fields];
}

/** Inflates all of `bytes`, and refuses what is cut off, is followed by more, or grows beyond `maxBytes`. */
function inflate(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const { buffer, engine } = inflated(bytes, maxBytes);
  if (engine.bytesWritten !== bytes.length) throw damaged('P1', 'expected nothing after the deflated bytes');
  return new Uint8Array(buffer);
}

/** What Node returns with `info`, which its types leave out. */
interface Inflated {
  readonly buffer: Buffer;
  /** `bytesWritten`: how much of the input was used. */
  readonly engine: { readonly bytesWritten: number };
}

function inflated(bytes: Uint8Array, maxBytes: number): Inflated {
  try {
    return inflateRawSync(bytes, { maxOutputLength: maxBytes, info: true }) as unknown as Inflated;
  } catch (cause) {
    throw damaged('P1', `expected deflated metadata of at most ${maxBytes} bytes`, cause);
  }
}

function versionOf(canonical: Uint8Array, role: RoleName): number {
  try {
    return parseDocument(parseCanonical(canonical, { what: role, maxBytes: maxMetadataBytes[role] }), role).version;
  } catch (cause) {
    throw damaged('P1', `expected the canonical form of ${role} metadata`, cause);
  }
}
