import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runGenesis } from '../../ceremony/genesis.ts';
import { ensureAuthorities } from '../../local/authorities.ts';
import { KeyStore } from '../../local/key-store.ts';
import { StateDirectory } from '../../local/state.ts';
import { readInstanceFacts } from '../../operate/instance-facts.ts';
import { readPublished, rootPolicyFile } from '../../operate/root-of-trust.ts';
import { readConfig } from '../../src/config/config.ts';
import { readRootPolicy } from '../../src/config/root-policy.ts';
import { unfollowed } from '../../src/core/moment.ts';
import { directoryStore } from '../../src/store/directory-store.ts';
import { metadataPath } from '../../src/tuf/layout.ts';
import { projectDirectory } from './instance.ts';

/** Keys, chains and trust material that belong together, for the same configuration and ports, but to nobody's trust. */
export async function makeForeignAuthorities(statePath: string, foreignPath: string): Promise<StateDirectory> {
  const state = new StateDirectory(foreignPath);
  await ensureAuthorities({
    config: await readConfig(join(projectDirectory, 'examples', 'minimal.yaml')),
    state,
    facts: await readInstanceFacts(new StateDirectory(statePath)),
    keys: new KeyStore(state.keys),
    now: new Date(),
    reached: unfollowed,
  });
  return state;
}

/** Puts the key files of these names, with their passphrases, in the place of others. */
export async function copyKeys(from: StateDirectory, to: StateDirectory, names: readonly string[]): Promise<void> {
  for (const name of names) {
    for (const suffix of ['pem', 'passphrase']) {
      await cp(join(from.keys, `${name}.${suffix}`), join(to.keys, `${name}.${suffix}`));
    }
  }
}

/**
 * Makes the root of trust of a stopped instance as if it had first been started at `at`: same keys and targets, all
 * dates moved. It is what a machine finds that was switched off since then, or whose clock went back.
 */
export async function republish(state: StateDirectory, at: Date, targets?: ReadonlyMap<string, Uint8Array>) {
  const { targetFiles } = await readPublished(state);
  const policy = await readRootPolicy(rootPolicyFile(state));
  const keys = new KeyStore(state.keys);
  const holders = await Promise.all(
    policy.holders.map(async ({ id }) => [id, await keys.open(`holder-${id}`)] as const),
  );
  for (const name of await readdir(state.repository)) await rm(join(state.repository, name), { recursive: true });
  await runGenesis({
    policy,
    holders: new Map(holders.slice(0, policy.root.threshold)),
    absent: new Map(holders.slice(policy.root.threshold).map(([id, signer]) => [id, signer.publicKey])),
    online: await keys.open('tuf-online'),
    targets: targets ?? targetFiles,
    store: directoryStore(state.repository),
    now: at,
  });
  await cp(join(state.repository, metadataPath('root', 1)), state.pinnedRootFile);
  // As if it had been so from the first: what was published here before is forgotten.
  await rm(state.publishedMemoryFile, { force: true });
}
