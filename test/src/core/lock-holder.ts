/** A program of its own: takes a lock and keeps it until it is killed. Run by lock.test.ts. */
import { tryLock } from '../../../src/core/lock.ts';

const lock = tryLock(process.argv[2] ?? '');
process.stdout.write(lock ? 'held\n' : 'busy\n');
if (lock) setInterval(() => undefined, 60_000);
