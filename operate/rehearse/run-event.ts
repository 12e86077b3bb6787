import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Outcome } from '../../src/cli/command.ts';
import { openSigner } from '../../src/keys/open-signer.ts';
import { type RehearsedEvent, writeIntent } from './events.ts';
import type { People, PersonsKey } from './people.ts';
import type { Stage } from './stage.ts';

export interface EventRun {
  readonly event: string;
  readonly kind: string;
  /** As `ceremony publish` tells. */
  readonly versions: Readonly<Record<string, number>>;
  readonly transcriptHead: string;
}

/** Runs one event from its intent to its published metadata, each step as the command that its person would type. */
export async function runEvent(stage: Stage, people: People, event: RehearsedEvent): Promise<EventRun> {
  const name = `rehearsal-${event.kind}`;
  const former = await event.prepare(stage, people);
  const intent = await writeIntent(stage, event);
  const planned = await stage.coordinator('ceremony', 'plan', intent, '--event', name, '--rehearsal');
  const roles = (planned.json as unknown as { payloads: readonly { role: string }[] }).payloads.map(({ role }) => role);
  await stage.coordinator('ceremony', 'freeze', name);
  if (event.way === 'amended') await amend(stage, name);
  const packet = stage.path(`${name}.packet.json`);
  await stage.coordinator('ceremony', 'packet', 'export', name, '--to', packet, '--qr', stage.path('codes', name));
  const signers = [...former, ...people.quorum(roles)];
  for (const [index, key] of signersOf(signers).entries())
    await sign(stage, { name, packet, key, way: index === 0 ? event.way : undefined });
  await stage.coordinator('ceremony', 'status');
  await stage.coordinator('ceremony', 'assemble', name);
  const published = (await stage.coordinator('ceremony', 'publish', name, '--to', stage.published))
    .json as unknown as EventRun;
  await stage.coordinator('ceremony', 'transcript', 'verify', name, '--head', published.transcriptHead);
  await stage.coordinator('ceremony', 'transcript', 'render', name);
  return { event: name, kind: event.kind, versions: published.versions, transcriptHead: published.transcriptHead };
}

function signersOf(keys: readonly PersonsKey[]): readonly PersonsKey[] {
  return [...new Map(keys.map((key) => [key.options.join(' '), key])).values()];
}

/** Somebody notices something after the freeze: the first signature is there, and dies. */
async function amend(stage: Stage, name: string): Promise<void> {
  await stage.coordinator('ceremony', 'amend', name, '--plan-anew');
  await stage.coordinator('ceremony', 'freeze', name);
}

interface Signing {
  readonly name: string;
  readonly packet: string;
  readonly key: PersonsKey;
  readonly way: RehearsedEvent['way'];
}

async function sign(stage: Stage, { name, packet, key, way }: Signing): Promise<void> {
  const to = stage.path(
    'signatures',
    name,
    key.options
      .join(' ')
      .replaceAll(/[^a-z0-9-]/g, '_')
      .slice(-60),
  );
  await stage.holder(
    key.owner,
    'ceremony',
    'packet',
    'import',
    packet,
    '--into',
    stage.path('looked-at', to.split('/').at(-1) ?? '', name),
  );
  await stage.holder(key.owner, 'ceremony', 'review', '--packet', packet, ...stage.introduce(key.owner));
  const outcome =
    way === 'detached' ? await signElsewhere(stage, { packet, key, to }) : await signHere(stage, { packet, key, to });
  const { signatures } = outcome.json as unknown as { signatures: readonly { path: string; qr: string }[] };
  for (const { path, qr } of signatures) {
    if (way === 'qr') {
      stage.scanned = qr;
      await stage.coordinator('ceremony', 'add-signature', name, '--qr');
    } else await stage.coordinator('ceremony', 'add-signature', name, path);
  }
}

interface OneSignature {
  readonly packet: string;
  readonly key: PersonsKey;
  readonly to: string;
}

async function signHere(stage: Stage, { packet, key, to }: OneSignature): Promise<Outcome> {
  return await stage.holder(key.owner, 'ceremony', 'sign', '--packet', packet, ...key.options, '--to', to, '--qr');
}

/** The machine without Node: all that it gets is a file, and all that it gives back is a signature. */
async function signElsewhere(stage: Stage, { packet, key, to }: OneSignature): Promise<Outcome> {
  const words = ['ceremony', 'sign', '--packet', packet, '--signer', 'detached', '--holder', key.owner, '--to', to];
  const { files } = (await stage.holder(key.owner, ...words)).json as unknown as {
    files: readonly { canonical: string; signature: string }[];
  };
  const [, uri = '', , modulePath] = key.options;
  const signer = await openSigner(
    uri,
    {
      passphrase: async (path) => stage.holderKeys.secretFor(`passphrase of ${path}`) ?? '',
      pin: async (token) => stage.holderKeys.secretFor(`token ${JSON.stringify(token.label)}`) ?? '',
    },
    modulePath === undefined ? {} : { modulePath },
  );
  for (const { canonical, signature } of files)
    await writeFile(signature, await signer.sign(await readFile(canonical)));
  signer.close();
  return await stage.holder(key.owner, ...words, '--done');
}

export async function pinFirstRoot(stage: Stage): Promise<string> {
  const path = stage.path('1.root.json');
  await writeFile(path, await readFile(join(stage.published, '1.root.json')));
  return path;
}
