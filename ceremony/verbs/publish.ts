import type { Command, Invocation, Outcome } from '../../src/cli/command.ts';
import { pathExists } from '../../src/core/files.ts';
import { toJson } from '../../src/core/json.ts';
import { asStep } from '../../src/core/progress.ts';
import type { OpenedSigner } from '../../src/keys/open-signer.ts';
import { openStore } from '../../src/store/open-store.ts';
import { bootstrapText } from '../bootstrap.ts';
import { readAssembled } from '../event/assemble-event.ts';
import { openEvent } from '../event/event.ts';
import { publishEvent } from '../event/publish-event.ts';
import { onlineKeyUnnamed, readOnlineKey } from '../root-signing/online-key.ts';
import { openRootSigning, type RootSigning } from '../root-signing/open.ts';
import { keyOptions, openKey } from './open-key.ts';
import { recordAct } from './record.ts';
import { actorOption, dirOption, eventOf, layoutOf, requiredOption } from './settings.ts';

export const ceremonyPublishCommand: Command = {
  words: ['ceremony', 'publish'],
  summary: 'publish an assembled event, after two clients have judged every state on the way',
  details: [
    'Signs snapshot and timestamp with the online key (online/key.json), and with the one that it replaces. A crash leaves a',
    'repository that clients accept; the same command again does what is left.',
  ].join('\n'),
  positionals: ['EVENT'],
  options: {
    ...dirOption,
    ...actorOption,
    module: keyOptions.module,
    'passphrase-file': keyOptions['passphrase-file'],
    to: { type: 'string', value: 'DIR|s3://BUCKET/PREFIX', help: 'where the repository is published (required)' },
  },
  examples: [
    {
      command: 'sigstead ceremony publish 2026-11-02-replace-alice --to s3://acme-tuf',
      explains: 'conditional writes only; nothing is overwritten but timestamp.json',
    },
  ],
  exitNotes: [
    '4    also: a client refuses the outcome; nothing was written, or what was read back is not what was written',
  ],
  run: publish,
};

async function publish(invocation: Invocation): Promise<Outcome> {
  const rootSigning = await openRootSigning(layoutOf(invocation));
  const event = await openEvent(eventOf(invocation));
  const store = openStore(requiredOption(invocation, 'to'));
  // Before anybody types a passphrase.
  await readAssembled(event);
  const signers = await openOnlineKeys(invocation, rootSigning);
  try {
    const now = invocation.clock.now();
    const { repository, changed } = await asStep(invocation.progress, `publish ${event.plan.event}`, () =>
      publishEvent({ rootSigning, event, store, ...signers, now }),
    );
    const head = await recordAct(invocation, event.layout, {
      verb: 'publish',
      step: 'publish',
      inputs: [event.layout.planDigest],
      outputs: [event.layout.result],
      note: `to ${store.uri}`,
    });
    const { versions } = repository;
    const roles = Object.entries(versions).map(([role, version]) => `${role} v${version}`);
    return {
      json: toJson({ event: event.plan.event, store: store.uri, versions, changed, transcriptHead: head }),
      text: [
        `${store.uri}: ${roles.join(', ')}`,
        ...changed.map((path) => `  ${path}`),
        '',
        bootstrapText(repository),
        '',
      ].join('\n'),
    };
  } finally {
    for (const signer of Object.values(signers)) signer?.close();
  }
}

async function openOnlineKeys(invocation: Invocation, { layout, online }: RootSigning) {
  if (!online) throw onlineKeyUnnamed(layout.onlineKey);
  const signers: { online: OpenedSigner; formerOnline?: OpenedSigner } = {
    online: await openKey(invocation, online.uri),
  };
  if (!(await pathExists(layout.formerOnlineKey))) return signers;
  const former = await readOnlineKey(layout.formerOnlineKey);
  try {
    signers.formerOnline = await openKey(invocation, former.uri);
  } catch (error) {
    // Whether the event can do without it is for `publishEvent` to say.
    invocation.talk.warn(
      `${former.uri}: the online key that is replaced cannot be opened: ${String(error instanceof Error ? error.message : error)}`,
    );
  }
  return signers;
}
