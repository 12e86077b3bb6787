import { toHex } from '../core/bytes.ts';
import { sha256Hex } from '../core/digest.ts';
import { certificateIdOf, keyIdOf, shortId } from './keys.ts';
import type { AuthorityPeriod } from './period.ts';
import type { OfferedService, SigningConfigView } from './signing-config.ts';
import type { TrustedAuthority, TrustedLog, TrustedRootView } from './trusted-root.ts';

/** One list of either file, in words that fit a sentence about a change. */
export interface ItemGroup {
  /** What the items are, in the plural. */
  readonly nouns: string;
  /** Completes "NAME is …" for an item that is new. */
  readonly added: string;
  /** Completes "NAME is …" for an item that is gone, with what follows from it. */
  readonly removed: string;
  /** What a person should know about an end that is set. */
  readonly endNote: string;
  readonly items: readonly Item[];
}

export interface Item {
  /** Tells items apart: the ID of a log, the first certificate of an authority, the URL of a service. */
  readonly id: string;
  readonly name: string;
  readonly validFor: AuthorityPeriod;
  /** Everything else that clients read, by what it is called in a sentence. */
  readonly facts: Readonly<Record<string, string>>;
}

/** The lists of a trusted root. */
export function trustedGroups(root: TrustedRootView): readonly ItemGroup[] {
  const added = 'added';
  return [
    {
      nouns: 'Rekor logs',
      added,
      removed: 'removed: bundles logged there no longer verify',
      endNote: ' (no client checks the end of a Rekor v2 log)',
      items: root.tlogs.map((log) => logItem('Rekor log', log)),
    },
    {
      nouns: 'certificate authorities',
      added,
      removed: 'removed: bundles with its certificates no longer verify',
      endNote: ' (sigstore-python does not check it)',
      items: root.certificateAuthorities.map((authority) => authorityItem('certificate authority', authority)),
    },
    {
      nouns: 'CT logs',
      added,
      removed: 'removed: certificates that it alone logged no longer verify',
      endNote: ' (sigstore-python does not check it)',
      items: root.ctlogs.map((log) => logItem('CT log', log)),
    },
    {
      nouns: 'timestamp authorities',
      added,
      removed: 'removed: bundles that rely on it alone no longer verify',
      endNote: '',
      items: root.timestampAuthorities.map((authority) => authorityItem('timestamp authority', authority)),
    },
  ];
}

/** The lists of a signing configuration. */
export function offeredGroups(config: SigningConfigView): readonly ItemGroup[] {
  const lists = [
    ['Fulcio', config.fulcio],
    ['OpenID provider', config.oidc],
    ['Rekor', config.rekor],
    ['timestamp service', config.timestamps],
  ] as const;
  return lists.map(([noun, services]) => ({
    nouns: `${noun} offers`,
    added: 'offered to signers',
    removed: 'no longer offered to signers',
    endNote: '',
    items: services.map((service) => serviceItem(noun, service)),
  }));
}

function logItem(noun: string, log: TrustedLog): Item {
  const id = toHex(log.logId);
  return {
    id,
    name: `${noun} ${log.baseUrl.replace(/^https:\/\//, '')} (key id ${shortId(id)})`,
    validFor: log.validFor,
    facts: {
      'base URL': log.baseUrl,
      key: keyIdOf(log.publicKey),
      'key details': log.keyDetails,
      'hash algorithm': log.hashAlgorithm,
    },
  };
}

function authorityItem(noun: string, authority: TrustedAuthority): Item {
  const id = certificateIdOf(authority.chain);
  return {
    id,
    name: `${noun} ${authority.uri || authority.commonName} (certificate ${shortId(id)})`,
    validFor: authority.validFor,
    facts: {
      URI: authority.uri || 'none',
      subject: `O=${authority.organization}, CN=${authority.commonName}`,
      chain: authority.chain.der.map((certificate) => shortId(sha256Hex(certificate))).join(' → '),
    },
  };
}

function serviceItem(noun: string, service: OfferedService): Item {
  return {
    id: service.url,
    name: `${noun} ${service.url}`,
    validFor: service.validFor,
    facts: { operator: service.operator, 'API version': String(service.majorApiVersion) },
  };
}
