import { resolve } from 'node:path';
import type { Command, Invocation, Outcome } from '../../src/cli/command.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { formatInstant } from '../../src/core/clock.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { readSecretFile } from '../../src/core/files.ts';
import { parsePkcs11Uri } from '../../src/core/pkcs11-uri.ts';
import { importPrivateKey } from '../../src/keys/pkcs11/import-key.ts';
import { Pkcs11Module } from '../../src/keys/pkcs11/module.ts';
import { describeToken, selectToken, type TokenState } from '../../src/keys/pkcs11/tokens.ts';
import { splitSecret } from '../../src/keys/shares.ts';
import { type Authority, sharesInUse } from '../ca/authority.ts';
import { openEncryptedKey, recordProof, verifyBackup, withSecret } from '../ca/backup.ts';
import { type CaRoom, openCaRoom } from '../ca/plan-event.ts';
import { recordShares, writeSheets } from '../ca/sheets.ts';
import { askShares, assertSharesOpen, openWithSecret } from './ca-key.ts';
import { caKeyOptions } from './ca-run.ts';
import { assertOffline, networkOption } from './offline.ts';
import { dirOption, layoutOf, requiredOption, usage } from './settings.ts';

const options = { ...dirOption, ...networkOption, ...caKeyOptions };
const exitNotes = ['4    also: a sheet was made up, or the backup opens another key'];

export const ceremonyCaBackupVerifyCommand: Command = {
  words: ['ceremony', 'ca-backup', 'verify'],
  summary: 'prove that the shares of an offline authority open its key, without showing or writing either',
  details: [
    'Asks for as many sheets as are needed, one by one. The key signs a text that is good for nothing else, and the proof',
    'is written down with its date and those who took part.',
  ].join('\n'),
  positionals: ['AUTHORITY'],
  options,
  examples: [
    {
      command: 'sigstead ceremony ca-backup verify fulcio-root --signer file:/mnt/usb/fulcio-root.pem',
      explains: 'custody shares: the copy of the encrypted key that is to be proved',
    },
    {
      command: 'sigstead ceremony ca-backup verify fulcio-root --module /usr/lib/pkcs11.so',
      explains: 'custody token: the PIN that the shares restore logs in',
    },
  ],
  exitNotes,
  run: verify,
};

export const ceremonyCaBackupSplitCommand: Command = {
  words: ['ceremony', 'ca-backup', 'split'],
  summary: 'make new sheets for an offline authority, from the sheets in use',
  details:
    'For when a holder leaves, or a sheet is lost. The old sheets still restore the secret: collect and destroy them.',
  positionals: ['AUTHORITY'],
  options: {
    ...dirOption,
    ...networkOption,
    sheets: { type: 'string', value: 'DIR', help: 'where to write the new sheets to print' },
    threshold: { type: 'string', value: 'K', help: 'so many are needed (default: as before)' },
    holder: { type: 'string', value: 'ID', multiple: true, help: 'who gets a share (default: as before)' },
  },
  examples: [
    {
      command:
        'sigstead ceremony ca-backup split fulcio-root --sheets /mnt/ram --holder alice --holder bob --holder frank',
      explains: 'frank instead of carol',
    },
  ],
  exitNotes,
  run: split,
};

export const ceremonyCaBackupRestoreCommand: Command = {
  words: ['ceremony', 'ca-backup', 'restore'],
  summary: 'bring the encrypted key of an offline authority into a token (custody shares)',
  positionals: ['AUTHORITY'],
  options: {
    ...options,
    key: { type: 'string', value: 'FILE', help: 'the encrypted key' },
  },
  examples: [
    {
      command:
        "sigstead ceremony ca-backup restore fulcio-root --key /mnt/usb/fulcio-root.pem --signer 'pkcs11:token=root-b;object=fulcio-root' --module /usr/lib/pkcs11.so",
      explains: 'asks for the sheets, then for the PIN of the token',
    },
  ],
  exitNotes,
  run: restore,
};

