import { formatInstant } from '../../src/core/clock.ts';
import { pathExists } from '../../src/core/files.ts';
import type { Finding } from '../../src/core/rules.ts';
import { quorumOf } from '../../src/tuf/threshold.ts';
import { outlookOf } from '../outlook.ts';
import type { RootSigning } from '../root-signing/open.ts';

/** Says whether enough people could sign today, and whether they have the time. */
export async function readinessFindings(rootSigning: RootSigning, now: Date): Promise<readonly Finding[]> {
  return [
    ...enrolmentFindings(rootSigning),
    ...toleranceFindings(rootSigning),
    ...timeFindings(rootSigning, now),
    ...(await onlineKeyFindings(rootSigning)),
  ];
}

function enrolmentFindings({ policy, holders, recorded }: RootSigning): readonly Finding[] {
  return policy.holders
    .filter(({ id }) => !holders.get(id)?.main)
    .map(({ id, name }) => ({
      rule: 'holder-enrolled',
      severity: 'warning',
      where: `keyholders/${id}`,
      message: `expected a key of ${name} with a proof of possession, got none${recorded ? ': the root says whose key it is, nobody proved it' : ''}`,
      hint: `sigstead ceremony invite ${id}`,
    }));
}

function toleranceFindings({ recorded, policy }: RootSigning): readonly Finding[] {
  if (!recorded) return [];
  return (['root', 'targets'] as const).flatMap((role): readonly Finding[] => {
    const { keys, threshold } = quorumOf(recorded.root, role);
    const spare = new Set(keys.map(({ physicalKey }) => physicalKey)).size - threshold;
    if (spare >= Math.max(1, policy.ceremony.tolerance)) return [];
    return [
      {
        rule: 'spare-keys',
        severity: spare === 0 ? 'error' : 'warning',
        where: `root v${recorded.root.version}: ${role}`,
        message: `${spare} of ${keys.length} keys may be lost, then nobody can sign any more`,
        hint: 'add holders, one event each',
      },
    ];
  });
}

function timeFindings({ recorded, policy }: RootSigning, now: Date): readonly Finding[] {
  if (!recorded) return [];
  return outlookOf({ repository: recorded, policy, now })
    .filter(({ role, state }) => (role === 'root' || role === 'targets') && state !== 'fresh')
    .map(({ role, version, state, expires }) => ({
      rule: 'time-to-sign',
      severity: state === 'due' ? 'warning' : 'error',
      where: `${role} v${version}`,
      message: `${state}: it expires at ${formatInstant(expires)}`,
      hint: 'plan an event of kind renew',
    }));
}

async function onlineKeyFindings({ layout, online }: RootSigning): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  if (!online) {
    findings.push({
      rule: 'online-key-named',
      severity: 'error',
      where: 'online/key.json',
      message: 'expected the key that signs snapshot and timestamp, found none',
      hint: 'sigstead ceremony enroll --online --signer URI',
    });
  }
  if (await pathExists(layout.formerOnlineKey)) {
    findings.push({
      rule: 'online-rotation-finished',
      severity: 'warning',
      where: 'online/former-key.json',
      message: 'another online key was named, and no event has replaced the former one yet',
      hint: 'plan an event of kind rotate-online and publish it; until then the former one signs',
    });
  }
  return findings;
}
