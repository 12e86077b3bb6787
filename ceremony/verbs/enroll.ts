import { resolve } from 'node:path';
import type { Command, Invocation, Outcome } from '../../src/cli/command.ts';
import { readRootPolicy } from '../../src/config/root-policy.ts';
import { parseUtf8 } from '../../src/core/bytes.ts';
import { createFile, readFileCapped } from '../../src/core/files.ts';
import type { OpenedSigner } from '../../src/keys/open-signer.ts';
import { attestationPolicyOf } from '../attestation-policy.ts';
import { acceptEnrolment } from '../holders/accept.ts';
import { type AttestationCertificates, formatEnrolment, type KeyDevice } from '../holders/enrolment.ts';
import { parseInvitation, type Invitation as SentInvitation } from '../holders/invitation.ts';
import { assertProof, enrol } from '../holders/proof.ts';
import { readIdentity } from '../root-signing/identity.ts';
import { recordOnlineKey } from '../root-signing/online-key.ts';
import { keyOptions, openKey } from './open-key.ts';
import { dirOption, layoutOf, requiredOption, usage } from './settings.ts';

export const ceremonyEnrollCommand: Command = {
  words: ['ceremony', 'enroll'],
  summary: 'prove that a holder has a key, or accept such a proof; or name the online key',
  details: [
    'Holder: --invitation FILE --signer URI --to FILE. The key signs a text of its own kind, never TUF metadata.',
    'Coordinator: --accept FILE takes the answer into keyholders/. Online key: --online --signer URI.',
  ].join('\n'),
  options: {
    ...dirOption,
    ...keyOptions,
    invitation: { type: 'string', value: 'FILE', help: 'holder: what the coordinator sent' },
    to: { type: 'string', value: 'FILE', help: 'holder: where to write the enrolment' },
    'key-cert': {
      type: 'string',
      value: 'FILE',
      help: 'holder: attestation of the key (ykman piv keys attest 9c FILE)',
    },
    'device-cert': {
      type: 'string',
      value: 'FILE',
      help: 'holder: certificate of the device (ykman piv certificates export f9 FILE)',
    },
    check: { type: 'boolean', help: 'holder: prove possession, and write nothing: the rehearsal for a real token' },
    accept: { type: 'string', value: 'FILE', help: 'coordinator: the enrolment that a holder sent' },
    online: { type: 'boolean', help: 'coordinator: the key of snapshot and timestamp' },
  },
  examples: [
    {
      command:
        "sigstead ceremony enroll --invitation invitation.json --signer 'pkcs11:token=alice;object=root' --module /usr/lib/libykcs11.so --to alice.enrolment.json",
      explains: 'on the machine with the token',
    },
    { command: 'sigstead ceremony enroll --accept alice.enrolment.json', explains: 'on the coordinator’s machine' },
    {
      command: 'sigstead ceremony enroll --online --signer awskms:///alias/tuf-online',
      explains: 'the key that signs without people',
    },
  ],
  exitNotes: ['4    also: the proof or the attestation is false'],
  run: enroll,
};

async function enroll(invocation: Invocation): Promise<Outcome> {
  const { options } = invocation;
  const accept = options.text('accept');
  const ways = [accept !== undefined, options.flag('online'), options.text('invitation') !== undefined];
  if (ways.filter(Boolean).length !== 1) throw usage('expected one of --invitation, --accept and --online');
  if (accept !== undefined) return await acceptOne(invocation, resolve(accept));
  const uri = requiredOption(invocation, 'signer');
  // Everything that can be wrong is looked at before a key is opened.
  const asked = options.flag('online') ? undefined : await askedFor(invocation);
  const signer = await openKey(invocation, uri);
  try {
    return asked ? await answer(invocation, signer, asked) : await nameOnline(invocation, signer);
  } finally {
    signer.close();
  }
}

interface Asked {
  readonly invitation: SentInvitation;
  readonly attestation: AttestationCertificates | undefined;
  /** Absent where nothing is to be written. */
  readonly to: string | undefined;
}

async function askedFor(invocation: Invocation): Promise<Asked> {
  const file = requiredOption(invocation, 'invitation');
  const invitation = parseInvitation(await readFileCapped(resolve(file), 65_536), file);
  const to = invocation.options.flag('check') ? undefined : resolve(requiredOption(invocation, 'to'));
  return { invitation, attestation: await attestationOf(invocation), to };
}

async function answer(
  invocation: Invocation,
  signer: OpenedSigner,
  { invitation, attestation, to }: Asked,
): Promise<Outcome> {
  const { clock, talk } = invocation;
  if (signer.uri.startsWith('file:')) talk.warn('a key in a file can be copied: this is for rehearsals');
  const enrolment = await enrol({
    invitation,
    signer,
    device: deviceOf(signer),
    ...(signer.keyAttributes && { keyAttributes: signer.keyAttributes }),
    ...(attestation && { attestation }),
    now: clock.now(),
  });
  assertProof(enrolment);
  const { holder, repository } = invitation;
  const about = { holder: holder.id, repository: { ...repository } };
  if (to === undefined) {
    return {
      json: { ...about, checked: true },
      text: `${signer.uri}: possession proved for ${repository.name}; nothing was written\n`,
    };
  }
  await createFile(to, formatEnrolment(enrolment));
  return {
    json: { ...about, enrolment: to },
    text: `${to}\nsend it back to the coordinator of ${repository.name}; it is no secret\n`,
  };
}

async function acceptOne(invocation: Invocation, file: string): Promise<Outcome> {
  const layout = layoutOf(invocation);
  const policy = attestationPolicyOf(await readRootPolicy(layout.policy));
  const { id: repository } = await readIdentity(layout);
  const bytes = await readFileCapped(file, 65_536);
  const accepted = await acceptEnrolment(layout.directory, bytes, { repository, policy, now: invocation.clock.now() });
  const { holder, keyid } = accepted.enrolled;
  const replaced = accepted.replaced?.keyid ?? null;
  const what =
    replaced === null
      ? 'enrolled'
      : `takes the place of key ${replaced.slice(0, 8)}, which the root lists until an event replaces it`;
  return { json: { holder, keyid, replaced }, text: `${holder}: key ${keyid.slice(0, 8)} ${what}\n` };
}

async function nameOnline(invocation: Invocation, signer: OpenedSigner): Promise<Outcome> {
  const layout = layoutOf(invocation);
  const what = await recordOnlineKey(layout, signer);
  const notes = {
    first: 'is the online key',
    same: 'is the online key already',
    replaces: 'will be the online key: plan an event of kind rotate-online',
  };
  return { json: { uri: signer.uri, change: what }, text: `${signer.uri} ${notes[what]}\n` };
}

/** What a token says of itself; only an attestation proves any of it. */
function deviceOf({ token }: OpenedSigner): KeyDevice {
  if (!token) return { kind: 'file' };
  const { label, manufacturer, model, serial, firmwareVersion: firmware } = token;
  const told = Object.entries({ label, manufacturer, model, serial, firmware }).filter(([, text]) => text !== '');
  return { kind: 'pkcs11', ...Object.fromEntries(told) };
}

async function attestationOf({ options }: Invocation): Promise<AttestationCertificates | undefined> {
  const [key, device] = [options.text('key-cert'), options.text('device-cert')];
  if (key === undefined && device === undefined) return undefined;
  if (key === undefined || device === undefined) throw usage('expected --key-cert and --device-cert together');
  const read = async (file: string) => parseUtf8(await readFileCapped(resolve(file), 16_384), file);
  return { keyCertificate: await read(key), deviceCertificate: await read(device) };
}
