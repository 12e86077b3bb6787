import type { Invocation, Outcome } from '../../src/cli/command.ts';
import { formatInstant } from '../../src/core/clock.ts';
import { toJson } from '../../src/core/json.ts';
import { openStore } from '../../src/store/open-store.ts';
import { roleNames } from '../../src/tuf/layout.ts';
import { type ResignOnlineResult, resignOnline } from '../resign-online.ts';
import { openRootSigning } from '../root-signing/open.ts';
import { keyOptions, openKey } from './open-key.ts';
import { onlineKeyUnnamed } from './publish.ts';
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
    return resignOutcome(
      await resignOnline({ policy, store, online: signer, pinnedRoot: recorded.roots[0].bytes, now, force }),
    );
  } finally {
    signer.close();
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
