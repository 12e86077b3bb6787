import { toBase64, utf8 } from '../../src/core/bytes.ts';
import { type Format, formatDocument, parseFormatted } from '../../src/core/formatted.ts';
import { base64, list, mapOf, object, oneOf, optional, text } from '../../src/core/shape.ts';
import type { StoredBundle } from '../bundles.ts';

/**
 * Everything that a holder needs to judge and to sign one event, in one file. It is carried by whoever happens to carry
 * it: nothing in it is believed, see `reviewPacket`.
 */
export interface Packet {
  /** What wrote it, e.g. `sigstead 0.1.0`. */
  readonly tool: string;
  /** The bytes of plan.json, whose digest people compare. */
  readonly plan: Uint8Array;
  readonly intent: Uint8Array;
  readonly policy: Uint8Array;
  /** Every root from the first one to the one in force, as published. Empty before the first. */
  readonly roots: readonly Uint8Array[];
  /** The targets metadata in force, as published. */
  readonly targetsMetadata: Uint8Array | undefined;
  /** Contents of the targets in force, by name. */
  readonly currentTargets: ReadonlyMap<string, Uint8Array>;
  /** Contents of the targets that the plan lists, by name. */
  readonly targets: ReadonlyMap<string, Uint8Array>;
  /** Bundles that must go on verifying, with what they sign. */
  readonly bundles: readonly StoredBundle[];
  /** The bytes to sign: canonical JSON. */
  readonly payloads: readonly PacketPayload[];
  /** What the holders of keys said of themselves when they enrolled, one document for each key. */
  readonly enrolments: readonly Uint8Array[];
}

export interface PacketPayload {
  readonly role: 'root' | 'targets';
  readonly canonical: Uint8Array;
}

export const maxPacketBytes = 64 * 1024 * 1024;

const packetFormat: Format<Packet> = {
  name: 'sigstead-packet/v1',
  read: object({
    tool: text,
    plan: base64,
    intent: base64,
    policy: base64,
    roots: list(base64),
    targetsMetadata: optional(base64),
    currentTargets: mapOf(base64),
    targets: mapOf(base64),
    bundles: list(object({ name: text, artifact: base64, bundle: base64 })),
    payloads: list(object({ role: oneOf('root', 'targets'), canonical: base64 })),
    enrolments: list(base64),
  }),
  maxBytes: maxPacketBytes,
  code: 'CER_PACKET',
  hint: 'ask for the packet again, and compare the digest of the file: sha256sum FILE',
};

export function formatPacket(packet: Packet): Uint8Array {
  const files = (contents: ReadonlyMap<string, Uint8Array>) =>
    Object.fromEntries([...contents].map(([name, bytes]) => [name, toBase64(bytes)]));
  const document = formatDocument(packetFormat, {
    tool: packet.tool,
    plan: toBase64(packet.plan),
    intent: toBase64(packet.intent),
    policy: toBase64(packet.policy),
    roots: packet.roots.map(toBase64),
    ...(packet.targetsMetadata && { targetsMetadata: toBase64(packet.targetsMetadata) }),
    currentTargets: files(packet.currentTargets),
    targets: files(packet.targets),
    bundles: packet.bundles.map(({ name, artifact, bundle }) => ({
      name,
      artifact: toBase64(artifact),
      bundle: toBase64(bundle),
    })),
    payloads: packet.payloads.map(({ role, canonical }) => ({ role, canonical: toBase64(canonical) })),
    enrolments: packet.enrolments.map(toBase64),
  });
  return utf8(document);
}

/**
 * Takes a packet apart. Says nothing about what is in it.
 * @throws CER_PACKET, CORE_JSON, CORE_TOO_LARGE
 */
export function parsePacket(bytes: Uint8Array, what: string): Packet {
  return parseFormatted(bytes, packetFormat, what);
}
