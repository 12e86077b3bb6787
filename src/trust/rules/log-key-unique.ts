import { keyIdOf } from '../keys.ts';
import { allLogs, earlierTwin, inTrustedRoot, type TrustRule } from './subject.ts';

export const logKeyUnique: TrustRule = {
  id: 'log-key-unique',
  title: 'No two logs share a key: clients tell logs apart by it, and one stolen key would forge both.',
  check: (subject) => {
    const logs = allLogs(subject);
    return inTrustedRoot(logs, (log) => {
      const twin = earlierTwin(logs, log, ({ publicKey }) => keyIdOf(publicKey));
      return twin && { message: `expected a key of its own, got the key of ${twin.path} (${keyIdOf(log.publicKey)})` };
    });
  },
};
