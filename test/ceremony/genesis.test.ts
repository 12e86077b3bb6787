import { describe, expect, it } from '@jest/globals';
import { runGenesis } from '../../ceremony/genesis.ts';
import { formatInstant } from '../../src/core/clock.ts';
import { parseMetadata } from '../../src/tuf/metadata.ts';
import {
  freshSigner,
  holders,
  inDays,
  MemoryStore,
  now,
  online,
  rootPolicy,
  seededSigner,
  targets,
} from '../support/root-of-trust.ts';

const options = () => ({ policy: rootPolicy(), holders: holders(), online, targets, store: new MemoryStore(), now });
const absent = new Map(['dave', 'erin'].map((id) => [id, seededSigner(id).publicKey]));

describe('runGenesis', () => {
  it('publishes a root of five holders, three of whom sign, and what leads to the targets', async () => {
    const { store, ...rest } = options();
    const repository = await runGenesis({ ...rest, store, holders: holders('alice', 'bob', 'carol'), absent });
    expect([...store.files.keys()].map((path) => path.replace(/[0-9a-f]{64}/, 'HASH'))).toEqual([
      'targets/HASH.signing_config.v0.2.json',
      'targets/HASH.trusted_root.json',
      '1.targets.json',
      '1.snapshot.json',
      '1.root.json',
      'timestamp.json',
    ]);
    const { root } = repository;
    expect(root.roles.root.threshold).toBe(3);
    expect(root.roles.root.keyids).toHaveLength(5);
    expect(root.signatures).toHaveLength(3);
    expect(root.keys.size).toBe(6);
    const periods = [root, repository.targets, repository.snapshot, repository.timestamp].map(({ expires }) => expires);
    expect(periods.map(formatInstant)).toEqual([180, 90, 14, 3].map((days) => formatInstant(inDays(days))));
  });

  it('names the snapshot by hash and length, and targets by version alone', async () => {
    const { timestamp, snapshot } = await runGenesis(options());
    expect([...timestamp.snapshot.hashes.keys()]).toEqual(['sha256']);
    expect(timestamp.snapshot.length).toBe(snapshot.bytes.length);
    expect(snapshot.signed['meta']).toEqual({ 'targets.json': { version: 1 } });
  });

  it('refuses too few holders, and writes nothing', async () => {
    const few = {
      ...options(),
      holders: holders('alice', 'bob'),
      absent: new Map([...absent, ['carol', seededSigner('carol').publicKey]]),
    };
    await expect(runGenesis(few)).rejects.toThrowToolkit('CER_THRESHOLD_NOT_MET', { have: 2, need: 3 });
    expect(few.store.writes).toEqual([]);
  });

  it('refuses a holder whose key is missing, and a key that is no holder’s', async () => {
    await expect(runGenesis({ ...options(), holders: holders('alice', 'bob', 'carol') })).rejects.toThrowToolkit(
      'CER_HOLDERS',
      {
        missing: ['dave', 'erin'],
        unknown: [],
      },
    );
    const extra = new Map([['mallory', seededSigner('mallory').publicKey]]);
    await expect(runGenesis({ ...options(), absent: extra })).rejects.toThrowToolkit('CER_HOLDERS', {
      unknown: ['mallory'],
    });
  });

  it('refuses two holders with one key, and an online key that is a holder’s', async () => {
    const shared = new Map([...holders(), ['erin', seededSigner('alice')]]);
    await expect(runGenesis({ ...options(), holders: shared })).rejects.toThrowToolkit('CER_HOLDERS', {
      sharing: ['alice', 'erin'],
    });
    const held = { ...options(), online: seededSigner('bob') };
    await expect(runGenesis(held)).rejects.toThrowToolkit('CER_PLAN_REFUSED');
    expect(held.store.writes).toEqual([]);
  });

  it('refuses a P-384 holder', async () => {
    const mixed = new Map([...holders(), ['erin', freshSigner('ecdsa-p384-sha384')]]);
    await expect(runGenesis({ ...options(), holders: mixed })).rejects.toThrowToolkit('TUF_KEY');
  });

  it('refuses a place where something is published', async () => {
    const first = options();
    await runGenesis(first);
    await expect(runGenesis(first)).rejects.toThrowToolkit('CER_REPOSITORY_EXISTS', { path: 'timestamp.json' });
  });

  it('goes on with the root that an interrupted genesis left, and refuses another', async () => {
    const first = options();
    const { root } = await runGenesis(first);
    first.store.files.delete('timestamp.json');
    const resumed = await runGenesis({ ...first, now: inDays(1) });
    expect(resumed.root.bytes).toEqual(root.bytes);
    expect(resumed.versions).toEqual({ root: 1, targets: 2, snapshot: 2, timestamp: 1 });
    first.store.files.delete('timestamp.json');
    const others = { ...first, online: seededSigner('other') };
    await expect(runGenesis(others)).rejects.toThrowToolkit('CER_REPOSITORY_EXISTS', { path: '1.root.json' });
    await expect(runGenesis({ ...first, now: inDays(181) })).rejects.toThrowToolkit('CER_REPOSITORY_EXISTS');
    expect(parseMetadata(first.store.files.get('1.root.json') as Uint8Array, 'root').version).toBe(1);
  });
});
