/**
 * What bringing an instance up and stopping it pass through, in this order. A kill or an interrupt at each of them
 * leaves a state directory that the next start resumes; the tests of faults walk this list.
 */
export const moments = [
  'lock-taken',
  'facts-written',
  'run-directory-cleared',
  'binaries-found',
  'key-made',
  'chain-issued',
  'material-written',
  'policy-copied',
  'repository-file-written',
  'pinned-root-kept',
  'root-of-trust-verified',
  'gateway-listening',
  'server-started',
  'key-handed-over',
  'server-healthy',
  'drift-gate-passed',
  'ready-recorded',
  'first-signature',
  'stopping',
  'gateway-closed',
  'server-stopped',
  'record-removed',
  'lock-released',
] as const;

export type Moment = (typeof moments)[number];

/** Told that work has just got to a moment. `what` tells several of one kind apart: a key, a file, a server. */
export type Reached = (moment: Moment, what?: string) => void;

/** For work that nobody follows. */
export const unfollowed: Reached = () => undefined;