async function verify(invocation: Invocation): Promise<Outcome> {
  const { room, authority } = await authorityFor(invocation);
  const uri = invocation.options.text('signer') ?? authority.document.keyUri ?? requiredOption(invocation, 'signer');
  assertSharesOpen(authority, uri);
  const shares = await askShares(invocation, authority);
  const proof = await verifyBackup({
    authority,
    repository: room.identity.id,
    shares,
    open: async (secret) => await openWithSecret(invocation, authority, { uri, secret }),
    now: invocation.clock.now(),
  });
  const path = await recordProof(authority, proof);
  return {
    json: { ca: authority.name, at: formatInstant(proof.at), by: [...proof.by], proof: path },
    text: `${authority.name}: the shares of ${proof.by.join(', ')} open its key\n${path}\n`,
  };
}

async function split(invocation: Invocation): Promise<Outcome> {
  const { room, authority } = await authorityFor(invocation);
  const before = sharesInUse(authority);
  const directory = resolve(requiredOption(invocation, 'sheets'));
  const named = invocation.options.texts('holder');
  const holders = named.length > 0 ? named : before.shares.map(({ holder }) => holder);
  const threshold = thresholdOf(invocation, before.threshold);
  const shares = await askShares(invocation, authority);
  const made = await withSecret(authority, shares, async (secret) => {
    return await splitSecret({ subject: authority.name, threshold, holders, secret: utf8(secret) });
  });
  const { certificateSha256 } = authority.document;
  const sheets = await writeSheets(directory, { repository: room.identity, ...made, certificateSha256 });
  const record = await recordShares(authority.layout, made.set);
  return {
    json: { ca: authority.name, set: made.set.id, threshold, holders: [...holders], record, sheets: [...sheets] },
    text: [
      record,
      '',
      'SECRET, print and then destroy the medium:',
      ...sheets,
      '',
      `destroy the sheets of set ${before.id}`,
      '',
    ].join('\n'),
  };
}

async function restore(invocation: Invocation): Promise<Outcome> {
  const { authority } = await authorityFor(invocation);
  if (authority.document.custody !== 'shares')
    throw usage(`expected custody shares: the key of ${authority.name} never leaves its token`);
  const file = resolve(requiredOption(invocation, 'key'));
  const pem = await readSecretFile(file);
  const { object: label, modulePath, ...token } = parsePkcs11Uri(requiredOption(invocation, 'signer'));
  if (label === undefined) throw usage('expected object= in --signer: the label of the key in the token');
  const module = await Pkcs11Module.open(modulePath ?? resolve(requiredOption(invocation, 'module')));
  try {
    const shares = await askShares(invocation, authority);
    const { privateKey } = await withSecret(authority, shares, async (passphrase) => {
      return await openEncryptedKey(authority, { pem, what: file, passphrase });
    });
    const pin = async (state: TokenState) => await invocation.ask.secret(`PIN of ${describeToken(state)}`);
    const { uri } = await importPrivateKey({
      module,
      token: selectToken(module.listTokens(), token),
      label,
      privateKey,
      pin,
    });
    return { json: { ca: authority.name, uri }, text: `${uri}\nthe token has the key of ${authority.name}\n` };
  } finally {
    module.close();
  }
}

async function authorityFor(invocation: Invocation): Promise<{ readonly room: CaRoom; readonly authority: Authority }> {
  assertOffline(invocation);
  const room = await openCaRoom(layoutOf(invocation));
  const [name = ''] = invocation.positionals;
  const authority = room.authorities.get(name);
  if (authority) return { room, authority };
  throw new ToolkitError('CER_NO_CA', {
    message: `expected an authority of cas/, got ${JSON.stringify(name.slice(0, 80))}`,
    fault: 'input',
    data: { name, authorities: [...room.authorities.keys()] },
    hint: `there are: ${[...room.authorities.keys()].join(', ') || 'none'}`,
  });
}

function thresholdOf({ options: given }: Invocation, before: number): number {
  const text = given.text('threshold');
  if (text === undefined) return before;
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw usage('expected --threshold to be a number');
}
