/**
 * Sends a signal to a process group. A group that is gone, or is no longer ours to signal, is left alone.
 *
 * The caller has started the group's leader; the system gives its number to no other process as long as a
 * member lives.
 */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // ESRCH: it has ended. EPERM (macOS): only zombies are left.
  }
}

/**
 * Ends a process group with this process, however that exits: a second Ctrl-C, an error that nobody caught. Only
 * `kill -9` leaves it running. Returns how to undo that, for when the group has ended by itself.
 */
export function endWithUs(leader: number): () => void {
  const end = () => signalGroup(leader, 'SIGKILL');
  // One listener for each group is no leak, which Node suspects from eleven on.
  process.setMaxListeners(process.getMaxListeners() + 1);
  process.once('exit', end);
  return () => {
    process.off('exit', end);
    process.setMaxListeners(process.getMaxListeners() - 1);
  };
}
