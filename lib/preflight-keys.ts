import { ToolkitError } from '../src/core/error.ts';
import { parsePkcs11Uri } from '../src/core/pkcs11-uri.ts';
import type { Complaint, Rule } from '../src/core/rules.ts';
import { hsmUri, isInHsm, isInKeyset, kekArn } from '../src/services/service.ts';
import type { PreflightInput } from './preflight.ts';

/** Where the keys of the servers may be. */
export const keyRules: readonly Rule<PreflightInput>[] = [
  {
    id: 'aws-key-source',
    title: 'no key is in a file on AWS',
    check: ({ config }) =>
      keySources(config)
        .filter(({ key }) => key === 'file')
        .map(({ where }) =>
          complaint(where, 'expected awskms, got file', 'a task has no disk that outlives it: use awskms'),
        ),
  },
  {
    id: 'aws-hsm',
    title: 'a key in an HSM needs an HSM, and an HSM a key',
    check: ({ config, aws }) => {
      const inHsm = keySources(config).filter(({ key }) => isInHsm(key));
      if (inHsm.length === 0 && aws.hsm)
        return [complaint('aws.hsm', 'expected a key in it, got none', 'give a service key: pkcs11:…, or take it out')];
      if (aws.hsm) return [];
      return inHsm.map(({ where }) =>
        complaint(
          where,
          'expected aws.hsm for a pkcs11: key, got none',
          'say where the HSM is: docs/hsm.md, or use awskms',
        ),
      );
    },
  },
  {
    id: 'aws-hsm-keys',
    title: 'each key in an HSM has a name of its own, of which the plug-in of the servers knows every part',
    check: ({ config }) => {
      const named = keySources(config).map(({ where, key }) => ({
        where,
        name: isInHsm(key) ? hsmName(key) : undefined,
      }));
      return named.flatMap(({ where, name }, index) => {
        if (name === undefined) return [];
        if ('wrong' in name) return [complaint(where, name.wrong, 'e.g. pkcs11:token=sigstead;object=fulcio')];
        const earlier = named.findIndex((other) => other.name && 'uri' in other.name && other.name.uri === name.uri);
        if (earlier === index) return [];
        const message = `expected a key of its own, got that of ${named[earlier]?.where}`;
        return [
          complaint(where, message, 'make a second key in the HSM: a signature could be read as that of the other'),
        ];
      });
    },
  },
  {
    id: 'aws-hsm-ct-log',
    title: "a CT log with its key in an HSM runs our main: TesseraCT's own takes its key from a secret",
    check: ({ config, aws }) =>
      aws.ctLogServer === 'kms'
        ? []
        : keySources(config)
            .filter(({ where, key }) => where.startsWith('logs.ct') && isInHsm(key))
            .map(({ where }) =>
              complaint(
                where,
                'expected awskms with aws.ctLogServer upstream, got a pkcs11: key',
                'leave aws.ctLogServer out',
              ),
            ),
  },
  {
    id: 'aws-tink-kek',
    title: 'each key in a keyset is wrapped by a KMS key of its own, in the region of its log',
    check: ({ config, names }) => {
      const wrapped = config.logs.rekor.flatMap(({ key, region = names.writeRegion }, index) =>
        isInKeyset(key) ? [{ where: `logs.rekor[${index}].key`, arn: kekArn(key), region }] : [],
      );
      return wrapped.flatMap(({ where, arn, region }, index) => {
        const earlier = wrapped.slice(0, index).find((other) => other.arn === arn);
        if (earlier) {
          const message = `expected a KMS key of its own, got that of ${earlier.where}`;
          return [complaint(where, message, 'make a second one: who may unwrap one log would unwrap both')];
        }
        if (arn.split(':')[3] === region) return [];
        const message = `expected a KMS key in ${region}, where the log is, got ${arn}`;
        return [complaint(where, message, 'make one there: a server reaches KMS in its own region only')];
      });
    },
  },
];

/** What the plug-in does not know could select another key, so it is not passed over. */
function hsmName(key: `pkcs11:${string}`): { readonly uri: string } | { readonly wrong: string } {
  try {
    const { token, serial, modulePath, moduleName, pinSource, slotId, manufacturer, model } = parsePkcs11Uri(key);
    if (token === undefined && serial === undefined) return { wrong: 'expected token= or serial=, got neither' };
    const unknown = [modulePath, moduleName, pinSource, slotId, manufacturer, model].some((part) => part !== undefined);
    if (unknown)
      return { wrong: 'expected no more than token, serial, object and id: module and PIN come from aws.hsm' };
    return { uri: hsmUri(key) };
  } catch (error) {
    if (error instanceof ToolkitError) return { wrong: error.message };
    throw error;
  }
}
function keySources(config: PreflightInput['config']) {
  return [
    { where: 'fulcio.key', key: config.fulcio.key },
    ...config.logs.rekor.map(({ key }, index) => ({ where: `logs.rekor[${index}].key`, key })),
    ...config.logs.ct.map(({ key }, index) => ({ where: `logs.ct[${index}].key`, key })),
    ...config.timestamps.map(({ key }, index) => ({ where: `timestamps[${index}].key`, key })),
  ];
}

export function complaint(where: string, message: string, hint: string): Complaint {
  return { where, message, hint };
}
