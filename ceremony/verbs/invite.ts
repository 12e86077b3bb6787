import type { Command, Invocation, Outcome } from '../../src/cli/command.ts';
import { readRootPolicy } from '../../src/config/root-policy.ts';
import { formatInstant } from '../../src/core/clock.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { writeInvitation } from '../holders/accept.ts';
import { type KeyScope, makeInvitation } from '../holders/invitation.ts';
import { readIdentity } from '../root-signing/identity.ts';
import { dirOption, layoutOf, usage } from './settings.ts';

export const ceremonyInviteCommand: Command = {
  words: ['ceremony', 'invite'],
  summary: 'ask a holder to enroll a key: the first one, or another in its place',
  details:
    'The invitation is no secret. The holder answers it with `ceremony enroll`, on the machine that has the key.',
  positionals: ['HOLDER'],
  options: {
    ...dirOption,
    keys: { type: 'string', value: 'all|targets', help: 'what the key will sign (default: all that the holder signs)' },
    days: { type: 'string', value: 'N', help: 'how long it can be answered, 1 to 90 days (default: 14)' },
  },
  examples: [
    { command: 'sigstead ceremony invite alice', explains: 'writes root-signing/keyholders/alice/invitation.json' },
    { command: 'sigstead ceremony invite alice --keys targets', explains: 'a second key, for targets alone' },
  ],
  run: invite,
};

async function invite(invocation: Invocation): Promise<Outcome> {
  const layout = layoutOf(invocation);
  const [id = ''] = invocation.positionals;
  const policy = await readRootPolicy(layout.policy);
  const holder = policy.holders.find((each) => each.id === id);
  if (!holder)
    throw noHolder(
      id,
      layout.policy,
      policy.holders.map((each) => each.id),
    );
  const repository = await readIdentity(layout);
  const now = invocation.clock.now();
  const keys = scopeOf(invocation);
  const invitation = makeInvitation({
    repository,
    holder,
    keys,
    now,
    validDays: Number(invocation.options.text('days') ?? 14),
  });
  const path = await writeInvitation(layout.directory, invitation);
  return {
    json: { invitation: path, holder: id, expires: formatInstant(invitation.expires) },
    text: `${path}\nsend it to ${holder.name}, who answers it by ${formatInstant(invitation.expires)}:\n  sigstead ceremony enroll --invitation FILE --signer URI --to ${id}.enrolment.json\n`,
  };
}

function scopeOf({ options }: Invocation): KeyScope {
  const keys = options.text('keys') ?? 'all';
  if (keys === 'all' || keys === 'targets') return keys;
  throw usage(`--keys: expected all or targets, got ${keys}`);
}

function noHolder(id: string, file: string, known: readonly string[]): ToolkitError {
  return new ToolkitError('CER_HOLDER_UNKNOWN', {
    message: `${file}: expected a holder ${JSON.stringify(id.slice(0, 40))}, got ${known.join(', ')}`,
    fault: 'input',
    data: { holder: id, known },
    hint: 'add the holder to policy.yaml first; that change is reviewed like any other',
  });
}
