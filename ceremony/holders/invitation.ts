import { randomBytes } from 'node:crypto';
import { toHex, utf8 } from '../../src/core/bytes.ts';
import { addMs, dayMs, floorToSecond, formatInstant } from '../../src/core/clock.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { type Format, formatDocument } from '../../src/core/formatted.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { instant, object, oneOf } from '../../src/core/shape.ts';
import { repositoryId } from '../root-signing/identity.ts';
import { editedHint, holderId, line, maxDocumentBytes, nonce, parseAsWritten } from './document.ts';

/** What a key that is enrolled may sign: all that its holder signs, or targets alone. */
export type KeyScope = 'all' | 'targets';

/** Asks one person to enrol one key in one repository. It is no secret, and is answered once. */
export interface Invitation {
  /** The id keeps organisations apart, and a rehearsal from the real one. */
  readonly repository: { readonly id: string; readonly name: string };
  readonly holder: { readonly id: string; readonly name: string };
  readonly keys: KeyScope;
  /** Says which invitation a proof of possession answers. */
  readonly nonce: string;
  readonly created: Date;
  readonly expires: Date;
}

/** The fields of an invitation, in order; an enrolment repeats them. */
export const invitationShape = object({
  repository: object({ id: repositoryId, name: line }),
  holder: object({ id: holderId, name: line }),
  keys: oneOf('all', 'targets'),
  nonce,
  created: instant,
  expires: instant,
});

const invitationFormat: Format<Invitation> = {
  name: 'sigstead-invitation/v1',
  read: invitationShape,
  maxBytes: maxDocumentBytes,
  code: 'CER_INVITATION',
  hint: editedHint,
};

const maxValidDays = 90;

/**
 * Makes an invitation with a nonce that nobody has seen.
 * @throws CER_INVITATION_PERIOD, CER_INVITATION
 */
export function makeInvitation(
  options: Pick<Invitation, 'repository' | 'holder' | 'keys'> & { readonly now: Date; readonly validDays: number },
): Invitation {
  const { repository, holder, keys, now, validDays } = options;
  if (!Number.isInteger(validDays) || validDays < 1 || validDays > maxValidDays) throw badPeriod(validDays);
  const created = floorToSecond(now);
  const expires = addMs(created, validDays * dayMs);
  const invitation = { repository, holder, keys, nonce: toHex(randomBytes(32)), created, expires };
  return parseInvitation(utf8(formatInvitation(invitation)));
}

/**
 * Parses an invitation, strictly. That it was sent by the coordinator is for its reader to know.
 * @throws CER_INVITATION, CORE_TOO_LARGE, CORE_JSON
 */
export function parseInvitation(bytes: Uint8Array, what = 'invitation'): Invitation {
  return parseAsWritten(bytes, invitationFormat, { write: formatInvitation, what });
}

export function formatInvitation(invitation: Invitation): string {
  return formatDocument(invitationFormat, invitationFields(invitation));
}

export function invitationFields(invitation: Invitation): JsonObject {
  const { repository, holder, keys, nonce, created, expires } = invitation;
  return {
    repository: { id: repository.id, name: repository.name },
    holder: { id: holder.id, name: holder.name },
    keys,
    nonce,
    created: formatInstant(created),
    expires: formatInstant(expires),
  };
}

function badPeriod(validDays: number): ToolkitError {
  return new ToolkitError('CER_INVITATION_PERIOD', {
    message: `invitation: expected to be valid for 1 to ${maxValidDays} days, got ${validDays}`,
    fault: 'input',
    data: { validDays, maxValidDays },
    hint: 'give the holder some days to find their token; invite them again where that was too few',
  });
}
