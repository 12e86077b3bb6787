import { dayMs, formatInstant } from '../../src/core/clock.ts';
import { type Finding, type Rule, runRules } from '../../src/core/rules.ts';
import type { Authority } from './authority.ts';
import { isProof, proofCommand } from './backup.ts';

interface Watched {
  readonly authorities: readonly Authority[];
  readonly now: Date;
  readonly days: number;
}

/** How old the last proof of a restore may be. */
export const defaultProofDays = 180;

const provenLately: Rule<Watched> = {
  id: 'ca-backup-proven',
  title: 'the shares of every offline root were lately shown to open its key (sigstead)',
  severity: 'warning',
  check: ({ authorities, now, days }) =>
    authorities.flatMap((authority) => {
      const last = authority.proofs.filter((proof) => isProof(proof, authority)).at(-1)?.at;
      if (last && now.getTime() - last.getTime() <= days * dayMs) return [];
      const got = last ? `the last one was on ${formatInstant(last)}` : 'there was none since its genesis';
      const hint = `bring the holders together: ${proofCommand(authority.name, authority.document.custody)}`;
      return [{ where: authority.name, message: `expected a proven restore within ${days} days, ${got}`, hint }];
    }),
};

const proofsTrue: Rule<Watched> = {
  id: 'ca-backup-proof-true',
  title: 'every proof of a restore is signed by the key of its root (sigstead)',
  check: ({ authorities }) =>
    authorities.flatMap((authority) =>
      authority.proofs
        .filter((proof) => !isProof(proof, authority))
        .map(({ at }) => ({
          where: `${authority.name}, proof of ${formatInstant(at)}`,
          message: 'expected a signature of the key of the root, got another one',
          hint: 'somebody made it up: prove the backup again, and find out who',
        })),
    ),
};

const standby: Rule<Watched> = {
  id: 'ca-standby',
  title: 'a root whose key cannot leave its token has vouched for a standby (sigstead)',
  severity: 'warning',
  check: ({ authorities }) =>
    authorities
      .filter(({ document, crossSigned }) => document.custody === 'token' && crossSigned === 0)
      .map(({ name }) => ({
        where: name,
        message: 'expected a cross-certificate for a standby root: the token is the only one that has the key',
        hint: 'make a standby, and cross-sign both ways: sigstead ceremony ca plan with kind: ca-cross-sign',
      })),
};

/**
 * Says what is wrong with the backups of the offline roots in use: no restore proven within `days`, a proof that is not
 * true, or a token without a standby. For `ceremony doctor`.
 */
export function backupFindings(
  authorities: ReadonlyMap<string, Authority>,
  now: Date,
  days = defaultProofDays,
): readonly Finding[] {
  const inUse = [...authorities.values()].filter(({ retired }) => !retired);
  return runRules([provenLately, proofsTrue, standby], { authorities: inUse, now, days });
}
