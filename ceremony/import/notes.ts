import { dayMs, formatInstant } from '../../src/core/clock.ts';
import { keyId } from '../../src/tuf/key.ts';
import { roleNames } from '../../src/tuf/layout.ts';
import type { RootMetadata } from '../../src/tuf/metadata.ts';
import type { AuthenticRepository } from '../../src/tuf/repository.ts';
import { quorumOf } from '../../src/tuf/threshold.ts';
import type { RootHistory } from './root-history.ts';

/** Whoever steals the online key can serve what was revoked until it expires. */
const longDays = 366;

/** Says what is odd about a repository that others made, a sentence each. */
export function notesOn(repository: AuthenticRepository, history: RootHistory, now: Date): readonly string[] {
  const { chain } = history;
  return [
    ...unverifiable(history),
    ...chain.flatMap(foreignKeyIds),
    ...chain.flatMap(emptySignatures),
    ...ghosts(repository),
    ...expiries(repository, now),
    ...withoutTolerance(repository.root),
    ...unusedKeys(repository.root),
    ...delegations(repository),
  ];
}

function unverifiable({ files, brokenBy, chain: [first] }: RootHistory): readonly string[] {
  if (!brokenBy) return [];
  const oldest = Math.min(...files.keys());
  const which =
    oldest === brokenBy.version ? `root v${oldest} cannot` : `roots v${oldest} to v${brokenBy.version} cannot`;
  return [
    `${which} be verified by strict clients, who start from v${first.version} (v${brokenBy.version}: ${brokenBy.error.message}); the files are kept`,
  ];
}

function foreignKeyIds({ version, keys }: RootMetadata): readonly string[] {
  return [...keys.values()]
    .filter(({ keyid, key }) => keyId(key) !== keyid)
    .map(
      ({ keyid }) => `root v${version}: key id ${keyid.slice(0, 8)} is not the digest of its key; tough stops there`,
    );
}

function emptySignatures({ version, signatures }: RootMetadata): readonly string[] {
  const empty = signatures.filter(({ sig }) => sig === '').length;
  return empty === 0 ? [] : [`root v${version}: ${empty} of ${signatures.length} signatures are empty`];
}

function ghosts({ snapshot, delegated }: AuthenticRepository): readonly string[] {
  const names = [...snapshot.meta.keys()].filter(
    (file) => file !== 'targets.json' && !delegated.has(file.replace(/\.json$/, '')),
  );
  if (names.length === 0) return [];
  return [`snapshot lists ${names.join(', ')}, which no role is; what was listed stays listed (TUF §5.5.5)`];
}

function expiries(repository: AuthenticRepository, now: Date): readonly string[] {
  return roleNames.flatMap((role) => {
    const { version, expires } = repository[role];
    const days = Math.round((expires.getTime() - now.getTime()) / dayMs);
    const until = `${role} v${version}: expires at ${formatInstant(expires)}`;
    if (expires <= now) return [`${until}, which is past`];
    return days > longDays ? [`${until}, in ${days} days; what it says can be served as long, revoked or not`] : [];
  });
}

function withoutTolerance(root: RootMetadata): readonly string[] {
  return (['root', 'targets'] as const).flatMap((role) => {
    const { keys, threshold } = quorumOf(root, role);
    const different = new Set(keys.map(({ physicalKey }) => physicalKey)).size;
    return different > threshold ? [] : [`${role}: ${threshold} of ${different} keys sign, so one lost key is the end`];
  });
}

function unusedKeys({ keys, roles }: RootMetadata): readonly string[] {
  const used = new Set(Object.values(roles).flatMap(({ keyids }) => keyids));
  return [...keys.keys()]
    .filter((keyid) => !used.has(keyid))
    .map((keyid) => `root: key ${keyid.slice(0, 8)} is in no role; the next root does not list it`);
}

function delegations({ targets, delegated }: AuthenticRepository): readonly string[] {
  return targets.delegations.flatMap(({ name, quorum, paths = [] }) => {
    const role = delegated.get(name);
    const absent = [...(role?.metadata.targets.keys() ?? [])].filter((file) => !role?.files.has(file));
    const whose = `${paths.join(', ')} is delegated to ${name}, ${quorum.threshold} of ${quorum.keys.length} of its own keys`;
    return absent.length === 0 ? [whose] : [whose, `${name}: the source does not have ${absent.join(', ')}`];
  });
}
