import type { RuleCase } from './rule-case.ts';

export const formatCases: readonly RuleCase[] = [
  {
    rule: 'media-type',
    what: 'a trusted root of v0.2',
    violates: [['root.mediaType', 'application/vnd.dev.sigstore.trustedroot.v0.2+json']],
    where: 'trusted_root.json mediaType',
    message:
      'expected "application/vnd.dev.sigstore.trustedroot+json;version=0.1", got "application/vnd.dev.sigstore.trustedroot.v0.2+json"',
  },
  {
    rule: 'media-type',
    what: 'a signing config without media type',
    violates: [['config.mediaType', undefined]],
    where: 'signing_config.v0.2.json mediaType',
    message: 'expected "application/vnd.dev.sigstore.signingconfig.v0.2+json"',
  },
  {
    rule: 'known-fields',
    what: 'an operator in the trusted root',
    violates: [['root.tlogs.0.operator', 'acme.example']],
    where: 'trusted_root.json tlogs[0].operator',
    message: 'unknown field',
  },
  {
    rule: 'required-fields',
    what: 'a log without log ID',
    violates: [['root.tlogs.0.logId', undefined]],
    where: 'trusted_root.json tlogs[0].logId',
    message: 'expected an object',
  },
  {
    rule: 'required-fields',
    what: 'a trusted root without CT logs',
    violates: [['root.ctlogs', undefined]],
    where: 'trusted_root.json ctlogs',
    message: 'expected a list',
  },
  {
    rule: 'validity-start',
    what: 'a log without validity',
    violates: [['root.ctlogs.0.publicKey.validFor', undefined]],
    where: 'trusted_root.json ctlogs[0].publicKey.validFor',
    message: 'expected an object',
  },
  {
    rule: 'validity-start',
    what: 'a service without start',
    violates: [['config.caUrls.0.validFor.start', undefined]],
    where: 'signing_config.v0.2.json caUrls[0].validFor.start',
    message: 'expected a text that is not empty',
  },
  {
    rule: 'field-values',
    what: 'base64 with white space',
    violates: [['root.tlogs.0.logId.keyId', 'AAAA AAAA']],
    where: 'trusted_root.json tlogs[0].logId.keyId',
    message: 'value: expected standard base64',
  },
  {
    rule: 'field-values',
    what: 'a day that does not exist',
    violates: [['root.tlogs.0.publicKey.validFor.start', '2026-02-30T00:00:00Z']],
    where: 'trusted_root.json tlogs[0].publicKey.validFor.start',
    message: 'expected a time like 2026-11-22T10:00:00Z, got "2026-02-30T00:00:00Z"',
    complies: [['root.tlogs.0.publicKey.validFor.start', '2026-02-28T00:00:00.000Z']],
  },
  {
    rule: 'field-values',
    what: 'a key that does not parse',
    violates: [['root.ctlogs.0.publicKey.rawBytes', 'AAAA']],
    where: 'trusted_root.json ctlogs[0].publicKey.rawBytes',
    message: 'expected a DER public key',
  },
  {
    rule: 'field-values',
    what: 'an empty chain',
    violates: [['root.certificateAuthorities.0.certChain.certificates', []]],
    where: 'trusted_root.json certificateAuthorities[0].certChain',
    message: 'expected at least one certificate, got none',
  },
];
