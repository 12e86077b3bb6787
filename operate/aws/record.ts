import { join, resolve } from 'node:path';
import { type PlacedKey, placedKeys, placedServices } from '../../lib/access/placement.ts';
import { partitionOf } from '../../lib/names.ts';
import type { Command, Invocation, Outcome } from '../../src/cli/command.ts';
import { equalBytes } from '../../src/core/bytes.ts';
import { spkiOf } from '../../src/core/digest.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { createFile, makeDirectory, replaceFile } from '../../src/core/files.ts';
import { asStep } from '../../src/core/progress.ts';
import { openAwsKmsSigner } from '../../src/keys/awskms-signer.ts';
import {
  fieldOfKey,
  formatDeploymentRecord,
  keyOfService,
  nameOfKey,
  type RecordedKey,
  recordedKeys,
  type ServiceKey,
} from '../../src/services/deployment.ts';
import { keyIdOf, shortId } from '../../src/trust/keys.ts';
import { keyAlgorithms, readGivenKeys } from './given-keys.ts';
import { type DeploymentFiles, deploymentOptions, readDeploymentFiles } from './settings.ts';

export const awsRecordCommand: Command = {
  words: ['aws', 'record'],
  summary: 'record the KMS keys that a deployment made, and the keys that people made elsewhere',
  details: [
    'Run it once the stacks of the keys are deployed, with credentials of the auditor role: it reads public keys, no more.',
    'A key is looked up by its alias once, and named by its ARN from then on. A recorded key never changes: that its',
    'alias leads to another key is told as what it may be, an attack. A key in an HSM is recorded with the public key',
    'that `sigstore-kms-pkcs11 public-key` printed beside the HSM, one in a Tink keyset with both files that',
    '`tink-keyset` wrote; they are asked for once.',
  ].join('\n'),
  options: {
    ...deploymentOptions,
    'public-key': {
      type: 'string',
      value: 'SERVICE=FILE',
      multiple: true,
      help: 'the public key (PEM) of a service whose key is pkcs11:… or tink:…; once for each, when it is first recorded',
    },
    keyset: {
      type: 'string',
      value: 'SERVICE=FILE',
      multiple: true,
      help: 'the wrapped keyset of a Rekor shard whose key is tink:…, with its --public-key',
    },
    keys: {
      type: 'string',
      value: 'DIR',
      help: 'write each public key there too, as SERVICE.pub.pem: what `ceremony ca plan` certifies (default: nowhere)',
    },
  },
  examples: [
    { command: 'sigstead aws record', explains: 'after the first `cdk deploy`' },
    {
      command: 'sigstead aws record --config acme/sigstead.yaml --keys acme/root-signing/inbox',
      explains: 'and hand the public keys to the ceremony of the CA roots',
    },
    {
      command: 'sigstead aws record --public-key fulcio=fulcio.pub.pem',
      explains: 'where the key of Fulcio is in an HSM (docs/hsm.md)',
    },
    {
      command: 'sigstead aws record --public-key rekor-log2026-1=log.pub.pem --keyset rekor-log2026-1=log.keyset.json',
      explains: 'where the key of a Rekor shard is in a keyset',
    },
  ],
  exitNotes: [
    '4    also: an alias leads to another key than the recorded one',
    '5    also: AWS refused, a key is missing, or a region did not answer: the keys of the others are recorded then',
  ],
  run: record,
};

async function record(invocation: Invocation): Promise<Outcome> {
  const files = await readDeploymentFiles(invocation.options);
  const given = await readGivenKeys(files, invocation.options);
  for (const [id, key] of [...given.hsmKeys, ...given.tinkKeys]) assertRecorded(files, id, key);
  const { found, away } = await readRegions(invocation, files);
  const added = [
    ...[...given.hsmKeys.keys()].filter((id) => !files.record.hsmKeys?.has(id)),
    ...[...given.tinkKeys.keys()].filter((id) => !files.record.tinkKeys?.has(id)),
    ...[...found.keys()].filter((id) => !files.record.keys.has(id)),
  ];
  const keys = new Map([...files.record.keys, ...found]);
  const hsmKeys = new Map([...(files.record.hsmKeys ?? []), ...given.hsmKeys]);
  const tinkKeys = new Map([...(files.record.tinkKeys ?? []), ...given.tinkKeys]);
  if (added.length > 0)
    await replaceFile(
      files.recordFile,
      formatDeploymentRecord({
        ...{ ...files.record, account: files.record.account ?? files.aws.account, keys },
        ...(hsmKeys.size > 0 && { hsmKeys }),
        ...(tinkKeys.size > 0 && { tinkKeys }),
      }),
    );
  const all = new Map(recordedKeys({ ...files.record, keys, hsmKeys, tinkKeys }));
  for (const service of placedServices(files)) {
    const key = keyOfService(service, { ...files.record, keys, hsmKeys, tinkKeys });
    if (key) all.set(service.id, key);
  }
  const written = await writePublicKeys(invocation.options.text('keys'), all);
  if (away.size > 0) throw regionsAway(files, { away, added });
  const shown = [...all].map(([service, key]) => ({
    service,
    ...('arn' in key ? { arn: key.arn } : { uri: key.uri }),
    keyId: keyIdOf(key.publicKey),
  }));
  return {
    json: { file: files.recordFile, added, keys: shown, written },
    text: [
      `${files.recordFile}: ${added.length} of ${all.size} keys are new\n`,
      ...[...all].map(([id, key]) => `  ${id}  ${nameOfKey(key)}\n    key id ${keyIdOf(key.publicKey)}\n`),
      ...written.map((path) => `${path}\n`),
    ].join(''),
  };
}

