import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../src/core/clock.ts';
import { formatDeploymentRecord, type HsmKey, type RecordedKey } from '../../../src/services/deployment.ts';
import type { CertificateChain } from '../../../src/x509/chain.ts';
import { temporaryDirectory } from '../../support/instance.ts';
import { issuedFulcioChain, issuedTsaChain, periodAround } from '../../support/issued-chains.ts';

export const now = new Date('2026-11-22T10:00:00.750Z');
export const clock: Clock = { now: () => now };
export const region = 'eu-central-1';
export const account = '111122223333';

export type Curve = 'prime256v1' | 'secp384r1';

export interface ConfigLines {
  readonly issuers?: string;
  readonly rekor?: string;
  readonly timestamps?: string;
  readonly aws?: string;
}

/** The configuration of an instance of each service once, and what a test wants otherwise. */
export function configOf(lines: ConfigLines = {}): string {
  return [
    'instance: { name: acme, domain: sigstore.acme.example }',
    'root: policy.yaml',
    `issuers: [${lines.issuers ?? '{ preset: github-actions }'}]`,
    `logs: { rekor: [${lines.rekor ?? '{ shard: log2026-1 }'}], ct: [{ shard: ct2026-1 }] }`,
    `timestamps: [${lines.timestamps ?? '{ name: tsa-1 }, { name: tsa-2 }'}]`,
    lines.aws ?? `aws: { account: '${account}', regions: [${region}] }`,
    '',
  ].join('\n');
}

/** The directory of an instance: its configuration, what was recorded of it, and certificates. */
export interface InstanceFiles extends AsyncDisposable {
  readonly path: string;
  at(name: string): string;
  read(name: string): Promise<string>;
  write(name: string, text: string | Uint8Array): Promise<void>;
}

export async function instanceFiles(lines: ConfigLines = {}): Promise<InstanceFiles> {
  const directory = await temporaryDirectory();
  const at = (name: string) => join(directory.path, name);
  const files: InstanceFiles = {
    path: directory.path,
    at,
    read: async (name) => await readFile(at(name), 'utf8'),
    write: async (name, text) => await writeFile(at(name), text),
    [Symbol.asyncDispose]: directory[Symbol.asyncDispose],
  };
  await mkdir(at('certificates'));
  await files.write('sigstead.yaml', configOf(lines));
  return files;
}

export function newKey(namedCurve: Curve): KeyObject {
  return generateKeyPairSync('ec', { namedCurve }).publicKey;
}

/** A key as `aws record` writes it down. */
export function recordedKey(number: number, namedCurve: Curve): RecordedKey {
  const uuid = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
  return { arn: `arn:aws:kms:${region}:${account}:key/${uuid}`, publicKey: newKey(namedCurve) };
}

const curves: Readonly<Record<string, Curve>> = {
  fulcio: 'secp384r1',
  'timestamp-tsa-1': 'secp384r1',
  'timestamp-tsa-2': 'secp384r1',
  'ct-ct2026-1': 'prime256v1',
  'rekor-log2026-1': 'prime256v1',
  'tuf-online': 'prime256v1',
};

export function recordedKeys(): ReadonlyMap<string, RecordedKey> {
  return new Map(Object.entries(curves).map(([id, curve], index) => [id, recordedKey(index, curve)]));
}

export async function writeRecord(
  files: InstanceFiles,
  keys: ReadonlyMap<string, RecordedKey>,
  hsmKeys?: ReadonlyMap<string, HsmKey>,
): Promise<void> {
  await files.write('deployment.json', formatDeploymentRecord({ keys, hsmKeys, images: new Map() }));
}

/** An instance after its ceremony of the CA roots: keys are recorded, and each chain is of its key. */
export async function certifiedInstance(lines: ConfigLines = {}) {
  const files = await instanceFiles(lines);
  const keys = recordedKeys();
  await writeRecord(files, keys);
  await files.write('certificates/fulcio.pem', (await fulcioChain(keyOf(keys, 'fulcio'))).pem);
  for (const id of ['timestamp-tsa-1', 'timestamp-tsa-2']) {
    await files.write(`certificates/${id}.pem`, (await tsaChain(keyOf(keys, id), id)).pem);
  }
  return { files, keys, [Symbol.asyncDispose]: files[Symbol.asyncDispose] };
}

export function keyOf(keys: ReadonlyMap<string, RecordedKey>, id: string): KeyObject {
  const key = keys.get(id);
  if (key === undefined) throw new Error(`${id}: no key`);
  return key.publicKey;
}

export async function fulcioChain(publicKey: KeyObject, notAfter = period.notAfter): Promise<CertificateChain> {
  return await issuedFulcioChain(publicKey, { ...period, notAfter });
}

export async function tsaChain(publicKey: KeyObject, name = 'tsa'): Promise<CertificateChain> {
  return await issuedTsaChain(publicKey, name, period);
}

const period = periodAround(new Date('2026-11-22T10:00:00Z'));
