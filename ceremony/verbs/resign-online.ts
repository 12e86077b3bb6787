import type { Invocation, Outcome } from '../../src/cli/command.ts';
import { formatInstant } from '../../src/core/clock.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { toJson } from '../../src/core/json.ts';
import { openStore } from '../../src/store/open-store.ts';
import { roleNames } from '../../src/tuf/layout.ts';
import type { AuthenticRepository } from '../../src/tuf/repository.ts';
import { type ResignOnlineResult, resignOnline } from '../resign-online.ts';
import { onlineKeyUnnamed } from '../root-signing/online-key.ts';
import { openRootSigning } from '../root-signing/open.ts';
import type { Recorded } from '../root-signing/standing.ts';
import { keyOptions, openKey } from './open-key.ts';
import { dirOption, layoutOf, requiredOption, usage } from './settings.ts';

export const resignOptions = {
  ...dirOption,
  to: { type: 'string', value: 'DIR|s3://BUCKET/PREFIX', help: 'where a root-signing directory is published' },
  module: keyOptions.module,
  'passphrase-file': keyOptions['passphrase-file'],
} as const;

/**
 * Signs snapshot and timestamp of what a ceremony published, where they are due, with the key of online/key.json.
 * @throws as `resignOnline`; CER_ONLINE_KEY_UNNAMED
 */
export async function resignPublished(invocation: Invocation): Promise<Outcome> {
  const { recorded, policy, online, layout } = await openRootSigning(layoutOf(invocation));
  if (!recorded) throw usage(`--dir: expected a root of trust, ${layout.directory} has none yet`);
  if (!online) throw onlineKeyUnnamed(layout.onlineKey);
  const store = openStore(requiredOption(invocation, 'to'));
  const signer = await openKey(invocation, online.uri);
  try {
    const now = invocation.clock.now();
    const force = invocation.options.flag('force');
    const pinnedRoot = recorded.roots[0].bytes;
    const accept = async (current: AuthenticRepository) => assertNotBehind(recorded, current, store.uri);
    return resignOutcome(await resignOnline({ policy, store, online: signer, pinnedRoot, now, force, accept }));
  } finally {
    signer.close();
  }
}

/**
 * Passes if nothing that is published is older than what the record says: over what a store was led back to, a fresh
 * timestamp would do the attacker's work for as long as its targets last.
 * @throws CER_PUBLISHED_OTHER (evidence)
 */
export function assertNotBehind(
  recorded: Pick<Recorded, 'versions'>,
  current: Pick<AuthenticRepository, 'versions'>,
  store: string,
): void {
  for (const role of roleNames) {
    const [expected, got] = [recorded.versions[role] ?? 0, current.versions[role]];
    if (got >= expected) continue;
    throw new ToolkitError('CER_PUBLISHED_OTHER', {
      message: `${role}: ${store} has v${got}, expected the v${expected} that was published last or a later one`,
      fault: 'evidence',
      data: { role, expected, got },
      hint: 'somebody put back what was there before; nothing was signed: find out who, and publish the last event again',
    });
  }
}

export function resignOutcome({ changed, periods }: ResignOnlineResult): Outcome {
  const roles = roleNames.map((role) => {
    const { version, expires, state } = periods[role];
    return { role, version, expires: formatInstant(expires), state };
  });
  const lines = roles.map(({ role, version, expires }) => `${role} v${version} expires ${expires}\n`);
  const head = changed.length === 0 ? 'nothing was due\n' : `signed: ${changed.join(', ')}\n`;
  return { json: toJson({ changed, roles }), text: head + lines.join('') };
}
