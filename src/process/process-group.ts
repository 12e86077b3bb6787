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
