import type { PreflightInput } from '../../lib/preflight.ts';
import { sample, withAws, withConfig } from './preflight-inputs.ts';

export type Case = { readonly what: string; readonly input: PreflightInput };
export type Violation = Case & { readonly where: string; readonly message: string; readonly hint: RegExp };
export type Cases = Readonly<
  Record<string, { readonly refuses: readonly Violation[]; readonly accepts: readonly Case[] }>
>;

export const pkcs11 = "{ key: 'pkcs11:token=sigstore;object=fulcio' }";
const hsm = { module: '/usr/lib/m.so', network: '10.64.8.0/22', ports: [2223], exclusive: false };
const kek = (last: number, region = 'eu-central-1') =>
  `tink:arn:aws:kms:${region}:111122223333:key/00000000-0000-4000-8000-00000000000${last}`;

function withKeysets(...keys: readonly string[]): PreflightInput {
  const shards = keys.map((key, index) => `{ shard: log2026-${index + 1}, key: '${key}' }`);
  return withConfig({ logs: `{ ct: [{ shard: ct2026-1 }], rekor: [${shards.join(', ')}] }` });
}

const ctInHsm = "{ ct: [{ shard: ct2026-1, key: 'pkcs11:token=a;object=ct' }], rekor: [{ shard: log2026-1 }] }";

function withKeys(...keys: readonly string[]): PreflightInput {
  const authorities = keys.map((key, index) => `{ name: tsa-${index + 1}, key: '${key}' }`);
  return withAws({ hsm }, withConfig({ timestamps: `[${authorities.join(', ')}]` }));
}

/** What the rules about keys in an HSM refuse and accept. */
export const hsmCases: Cases = {
  'aws-hsm': {
    refuses: [
      {
        what: 'a key in an HSM that nobody named',
        input: withConfig({ fulcio: pkcs11 }),
        where: 'fulcio.key',
        message: 'expected aws.hsm for a pkcs11: key, got none',
        hint: /docs\/hsm\.md, or use awskms/,
      },
      {
        what: 'an HSM that no key is in',
        input: withAws({ hsm }),
        where: 'aws.hsm',
        message: 'expected a key in it, got none',
        hint: /take it out/,
      },
    ],
    accepts: [
      { what: 'keys in KMS', input: sample },
      { what: 'a key in an HSM', input: withAws({ hsm }, withConfig({ fulcio: pkcs11 })) },
    ],
  },
  'aws-hsm-keys': {
    refuses: [
      ...['id=%01', 'object=fulcio'].map((name) => ({
        ...{ what: `a key of any token: ${name}`, input: withKeys(`pkcs11:${name}`) },
        ...{ where: 'timestamps[0].key', message: 'expected token= or serial=, got neither', hint: /token=/ },
      })),
      ...['?module-path=/m.so', ';slot-id=1', ';model=x', '?pin-source=/pin'].map((more) => ({
        ...{ what: `what the plug-in does not know: ${more}`, input: withKeys(`pkcs11:token=a;object=b${more}`) },
        where: 'timestamps[0].key',
        message: 'expected no more than token, serial, object and id: module and PIN come from aws.hsm',
        hint: /object=/,
      })),
      {
        what: 'one key for two services, in another spelling',
        input: withKeys('pkcs11:token=a;object=b', 'pkcs11:object=%62;token=a;type=private'),
        where: 'timestamps[1].key',
        message: 'expected a key of its own, got that of timestamps[0].key',
        hint: /second key/,
      },
      {
        what: 'what is no PKCS#11 URI',
        input: withKeys('pkcs11:token=a;object=b;color=red'),
        where: 'timestamps[0].key',
        message: 'key URI "pkcs11:token=a;object=b;color=red": unknown attribute "color"',
        hint: /object=/,
      },
    ],
    accepts: [{ what: 'two keys', input: withKeys('pkcs11:token=a;object=b', 'pkcs11:token=a;object=b;id=%02') }],
  },
  'aws-hsm-ct-log': {
    refuses: [
      {
        what: "a key in an HSM for TesseraCT's own binary",
        input: withAws({ hsm, ctLogServer: 'upstream' }, withConfig({ logs: ctInHsm })),
        where: 'logs.ct[0].key',
        message: 'expected awskms with aws.ctLogServer upstream, got a pkcs11: key',
        hint: /ctLogServer/,
      },
    ],
    accepts: [{ what: 'our main', input: withAws({ hsm }, withConfig({ logs: ctInHsm })) }],
  },
  'aws-tink-kek': {
    refuses: [
      {
        what: 'a KMS key that wraps two keysets',
        input: withKeysets(kek(1), kek(1)),
        where: 'logs.rekor[1].key',
        message: 'expected a KMS key of its own, got that of logs.rekor[0].key',
        hint: /unwrap both/,
      },
      {
        what: 'a KMS key of another region',
        input: withKeysets(kek(1, 'eu-west-1')),
        where: 'logs.rekor[0].key',
        message: `expected a KMS key in eu-central-1, where the log is, got ${kek(1, 'eu-west-1').slice(5)}`,
        hint: /own region/,
      },
    ],
    accepts: [
      { what: 'a KMS key for each', input: withKeysets(kek(1), kek(2)) },
      { what: 'a key in KMS', input: sample },
    ],
  },
};
