import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { instancePrograms, placedKeys } from '../../lib/access/placement.ts';
import { namesOf } from '../../operate/aws/settings.ts';
import { packageDirectory } from '../../operate/settings.ts';
import { type InstanceConfig, readConfig } from '../../src/config/config.ts';
import { addMs, dayMs } from '../../src/core/clock.ts';
import { signerOf } from '../../src/keys/signer.ts';
import { type DeploymentRecord, formatDeploymentRecord } from '../../src/services/deployment.ts';
import { formatTrustMaterial, type TrustMaterial } from '../../src/trust/material.ts';
import {
  issueFulcioIntermediate,
  issueFulcioRoot,
  issueTsaLeaf,
  issueTsaRoot,
} from '../../src/x509/certificate-factory.ts';
import { type CertificateChain, chainOf } from '../../src/x509/chain.ts';

/**
 * Writes `examples/production.yaml` into a directory, with what deployment and ceremony would have recorded beside it,
 * so that every stack is made.
 */
export async function writeRecordedInstance(
  directory: string,
  edit: (text: string) => string = (text) => text,
): Promise<void> {
  const examples = join(packageDirectory, 'examples');
  const rootHistory = join(directory, 'root-signing', 'metadata', 'root_history');
  await mkdir(rootHistory, { recursive: true });
  await cp(join(examples, 'root-signing', 'policy.yaml'), join(directory, 'root-signing', 'policy.yaml'));
  await writeFile(join(rootHistory, '1.root.json'), '{}\n');
  const file = join(directory, 'sigstead.yaml');
  await writeFile(file, edit(await readFile(join(examples, 'production.yaml'), 'utf8')));
  const config = await readConfig(file);
  const record = recordOf(config);
  await writeFile(join(directory, 'deployment.json'), formatDeploymentRecord(record));
  await writeFile(join(directory, 'trust-material.json'), formatTrustMaterial(await materialOf(config, record)));
}

function recordOf(config: InstanceConfig): DeploymentRecord {
  if (config.aws === undefined) throw new Error('the example has a section aws');
  const placement = { config, aws: config.aws, names: namesOf(config, config.aws) };
  const keys = placedKeys(placement).map(({ id, region, spec }, index) => {
    const uuid = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
    const namedCurve = spec === 'ECC_NIST_P384' ? 'secp384r1' : 'prime256v1';
    const { publicKey } = generateKeyPairSync('ec', { namedCurve });
    return [id, { arn: `arn:aws:kms:${region}:${placement.names.keysAccount}:key/${uuid}`, publicKey }] as const;
  });
  const programs = instancePrograms(placement);
  const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
  return { keys: new Map(keys), images: new Map(programs.map((program) => [program, digest])) };
}

async function materialOf(config: InstanceConfig, { keys }: DeploymentRecord): Promise<TrustMaterial> {
  const keyOf = (id: string): KeyObject => {
    const key = keys.get(id)?.publicKey;
    if (key === undefined) throw new Error(`${id}: no key was recorded`);
    return key;
  };
  const common = (operator: string) => ({ operator, validFor: { start: addMs(new Date(), -dayMs) } });
  const fulcioUrl = `https://fulcio.${config.instance.domain}`;
  const fulcio = { url: fulcioUrl, uri: fulcioUrl, chain: await fulcioChain(keyOf('fulcio')), signing: true };
  return {
    fulcio: [{ ...fulcio, ...common('fulcio') }],
    ct: config.logs.ct.map(({ shard, origin, operator }) => ({
      ...{ shard, origin, publicKey: keyOf(`ct-${shard}`), ...common(operator) },
    })),
    rekor: config.logs.rekor.map(({ shard, origin, operator }) => ({
      ...{ shard, origin, url: `https://${origin}`, publicKey: keyOf(`rekor-${shard}`), signing: true },
      ...common(operator),
    })),
    timestamps: await Promise.all(
      config.timestamps.map(async ({ name, host, operator }) => ({
        ...{ name, url: `https://${host}/api/v1/timestamp`, uri: `https://${host}`, signing: true },
        ...{ chain: await tsaChain(keyOf(`timestamp-${name}`)), ...common(operator) },
      })),
    ),
    oidc: [],
    selection: { timestamps: 'any' },
  };
}

async function fulcioChain(publicKey: KeyObject): Promise<CertificateChain> {
  const signer = newSigner();
  const der = await issueFulcioRoot({ subject: subject('root'), signer, ...period() });
  const root = { der, signer };
  return chainOf(await issueFulcioIntermediate({ subject: subject('ca'), publicKey, root, ...period() }), der);
}

async function tsaChain(publicKey: KeyObject): Promise<CertificateChain> {
  const signer = newSigner();
  const der = await issueTsaRoot({ subject: subject('tsa root'), signer, ...period() });
  return chainOf(await issueTsaLeaf({ subject: subject('tsa'), publicKey, root: { der, signer }, ...period() }), der);
}

function period() {
  return { notBefore: addMs(new Date(), -30 * dayMs), notAfter: addMs(new Date(), 3_000 * dayMs) };
}

function newSigner() {
  return signerOf(generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey, 'memory:bench');
}

function subject(commonName: string) {
  return { organization: 'acme', commonName };
}
