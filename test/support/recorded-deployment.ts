import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  instancePrograms,
  type Placement,
  placedHsmKeys,
  placedKeys,
  placedTinkKeys,
} from '../../lib/access/placement.ts';
import { addMs, dayMs } from '../../src/core/clock.ts';
import { type DeploymentRecord, recordedKeys } from '../../src/services/deployment.ts';
import type { TrustMaterial } from '../../src/trust/material.ts';
import { issuedFulcioChain, issuedTsaChain, periodAround } from './issued-chains.ts';

export const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
export const wrappedKeyset = '{"encryptedKeyset":"AQICAHg=","keysetInfo":{"primaryKeyId":1}}';

export function publicKey(namedCurve: 'prime256v1' | 'secp384r1'): KeyObject {
  return generateKeyPairSync('ec', { namedCurve }).publicKey;
}

/** What deploying the stacks of the keys, and pushing the images, would have recorded. */
export function recordOf(placement: Placement, hsmKey?: (id: string) => KeyObject): DeploymentRecord {
  const keyOf = (spec: string) => publicKey(spec === 'ECC_NIST_P384' ? 'secp384r1' : 'prime256v1');
  const keys = placedKeys(placement).map(({ id, region, spec }, index) => {
    const uuid = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
    const arn = `arn:aws:kms:${region}:${placement.names.keysAccount}:key/${uuid}`;
    return [id, { arn, publicKey: keyOf(spec) }] as const;
  });
  const hsmKeys = placedHsmKeys(placement).map(
    ({ id, uri, spec }) => [id, { uri, publicKey: hsmKey?.(id) ?? keyOf(spec) }] as const,
  );
  const tinkKeys = placedTinkKeys(placement).map(
    ({ id, uri }) => [id, { uri, publicKey: publicKey('prime256v1'), keyset: wrappedKeyset }] as const,
  );
  return {
    keys: new Map(keys),
    ...(tinkKeys.length > 0 && { tinkKeys: new Map(tinkKeys) }),
    ...(hsmKeys.length > 0 && { hsmKeys: new Map(hsmKeys) }),
    images: new Map(instancePrograms(placement).map((program) => [program, digest])),
  };
}

/** What its ceremony would have made of that. */
export async function materialOf(
  { config }: Pick<Placement, 'config'>,
  record: DeploymentRecord,
  now: Date,
): Promise<TrustMaterial> {
  const recorded = new Map(recordedKeys(record));
  const keyOf = (id: string) => recorded.get(id)?.publicKey ?? publicKey('prime256v1');
  const common = (operator: string) => ({ operator, validFor: { start: addMs(now, -dayMs) } });
  const fulcioUrl = `https://fulcio.${config.instance.domain}`;
  const fulcioChain = await issuedFulcioChain(keyOf('fulcio'), periodAround(now));
  return {
    fulcio: [{ url: fulcioUrl, uri: fulcioUrl, chain: fulcioChain, signing: true, ...common('fulcio') }],
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
        ...{ chain: await issuedTsaChain(keyOf(`timestamp-${name}`), name, periodAround(now)), ...common(operator) },
      })),
    ),
    oidc: [],
    selection: { timestamps: 'any' },
  };
}
