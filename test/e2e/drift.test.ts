import { copyFile, cp, mkdtemp, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tufUrl } from '../../local/endpoints.ts';
import { KeyStore } from '../../local/key-store.ts';
import { ensureServers, type ServerName } from '../../local/servers.ts';
import { markerOf, StateDirectory } from '../../local/state.ts';
import { readInstanceFacts } from '../../operate/instance-facts.ts';
import { silentProgress } from '../../src/core/progress.ts';
import { findMarked } from '../../src/process/marked-processes.ts';
import { keyIdOf } from '../../src/trust/keys.ts';
import { sigsteadJson, startTestInstance, temporaryDirectory } from '../support/instance.ts';
import { expectRefusal } from '../support/refusals.ts';
import { copyKeys, makeForeignAuthorities } from '../support/tampering.ts';

const serverNames = ['tesseract', 'rekor', 'fulcio', 'timestamp-server'] as const satisfies readonly ServerName[];

/** Name of the key of each server, the server in messages, and where its key is published. */
const places = [
  ['rekor-log2026-1', 'rekor log2026-1', 'tlogs[0]'],
  ['ct-ct2026-1', 'ct-log ct2026-1', 'ctlogs[0]'],
  ['fulcio', 'fulcio fulcio', 'certificateAuthorities[0]'],
  ['timestamp-tsa-1', 'tsa tsa-1', 'timestampAuthorities[0]'],
  ['timestamp-tsa-2', 'tsa tsa-2', 'timestampAuthorities[1]'],
] as const;

