import { join, resolve } from 'node:path';
import type { Command, Invocation, Outcome } from '../../src/cli/command.ts';
import { qrSvg } from '../../src/cli/qr.ts';
import { parseHex, toHex } from '../../src/core/bytes.ts';
import { sha256, sha256Hex } from '../../src/core/digest.ts';
import { createFile, makeDirectory, readFileCapped, replaceFile } from '../../src/core/files.ts';
import { wordLines } from '../../src/core/words.ts';
import { isPlainName } from '../../src/tuf/layout.ts';
import { payloadQr, readPayloadQr } from '../air-gap/qr-text.ts';
import { assertFrozen, openEvent, packetOf, payloadFiles } from '../event/event.ts';
import { parsePlan, planDigest } from '../event/plan-document.ts';
import { formatPacket, maxPacketBytes, parsePacket } from '../packet/packet.ts';
import { openRootSigning } from '../root-signing/open.ts';
import { reviewHere } from './plan.ts';
import { recordAct } from './record.ts';
import { actorOption, dirOption, eventOf, layoutOf, requiredOption, toolOf, usage } from './settings.ts';

export const ceremonyPacketExportCommand: Command = {
  words: ['ceremony', 'packet', 'export'],
  summary: 'write everything that a holder needs to judge and sign an event into one file',
  positionals: ['EVENT'],
  options: {
    ...dirOption,
    ...actorOption,
    to: { type: 'string', value: 'FILE', help: 'where to write it (required)' },
    qr: {
      type: 'string',
      value: 'DIR',
      help: 'also write a QR code (SVG) of each payload, with the plan’s digest, there',
    },
  },
  examples: [
    {
      command: 'sigstead ceremony packet export 2026-11-02-replace-alice --to replace-alice.packet.json',
      explains: 'for a USB stick',
    },
  ],
  run: exportPacket,
};

export const ceremonyPacketImportCommand: Command = {
  words: ['ceremony', 'packet', 'import'],
  summary: 'take a packet apart into plain files, to look at them with other tools',
  details: [
    'Believes nothing of it. To judge it: `ceremony review --packet FILE`. A code alone cannot be judged, it has no more',
    'than the bytes to sign: compare their words with those that `ceremony review` shows elsewhere.',
  ].join('\n'),
  positionals: ['[FILE]'],
  options: {
    into: { type: 'string', value: 'DIR', help: 'where to write the files (required)' },
    qr: { type: 'boolean', help: 'ask for the text of one QR code that `packet export --qr` wrote, instead of a file' },
  },
  examples: [
    {
      command: 'sigstead ceremony packet import replace-alice.packet.json --into look',
      explains: 'then: sha256sum look/root.v2.canonical',
    },
    { command: 'sigstead ceremony packet import --qr --into look', explains: 'on a machine without a USB port' },
  ],
  run: importPacket,
};

async function exportPacket(invocation: Invocation): Promise<Outcome> {
  const rootSigning = await openRootSigning(layoutOf(invocation));
  const event = await openEvent(eventOf(invocation));
  assertFrozen(event);
  // A packet that its own reader would refuse is not handed out.
  reviewHere(event, rootSigning, invocation);
  const to = resolve(requiredOption(invocation, 'to'));
  const bytes = formatPacket(packetOf(event, rootSigning, toolOf(invocation)));
  await createFile(to, bytes);
  const codes = await writeCodes(invocation, event);
  const sha256 = sha256Hex(bytes);
  await recordAct(invocation, event.layout, { verb: 'packet export', step: 'packet', outputs: [to] });
  return {
    json: { packet: to, bytes: bytes.length, sha256, codes: [...codes] },
    text: [
      `${to}  ${bytes.length} bytes  sha256 ${sha256}`,
      ...codes,
      'next, on each holder’s machine: sigstead ceremony review --packet FILE',
      '',
    ].join('\n'),
  };
}

async function writeCodes(
  { options }: Invocation,
  event: Awaited<ReturnType<typeof openEvent>>,
): Promise<readonly string[]> {
  const directory = options.text('qr');
  if (directory === undefined) return [];
  await makeDirectory(resolve(directory));
  const { plan, planDigest: digest, payloads } = event;
  const written = plan.payloads.map(async ({ role, version }, index) => {
    const canonical = payloads[index]?.canonical ?? new Uint8Array();
    const path = join(resolve(directory), `${role}.v${version}.svg`);
    await replaceFile(
      path,
      qrSvg(payloadQr({ event: plan.event, revision: plan.revision, role, version, planDigest: digest, canonical })),
    );
    return path;
  });
  return await Promise.all(written);
}

/** Writes the bytes to sign that a scanner read. */
async function importCode({ ask }: Invocation, into: string): Promise<Outcome> {
  const { canonical, ...payload } = readPayloadQr(await ask.line('text of the QR code'));
  const { event, revision, role, version, planDigest: plan } = payload;
  const path = join(into, `${role}.v${version}.canonical`);
  await makeDirectory(into);
  await createFile(path, canonical);
  const digest = sha256(canonical);
  return {
    json: { event, revision, planSha256: plan, files: [{ path, sha256: toHex(digest) }] },
    text: [
      `${event}, revision ${revision}`,
      `plan    ${plan}`,
      ...wordLines(parseHex(plan)).map((line) => `  ${line}`),
      `${role} v${version}  ${toHex(digest)}  ${path}`,
      ...wordLines(digest).map((line) => `  ${line}`),
      '',
    ].join('\n'),
  };
}

async function importPacket(invocation: Invocation): Promise<Outcome> {
  const into = resolve(requiredOption(invocation, 'into'));
  if (invocation.options.flag('qr')) return await importCode(invocation, into);
  const [file] = invocation.positionals;
  if (file === undefined) throw usage('expected the file of a packet, or --qr');
  const packet = parsePacket(await readFileCapped(resolve(file), maxPacketBytes), file);
  const plan = parsePlan(packet.plan, 'plan.json');
  const files = new Map<string, Uint8Array>([
    ['plan.json', packet.plan],
    ['intent.yaml', packet.intent],
    ['policy.yaml', packet.policy],
    ...plan.payloads.flatMap(({ role, version }, index): [string, Uint8Array][] => {
      const payload = packet.payloads[index];
      return payload ? [[payloadFiles(role, version).canonical, payload.canonical]] : [];
    }),
    // Apart, and under plain names: a packet may call a target whatever it likes.
    ...[...packet.targets].map(
      ([name, bytes], index) =>
        [join('targets', isPlainName(name) ? name.replaceAll('/', '_') : `${index}`), bytes] as const,
    ),
  ]);
  await makeDirectory(join(into, 'targets'));
  const written = [...files].map(async ([name, bytes]) => {
    const path = join(into, name);
    await createFile(path, bytes);
    return { path, sha256: sha256Hex(bytes) };
  });
  const list = await Promise.all(written);
  return {
    json: { event: plan.event, revision: plan.revision, planSha256: planDigest(packet.plan), files: list },
    text: `${list.map(({ path, sha256 }) => `${sha256}  ${path}\n`).join('')}`,
  };
}
