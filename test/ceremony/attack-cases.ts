import { utf8 } from '../../src/core/bytes.ts';
import { formatInstant } from '../../src/core/clock.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { keyId, tufKey } from '../../src/tuf/key.ts';
import { timestampPath } from '../../src/tuf/layout.ts';
import { parseMetadata } from '../../src/tuf/metadata.ts';
import {
  expired,
  type Files,
  fileAt,
  first,
  handOver,
  mallory,
  oneKeyTwice,
  overJsonText,
  put,
  quorum,
  reordered,
  rolesOf,
  rootWith,
  signedAs,
  young,
} from '../support/attacker.ts';
import { forge, inDays, online, seededSigner, signMetadata } from '../support/root-of-trust.ts';

export interface Attack {
  readonly name: string;
  readonly attack: (files: Files) => Promise<void>;
  /** With which our client refuses. */
  readonly code: string;
  /** Clients that were here before. @default new clients */
  readonly remembering?: true;
  /** What tuf-js does, where that is not TUF_JUDGE_REFUSED. */
  readonly tufJs?: string;
}

export const attacks: readonly Attack[] = [
  {
    name: 'arbitrary software, unsigned',
    attack: async (files) =>
      put(files, 'targets', await forge(fileAt('1.targets.json'), 'targets', { version: 3 }, [])),
    code: 'TUF_THRESHOLD',
  },
  {
    name: 'arbitrary software, signed by the wrong role',
    attack: async (files) =>
      put(files, 'targets', await forge(fileAt('1.targets.json'), 'targets', { version: 3 }, [online])),
    code: 'TUF_THRESHOLD',
  },
  {
    name: 'arbitrary software in the place of a target',
    attack: async (files) => {
      for (const path of files.keys())
        if (path.endsWith('.trusted_root.json')) files.set(path, utf8('{"trusted":"raat"}\n'));
    },
    code: 'TUF_HASH',
  },
  {
    name: 'rollback of the timestamp',
    attack: async (files) => void files.set(timestampPath, first.store.files.get(timestampPath) as Uint8Array),
    code: 'TUF_ROLLBACK',
    remembering: true,
  },
  {
    name: 'rollback of the snapshot in the timestamp',
    attack: async (files) => {
      const { meta } = parseMetadata(first.store.files.get(timestampPath) as Uint8Array, 'timestamp').signed;
      files.set(
        timestampPath,
        await forge(fileAt(timestampPath), 'timestamp', { version: 3, meta: meta as JsonObject }, [online]),
      );
    },
    code: 'TUF_ROLLBACK',
    remembering: true,
  },
  {
    name: 'equal version of the timestamp with other bytes',
    attack: async (files) =>
      void files.set(
        timestampPath,
        await forge(fileAt(timestampPath), 'timestamp', { expires: formatInstant(inDays(2)) }, [online]),
      ),
    code: 'TUF_ROLLBACK',
    remembering: true,
    // An equal version is no update (TUF §5.4.3): it goes on with what it has.
    tufJs: 'accepts',
  },
  {
    name: 'removal of targets from the snapshot',
    attack: async (files) =>
      put(files, 'snapshot', await forge(fileAt('2.snapshot.json'), 'snapshot', { version: 3, meta: {} }, [online])),
    code: 'TUF_METADATA',
    remembering: true,
  },
  {
    name: 'freeze of root',
    attack: async (files) => void files.set('2.root.json', await rootWith(expired)),
    code: 'TUF_EXPIRED',
  },
  {
    name: 'freeze of timestamp',
    attack: async (files) =>
      void files.set(timestampPath, await forge(fileAt(timestampPath), 'timestamp', expired, [online])),
    code: 'TUF_EXPIRED',
  },
  {
    name: 'freeze of snapshot',
    attack: async (files) =>
      put(files, 'snapshot', await forge(fileAt('2.snapshot.json'), 'snapshot', { version: 3, ...expired }, [online])),
    code: 'TUF_EXPIRED',
  },
  {
    name: 'freeze of targets',
    attack: async (files) =>
      put(files, 'targets', await forge(fileAt('1.targets.json'), 'targets', { version: 3, ...expired }, quorum)),
    code: 'TUF_EXPIRED',
  },
  {
    name: 'mix and match of snapshots',
    attack: async (files) => void files.set('2.snapshot.json', fileAt('1.snapshot.json')),
    code: 'TUF_HASH',
  },
  {
    name: 'endless data',
    attack: async (files) => void files.set(timestampPath, new Uint8Array(16_385).fill(0x20)),
    code: 'CORE_TOO_LARGE',
    tufJs: 'CORE_TOO_LARGE',
  },
  {
    name: 'threshold of the old root alone',
    attack: async (files) => void files.set('2.root.json', await handOver(quorum)),
    code: 'TUF_THRESHOLD',
  },
  {
    name: 'threshold of the new root alone',
    attack: async (files) => void files.set('2.root.json', await handOver(young)),
    code: 'TUF_THRESHOLD',
  },
  {
    name: 'a threshold above the number of keys',
    attack: async (files) =>
      void files.set(
        '2.root.json',
        await rootWith({ roles: { ...rolesOf(), timestamp: { ...rolesOf()['timestamp'], threshold: 2 } } }),
      ),
    code: 'TUF_THRESHOLD',
  },
  {
    name: 'a key id twice in a role',
    attack: async (files) => {
      const keyids = rolesOf()['timestamp']?.['keyids'] as readonly string[];
      const timestamp = { threshold: 2, keyids: [...keyids, ...keyids] };
      files.set('2.root.json', await rootWith({ roles: { ...rolesOf(), timestamp } }));
    },
    code: 'TUF_METADATA',
  },
  {
    name: 'a key id twice among signatures',
    attack: async (files) => {
      const { signed } = parseMetadata(fileAt('1.targets.json'), 'targets');
      const alice = keyId(tufKey(seededSigner('alice').publicKey));
      await put(
        files,
        'targets',
        await signedAs({ ...signed, version: 3 }, [alice, alice, alice], seededSigner('alice')),
      );
    },
    code: 'TUF_METADATA',
  },
  {
    name: 'one private key under two key ids',
    attack: async (files) => {
      const root = await oneKeyTwice();
      files.set('2.root.json', root);
      const { signed } = parseMetadata(fileAt('1.targets.json'), 'targets');
      const keyids = parseMetadata(root, 'root').roles.targets.keyids;
      await put(files, 'targets', await signedAs({ ...signed, version: 3 }, keyids, mallory));
    },
    code: 'TUF_THRESHOLD',
    // It counts ids (tuf.md §5); so our planner makes no such root: the rule distinct-keys.
    tufJs: 'accepts',
  },
  {
    name: 'a signature relabelled with the id of another key',
    attack: async (files) => {
      const { signed } = parseMetadata(fileAt('1.targets.json'), 'targets');
      const keyids = ['alice', 'bob', 'carol'].map((id) => keyId(tufKey(seededSigner(id).publicKey)));
      await put(files, 'targets', await signedAs({ ...signed, version: 3 }, keyids, seededSigner('alice')));
    },
    code: 'TUF_THRESHOLD',
  },
  {
    name: 'a root that skips a version',
    attack: async (files) => void files.set('2.root.json', await rootWith({ version: 3 })),
    code: 'TUF_VERSION',
  },
  {
    name: 'a root of the same version',
    attack: async (files) => void files.set('2.root.json', await rootWith({ version: 1 })),
    code: 'TUF_VERSION',
  },
  {
    name: 'a wrong _type',
    attack: async (files) =>
      void files.set(
        '2.root.json',
        await signMetadata({ ...parseMetadata(fileAt('1.targets.json'), 'targets').signed, version: 2 }, quorum),
      ),
    code: 'TUF_METADATA',
  },
  {
    name: 'a version other than the one in the URL',
    attack: async (files) =>
      put(files, 'targets', await forge(fileAt('1.targets.json'), 'targets', { version: 7 }, quorum)),
    code: 'TUF_VERSION',
  },
  {
    name: 'a time that is not canonical',
    attack: async (files) => {
      const { signed } = parseMetadata(fileAt(timestampPath), 'timestamp');
      files.set(
        timestampPath,
        await signMetadata({ ...signed, version: 3, expires: '2026-11-25T10:00:00+00:00' }, [online]),
      );
    },
    code: 'CORE_TIME',
    // It reads any time that Date.parse does; so our planner writes no other: the rule well-formed.
    tufJs: 'accepts',
  },
  {
    name: 'a signature over JSON text that is not canonical',
    attack: async (files) =>
      void files.set(
        timestampPath,
        await overJsonText(reordered(fileAt(timestampPath), 'timestamp'), 'timestamp', online),
      ),
    code: 'TUF_THRESHOLD',
  },
  ...['../x', '/x', 'a?b', 'a#b'].map(
    (name): Attack => ({
      name: `a weird name of a target: ${name}`,
      attack: async (files) => {
        const claim = { length: 1, hashes: { sha256: '0'.repeat(64) } };
        await put(
          files,
          'targets',
          await forge(fileAt('1.targets.json'), 'targets', { version: 3, targets: { [name]: claim } }, quorum),
        );
      },
      code: 'TUF_METADATA',
    }),
  ),
];