type Keys = ReadonlyMap<string, RecordedKey>;

/** Reads the keys of each region, and says which regions did not answer: what is wrong with a key ends it at once. */
async function readRegions(invocation: Invocation, files: DeploymentFiles) {
  const found = new Map<string, RecordedKey>();
  const away = new Map<string, ToolkitError>();
  // The key of a frozen log may be disabled, and then KMS tells nobody its public key.
  const isOver = ({ id, signers }: PlacedKey) => signers.length === 0 && files.record.keys.has(id);
  const asked = placedKeys(files).filter((key) => !isOver(key));
  for (const [region, placed] of Map.groupBy(asked, (key) => key.region)) {
    try {
      for (const [id, key] of await readKeys(invocation, files, placed)) found.set(id, key);
    } catch (error) {
      if (!isNoAnswer(error)) throw error;
      away.set(region, error);
    }
  }
  return { found, away };
}

function isNoAnswer(error: unknown): error is ToolkitError {
  return error instanceof ToolkitError && (error.code === 'KEY_KMS_FAILED' || error.code === 'KEY_KMS_THROTTLED');
}

async function readKeys({ progress }: Invocation, files: DeploymentFiles, placed: readonly PlacedKey[]): Promise<Keys> {
  const keys = new Map<string, RecordedKey>();
  for (const key of placed) {
    const found = await asStep(progress, `read the key of ${key.id}`, async () => readKey(files, key));
    assertRecorded(files, key.id, found);
    keys.set(key.id, found);
  }
  return keys;
}

function regionsAway(
  { recordFile }: DeploymentFiles,
  { away, added }: { readonly away: ReadonlyMap<string, ToolkitError>; readonly added: readonly string[] },
): ToolkitError {
  const regions = [...away.keys()];
  const why = [...away].map(([region, { message }]) => `${region} (${message})`).join(', ');
  return new ToolkitError('OPS_REGION_AWAY', {
    message: `expected an answer from AWS KMS in every region, got none from ${why}; of the other regions ${added.length} new keys are recorded`,
    fault: 'environment',
    data: { regions, added, file: recordFile },
    hint: 'run sigstead aws record again once the region answers: it adds what is missing',
    cause: away.values().next().value,
  });
}

/** The alias is asked once and never again: whoever may change it could put another key behind a running service. */
async function readKey({ names }: DeploymentFiles, { id, region, spec }: PlacedKey): Promise<RecordedKey> {
  const alias = `arn:${partitionOf(region)}:kms:${region}:${names.keysAccount}:${names.keyAlias(id)}`;
  const signer = await openAwsKmsSigner(`awskms:///${alias}`);
  signer.close();
  const algorithm = keyAlgorithms[spec];
  if (signer.algorithm === algorithm) return { arn: signer.arn, publicKey: signer.publicKey };
  throw new ToolkitError('OPS_KEY_ALGORITHM', {
    message: `${alias}: expected a key for ${algorithm}, got one for ${signer.algorithm}`,
    fault: 'evidence',
    data: { service: id, alias, expected: algorithm, got: signer.algorithm },
    hint: 'the alias leads to a key that the stacks did not make: find out who changed it before anything is certified',
  });
}

function assertRecorded({ record, recordFile }: DeploymentFiles, id: string, found: ServiceKey): void {
  const ofService = recordedKeys(record).flatMap(([service, key]) => (service === id ? [key] : []));
  // A key moves only once what was recorded of the former one is taken out by hand.
  const known = ofService.find((key) => fieldOfKey(key) === fieldOfKey(found)) ?? ofService[0];
  if (known === undefined) return;
  if (nameOfKey(known) === nameOfKey(found) && equalBytes(spkiOf(known.publicKey), spkiOf(found.publicKey))) return;
  throw new ToolkitError('OPS_KEY_CHANGED', {
    message: `${id}: expected the recorded key ${describe(known)}, got ${describe(found)}`,
    fault: 'evidence',
    data: { service: id, recorded: nameOfKey(known), found: nameOfKey(found) },
    hint: `${recordFile} is right unless you replaced the key yourself: look in CloudTrail for UpdateAlias and CreateKey; a new key is a rotation`,
  });
}

/** Elsewhere than in KMS another key can have the same name. */
function describe(key: ServiceKey): string {
  return 'arn' in key ? key.arn : `${key.uri} (key id ${shortId(keyIdOf(key.publicKey))})`;
}

async function writePublicKeys(
  directory: string | undefined,
  keys: ReadonlyMap<string, ServiceKey>,
): Promise<readonly string[]> {
  if (directory === undefined) return [];
  await makeDirectory(resolve(directory));
  const files = [...keys].map(([id, { publicKey }]) => ({
    path: join(resolve(directory), `${id}.pub.pem`),
    pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }));
  for (const { path, pem } of files) await createFile(path, pem);
  return files.map(({ path }) => path);
}
