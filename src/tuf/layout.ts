/** The four top-level roles of TUF. */
export const roleNames = ['root', 'targets', 'snapshot', 'timestamp'] as const;
export type RoleName = (typeof roleNames)[number];

/** The largest file of each role that the clients in the field download. */
export const maxMetadataBytes: Readonly<Record<RoleName, number>> = {
  root: 512_000,
  targets: 5_000_000,
  snapshot: 2_000_000,
  timestamp: 16_384,
};

/** The longest walk from a pinned root that clients make before they give up. */
export const maxRootRotations = 256;

export const timestampPath = 'timestamp.json';

/**
 * Returns where a role's metadata is published, relative to the repository (consistent snapshots, TUF §7).
 * Everything but the timestamp carries its version, and is never written twice.
 */
export function metadataPath(role: string, version: number): string {
  return role === 'timestamp' ? timestampPath : `${version}.${role}.json`;
}

/** Returns where a target's bytes are published: `targets/`, its directory, its hash before its name. */
export function targetPath(name: string, digest: string): string {
  const slash = name.lastIndexOf('/') + 1;
  return `targets/${name.slice(0, slash)}${digest}.${name.slice(slash)}`;
}

/** True for a name that is the same in a URL, a file system and a bucket. */
export function isPlainName(name: string): boolean {
  return name.length <= 200 && name.split('/').every((part) => /^[A-Za-z0-9_][A-Za-z0-9._+@-]*$/.test(part));
}
