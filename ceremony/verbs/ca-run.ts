import { resolve } from 'node:path';
import type { Command, Invocation, Outcome } from '../../src/cli/command.ts';
import { createFile } from '../../src/core/files.ts';
import { type Format, formatDocument } from '../../src/core/formatted.ts';
import { parsePkcs11Uri } from '../../src/core/pkcs11-uri.ts';
import { printableLines } from '../../src/core/printable.ts';
import { Pkcs11Module } from '../../src/keys/pkcs11/module.ts';
import { describeToken, selectToken, type TokenState } from '../../src/keys/pkcs11/tokens.ts';
import { proofCommand } from '../ca/backup.ts';
import { openCaEvent } from '../ca/event.ts';
import { bornInMemory, bornInToken, completeGenesis, type NewRootKey } from '../ca/genesis.ts';
import { openCaRoom } from '../ca/plan-event.ts';
import { issueReady, type ReadyCaEvent, readyCaEvent, retireReady } from '../ca/run.ts';
import { askCaConsent, renderCaEvent } from '../ca/screen.ts';
import { openCaKey } from './ca-key.ts';
import { assertOffline, networkOption } from './offline.ts';
import { recordAct } from './record.ts';
import { actorOption, dirOption, layoutOf, requiredOption, usage } from './settings.ts';

export const caKeyOptions = {
  signer: {
    type: 'string',
    value: 'URI',
    help: 'the key of the authority: pkcs11:token=…;object=… or file:/… (default: as its genesis recorded)',
  },
  module: { type: 'string', value: 'FILE', help: 'the PKCS#11 module that drives the token' },
} as const;

export const ceremonyCaRunCommand: Command = {
  words: ['ceremony', 'ca', 'run'],
  summary: 'run an authorised event of an offline authority: its key signs what was planned, and nothing else',
  details: [
    'Before the key is opened, everybody must have authorised, and a throw-away key must have signed the same bytes in a',
    'certificate that passes every rule. Genesis makes the key, and writes one sheet for each holder of a share: print',
    'them, and destroy the medium that they are on.',
  ].join('\n'),
  positionals: ['EVENT'],
  options: {
    ...dirOption,
    ...actorOption,
    ...networkOption,
    ...caKeyOptions,
    sheets: { type: 'string', value: 'DIR', help: 'genesis: where to write the sheets to print' },
    'key-to': { type: 'string', value: 'FILE', help: 'genesis with custody shares: where to write the encrypted key' },
  },
  examples: [
    {
      command:
        "sigstead ceremony ca run 2026-11-02-fulcio-root --signer 'pkcs11:token=root-a;object=fulcio-root' --module /usr/lib/pkcs11.so --sheets /mnt/ram",
      explains: 'genesis in a token',
    },
    {
      command: 'sigstead ceremony ca run 2026-11-02-fulcio-root --key-to /mnt/usb/fulcio-root.pem --sheets /mnt/ram',
      explains: 'genesis with custody shares',
    },
    {
      command: 'sigstead ceremony ca run 2026-12-01-issue --signer file:/mnt/usb/fulcio-root.pem',
      explains: 'asks for the shares of its holders, one sheet after the other',
    },
  ],
  exitNotes: [
    '4    also: plan, authorisation or bytes were changed: nothing was signed',
    '6    you did not type what was asked: nothing was signed',
  ],
  run,
};

const resultFormat: Pick<Format<unknown>, 'name'> = { name: 'sigstead-ca-result/v1' };

interface Done {
  readonly written: readonly string[];
  /** Not part of the record: secrets. */
  readonly sheets?: readonly string[];
  readonly certificateSha256?: string;
}

async function run(invocation: Invocation): Promise<Outcome> {
  const layout = layoutOf(invocation);
  const room = await openCaRoom(layout);
  const event = await openCaEvent(layout, invocation.positionals[0] ?? '');
  assertOffline(invocation);
  const ready = await readyCaEvent(event, room, invocation.clock.now());
  invocation.talk.say(printableLines(renderCaEvent(event)));
  await askCaConsent(event, 'RUN', invocation.ask);
  const done = await runReady(invocation, ready);
  const { plan, planSha256 } = event;
  const sha256 = done.certificateSha256;
  const about = {
    event: plan.event,
    ca: plan.ca,
    kind: plan.kind,
    ...(sha256 !== undefined && { certificateSha256: sha256 }),
  };
  await createFile(event.layout.result, formatDocument(resultFormat, { ...about, planSha256 }));
  await recordAct(invocation, event.layout, {
    verb: 'ca run',
    inputs: [event.layout.planDigest],
    outputs: [...done.written, event.layout.result],
    decision: `RUN ${plan.kind} ${plan.ca}`,
  });
  const sheets = done.sheets ?? [];
  return {
    json: { ...about, written: [...done.written], sheets: [...sheets] },
    text: [
      ...done.written,
      ...(sheets.length > 0 ? ['', 'SECRET, print and then destroy the medium:', ...sheets] : []),
      ...(plan.authority ? ['', `next: ${proofCommand(plan.ca, plan.authority.custody)}`] : []),
      '',
    ].join('\n'),
  };
}

async function runReady(invocation: Invocation, ready: ReadyCaEvent): Promise<Done> {
  const { kind } = ready.event.plan;
  if (kind === 'ca-genesis') return await genesis(invocation, ready);
  if (kind === 'ca-retire') return { written: [await retireReady(ready)] };
  const { issuer } = ready;
  if (!issuer) throw usage('expected an authority');
  const uri = invocation.options.text('signer') ?? issuer.document.keyUri ?? requiredOption(invocation, 'signer');
  const signer = await openCaKey(invocation, issuer, uri);
  try {
    const { path, sha256 } = await issueReady(ready, signer);
    return { written: [path], certificateSha256: sha256 };
  } finally {
    signer.close();
  }
}

async function genesis(invocation: Invocation, ready: ReadyCaEvent): Promise<Done> {
  const { authority, certificate } = ready.event.plan;
  const sheets = resolve(requiredOption(invocation, 'sheets'));
  const inToken = authority?.custody === 'token';
  const keyFile = inToken ? undefined : resolve(requiredOption(invocation, 'key-to'));
  const algorithm = certificate?.algorithm ?? 'ecdsa-p384-sha384';
  const finish = async (key: NewRootKey) => {
    try {
      return await completeGenesis(ready, key, { sheets, keyFile });
    } finally {
      key.secret.fill(0);
      key.close();
    }
  };
  if (!inToken) return await finish(await bornInMemory(algorithm));
  const { object: label, modulePath, ...token } = parsePkcs11Uri(requiredOption(invocation, 'signer'));
  if (label === undefined) throw usage('expected object= in --signer: the label of the new key');
  const module = await Pkcs11Module.open(modulePath ?? resolve(requiredOption(invocation, 'module')));
  try {
    const pin = async (state: TokenState) => await invocation.ask.secret(`PIN of ${describeToken(state)}`);
    const options = { module, token: selectToken(module.listTokens(), token), label, algorithm, pin };
    return await finish(await bornInToken(options));
  } finally {
    module.close();
  }
}