describe('the drift gate', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let state: StateDirectory;
  let foreign: StateDirectory;
  let saved: StateDirectory;
  let trustedRoot: string;
  let servers: ReadonlyMap<ServerName, string>;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    state = new StateDirectory(join(directory.path, 'state'));
    await using instance = await startTestInstance({ state: state.path });
    trustedRoot = `trusted_root.json of ${instance.tufUrl}`;
    expect(await instance.run('down')).toMatchObject({ exitCode: 0 });
    foreign = await makeForeignAuthorities(state.path, join(directory.path, 'foreign'));
    saved = new StateDirectory(join(directory.path, 'saved'));
    await cp(state.keys, saved.keys, { recursive: true });
    servers = await ensureServers(serverNames, { env: process.env, progress: silentProgress });
  }, 180_000);

  afterAll(async () => {
    await directory[Symbol.asyncDispose]();
  });

  const up = (environment: Readonly<Record<string, string>> = {}) =>
    sigsteadJson(['up', '--once', '--state', state.path], { environment });

  async function publicKeyId(of: StateDirectory, key: string): Promise<string> {
    return keyIdOf((await new KeyStore(of.keys).open(key)).publicKey);
  }

  it('refuses key files that are not published, before any server starts, and names each of them', async () => {
    const names = places.map(([key]) => key);
    const expected = places.flatMap(([key, server, place]) => [`${server} (${join(state.keys, `${key}.pem`)})`, place]);
    const ids = await Promise.all(names.flatMap((key) => [publicKeyId(state, key), publicKeyId(foreign, key)]));
    const logs = await logSizes();
    await copyKeys(foreign, state, names);
    try {
      const refused = await up();
      expectRefusal(refused, { exitCode: 4, code: 'TRUST_DRIFT', names: [...expected, ...ids, trustedRoot] });
      expect(await logSizes()).toEqual(logs);
    } finally {
      await copyKeys(saved, state, names);
    }
  }, 60_000);

  it('refuses running servers that hold other keys than their files, and names each of them', async () => {
    const [rekor, , ...replaced] = places;
    const [fulcio, ...timestamps] = replaced;
    const refused = await up({
      SIGSTEAD_SERVERS: await serversWith({
        rekor: await scriptWithPipe('rekor', 'signer-filepath', await decrypted(rekor[0], 'pkcs8')),
        fulcio: await scriptWithChains('fulcio', [fulcio[0]], {
          password: 'FULCIO_SERVE_FILECA-KEY-PASSWD',
          flags: ['fileca-key', 'fileca-cert'],
        }),
        'timestamp-server': await scriptWithChains(
          'timestamp-server',
          timestamps.map(([key]) => key),
          {
            password: 'FILE-SIGNER-PASSWD',
            flags: ['file-signer-key-path', 'certificate-chain-path'],
          },
        ),
      }),
    });
    const ids = await Promise.all(
      [rekor, ...replaced].flatMap(([key]) => [publicKeyId(state, key), publicKeyId(foreign, key)]),
    );
    const names = [
      ...[rekor, ...replaced].flatMap(([, server, place]) => [`${server}: uses key`, place]),
      ...ids,
      trustedRoot,
    ];
    expectRefusal(refused, { exitCode: 4, code: 'TRUST_DRIFT', names });
    expect(await findMarked(await markerOf(state, await readInstanceFacts(state)))).toEqual([]);
  }, 60_000);

  it('refuses a running CT log that signs with another key than its file', async () => {
    const script = await scriptWithPipe('tesseract', 'private_key', await decrypted('ct-ct2026-1', 'sec1'));
    const refused = await up({ SIGSTEAD_SERVERS: await serversWith({ tesseract: script }) });
    const names = ['ct-ct2026-1: its checkpoint', trustedRoot, 'expected a signature by ct2026-1.sigstead.test+'];
    expectRefusal(refused, { exitCode: 4, code: 'LOCAL_LIVE_KEY', names });
  }, 60_000);

  it('refuses keys, chains and trust material that agree with each other and not with what is published', async () => {
    const everything = places.map(([key]) => key);
    await copyFile(state.materialFile, join(saved.path, 'trust-material.json'));
    await copyFile(foreign.materialFile, state.materialFile);
    await copyKeys(foreign, state, everything);
    try {
      const refused = await up();
      const names = ['certificate authority', 'log2026-1', 'ct2026-1', 'tsa-1', state.repository];
      expectRefusal(refused, { exitCode: 4, code: 'OPS_TRUST_CHANGED', names });
    } finally {
      await copyFile(join(saved.path, 'trust-material.json'), state.materialFile);
      await copyKeys(saved, state, everything);
    }
  }, 60_000);

  it('accepts the published keys again', async () => {
    const { exitCode, document } = await up();
    expect({ exitCode, document }).toMatchObject({
      exitCode: 0,
      document: { signatures: [{}, {}, {}], tufUrl: tufUrl(await readInstanceFacts(state)) },
    });
  }, 120_000);

  /** Returns how much each server has ever said. */
  async function logSizes(): Promise<object> {
    const names = await readdir(state.logs);
    return Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await sizeOf(join(state.logs, name))])),
    );
  }

  /** Returns a directory of servers of which these are replaced by scripts. */
  async function serversWith(scripts: Partial<Record<ServerName, string>>): Promise<string> {
    const replaced = await mkdtemp(join(directory.path, 'servers-'));
    for (const [name, path] of servers) {
      const script = scripts[name];
      if (script === undefined) await symlink(path, join(replaced, name));
      else await writeFile(join(replaced, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    return replaced;
  }

  /** A server that reads its key from the pipe as it should, and then uses another. */
  async function scriptWithPipe(server: ServerName, flag: string, key: string): Promise<string> {
    const real = servers.get(server);
    return [
      `for word; do case $word in --${flag}=*) cat "\${word#*=}" >/dev/null;; esac; done`,
      `exec ${real} "$@" --${flag}=${key}`,
    ].join('\n');
  }

  /** A server that uses the keys and chains of the foreign authorities where it was given these of ours. */
  async function scriptWithChains(
    server: ServerName,
    keys: readonly string[],
    { password, flags: [keyFlag, chainFlag] }: { password: string; flags: readonly [string, string] },
  ): Promise<string> {
    const cases = keys.map(async (key) => {
      const passphrase = await new KeyStore(foreign.keys).passphrase(key);
      const other = `--${keyFlag}=${join(foreign.keys, `${key}.pem`)}`;
      const chain = `--${chainFlag}=${join(foreign.certificates, `${key}.chain.pem`)}`;
      // A shell can neither set nor pass on a variable with dashes in its name.
      return `*${key}*) exec env '${password}=${passphrase}' ${servers.get(server)} "$@" ${other} ${chain};;`;
    });
    return `case $* in ${(await Promise.all(cases)).join('\n')} esac`;
  }

  /** Writes a foreign key as its server reads it, and returns the path. */
  async function decrypted(key: string, as: 'pkcs8' | 'sec1'): Promise<string> {
    const path = join(directory.path, `${key}.${as}.pem`);
    await writeFile(path, await new KeyStore(foreign.keys).decrypted(key, as), { mode: 0o600 });
    return path;
  }
});

async function sizeOf(path: string): Promise<number> {
  return (await stat(path)).size;
}
