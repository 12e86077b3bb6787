import type { KeyObject } from 'node:crypto';
import { utf8 } from '../core/bytes.ts';
import { ToolkitError } from '../core/error.ts';
import { type Json, type JsonObject, parseJsonObject } from '../core/json.ts';
import { parsePublicKeyPem } from '../core/public-key.ts';
import { assertRead, boolean, list, object, oneOf, parsed, type Read, readShape, text } from '../core/shape.ts';
import { type CertificateChain, parseChain } from '../x509/chain.ts';
import { type AuthorityPeriod, formatPeriod, wholePeriod } from './period.ts';

/** A certificate authority: one entry per intermediate that ever issued. */
export interface FulcioMaterial {
  /** Where clients reach it. */
  readonly url: string;
  /** Its name in the trusted root; nobody connects to it. */
  readonly uri: string;
  /** Clients use one service per operator. */
  readonly operator: string;
  /** Issuing certificate first, root last. */
  readonly chain: CertificateChain;
  readonly validFor: AuthorityPeriod;
  /** Offered to signers, one entry per URL. An entry that is not stays trusted: what it signed keeps verifying. */
  readonly signing: boolean;
}

export interface RekorMaterial {
  readonly shard: string;
  /** Name of the log in its checkpoints: a bare host name. */
  readonly origin: string;
  readonly url: string;
  readonly operator: string;
  readonly publicKey: KeyObject;
  readonly validFor: AuthorityPeriod;
  readonly signing: boolean;
}

export interface CtMaterial {
  readonly shard: string;
  readonly origin: string;
  readonly publicKey: KeyObject;
  readonly operator: string;
  readonly validFor: AuthorityPeriod;
}

export interface TimestampMaterial {
  readonly name: string;
  /** Where clients reach it: the full URL, with `/api/v1/timestamp`. */
  readonly url: string;
  /** Its name in the trusted root; sigstore-go tells authorities apart by it. */
  readonly uri: string;
  readonly operator: string;
  /** Signing certificate first, root last. */
  readonly chain: CertificateChain;
  readonly validFor: AuthorityPeriod;
  readonly signing: boolean;
}

export interface OidcMaterial {
  readonly url: string;
  readonly operator: string;
  readonly validFor: AuthorityPeriod;
}

/** Everything public about an instance that verifiers need, and where signers reach it. Lists are oldest first. */
export interface TrustMaterial {
  readonly fulcio: readonly FulcioMaterial[];
  readonly rekor: readonly RekorMaterial[];
  readonly ct: readonly CtMaterial[];
  readonly timestamps: readonly TimestampMaterial[];
  readonly oidc: readonly OidcMaterial[];
  readonly selection: { readonly timestamps: 'any' | 'all' };
}

const maxMaterialBytes = 1 << 20;

const chainPem: Read<CertificateChain> = parsed(text, (pem) => parseChain(pem, 'chain'));
const publicKeyPem: Read<KeyObject> = parsed(text, parsePublicKey);

const material: Read<TrustMaterial> = object({
  fulcio: list(
    object({ url: text, uri: text, operator: text, chain: chainPem, validFor: wholePeriod, signing: boolean }),
  ),
  rekor: list(
    object({
      shard: text,
      origin: text,
      url: text,
      operator: text,
      publicKey: publicKeyPem,
      validFor: wholePeriod,
      signing: boolean,
    }),
  ),
  ct: list(object({ shard: text, origin: text, publicKey: publicKeyPem, operator: text, validFor: wholePeriod })),
  timestamps: list(
    object({
      name: text,
      url: text,
      uri: text,
      operator: text,
      chain: chainPem,
      validFor: wholePeriod,
      signing: boolean,
    }),
  ),
  oidc: list(object({ url: text, operator: text, validFor: wholePeriod })),
  selection: object({ timestamps: oneOf('any', 'all') }),
});

/**
 * Parses what `formatTrustMaterial` wrote, and nothing looser.
 * @throws CORE_JSON, CORE_TOO_LARGE, TRUST_MATERIAL with every problem
 */
export function parseTrustMaterial(bytes: Uint8Array, what: string): TrustMaterial {
  return assertRead(readShape(material, parseJsonObject(bytes, { what, maxBytes: maxMaterialBytes })), {
    code: 'TRUST_MATERIAL',
    what,
    hint: `sigstead writes ${what}; restore the copy that it wrote`,
  });
}

/** Writes trust material. Times are kept to the second, which is what clients read. */
export function formatTrustMaterial(trust: TrustMaterial): Uint8Array {
  const document = {
    fulcio: trust.fulcio.map(entryJson),
    rekor: trust.rekor.map(entryJson),
    ct: trust.ct.map(entryJson),
    timestamps: trust.timestamps.map(entryJson),
    oidc: trust.oidc.map(entryJson),
    selection: { timestamps: trust.selection.timestamps },
  };
  return utf8(`${JSON.stringify(document, null, 2)}\n`);
}

type Entry = FulcioMaterial | RekorMaterial | CtMaterial | TimestampMaterial | OidcMaterial;
type Field = string | boolean | CertificateChain | KeyObject | AuthorityPeriod;

/** One order for the same entry, however it was put together: the file is compared and diffed. */
const fieldOrder = ['shard', 'name', 'origin', 'url', 'uri', 'operator', 'publicKey', 'chain', 'validFor', 'signing'];

function entryJson(entry: Entry): JsonObject {
  const given = new Map<string, Field>(Object.entries(entry));
  return Object.fromEntries(
    fieldOrder.flatMap((name): [string, Json][] => {
      const value = given.get(name);
      return value === undefined ? [] : [[name, fieldJson(value)]];
    }),
  );
}

function fieldJson(value: Field): Json {
  if (typeof value !== 'object') return value;
  if ('start' in value) return formatPeriod(value);
  return 'pem' in value ? value.pem : value.export({ type: 'spki', format: 'pem' }).toString();
}

function parsePublicKey(pem: string): KeyObject {
  const key = parsePublicKeyPem(pem);
  if (key) return key;
  throw new ToolkitError('TRUST_MATERIAL', { message: 'expected a PEM public key', fault: 'input' });
}
