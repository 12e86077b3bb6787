import { ensureAuthorities } from '../../local/authorities.ts';
import { portNames } from '../../local/endpoints.ts';
import { KeyStore } from '../../local/key-store.ts';
import { createFacts, newInstanceId, StateDirectory } from '../../local/state.ts';
import { readConfig } from '../../src/config/config.ts';
import { unfollowed } from '../../src/core/moment.ts';
import { compileTrust, trustFileNames } from '../../src/trust/compile.ts';
import type { TrustMaterial } from '../../src/trust/material.ts';
import { defaultConfigFile } from '../settings.ts';

/** Returns the public material of an instance that nobody runs, so that a rehearsal has real files to publish. */
export async function sampleMaterial(directory: string, now: Date): Promise<TrustMaterial> {
  const config = await readConfig(defaultConfigFile);
  const state = new StateDirectory(directory);
  // Nothing listens: the numbers only have to be ports.
  const ports = Object.fromEntries(portNames(config).map((name, index) => [name, 20_000 + index]));
  const facts = {
    id: newInstanceId(),
    instanceName: 'rehearsal',
    domain: config.instance.domain,
    createdAt: now,
    ports,
  };
  await createFacts(state, facts);
  const keys = new KeyStore(state.keys, unfollowed);
  return await ensureAuthorities({ config, state, facts, keys, now, reached: unfollowed });
}

/** Returns the files that clients read, by name. */
export function trustFilesOf(material: TrustMaterial, now: Date): ReadonlyMap<string, Uint8Array> {
  const { trustedRoot, signingConfig } = compileTrust(material, { now });
  return new Map([
    [trustFileNames.trustedRoot, trustedRoot],
    [trustFileNames.signingConfig, signingConfig],
  ]);
}
