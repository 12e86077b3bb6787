import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { equalBytes } from '../../src/core/bytes.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { createFile, makeDirectory, pathExists, readFileIfPresent, replaceFile } from '../../src/core/files.ts';
import { physicalKeyOf } from '../../src/tuf/key.ts';
import { maxDocumentBytes } from './document.ts';
import { type Enrolment, formatEnrolment, parseEnrolment } from './enrolment.ts';
import { formatInvitation, type Invitation, type KeyScope, parseInvitation } from './invitation.ts';
import {
  type DirectoryOptions,
  type HolderKeys,
  keyCopies,
  keyPaths,
  listHolders,
  readHolderKeys,
} from './key-directory.ts';
import { otherKeyOf, type VerifiedEnrolment, verifyEnrolment } from './verify-enrolment.ts';

/**
 * Keeps an invitation until it is answered, and returns the path of the file to send.
 * @throws CER_INVITATION_OPEN if an earlier one can still be answered: a second would make either a surprise
 */
export async function writeInvitation(rootSigningDir: string, invitation: Invitation): Promise<string> {
  const { holder, keys, created } = invitation;
  const paths = keyPaths(rootSigningDir, holder.id, keys);
  const open = await readOpenInvitation(rootSigningDir, holder.id, keys);
  if (open && open.nonce !== invitation.nonce && created < open.expires) throw stillOpen(paths.invitation, open);
  await makeDirectory(paths.directory);
  await replaceFile(paths.invitation, formatInvitation(invitation));
  return paths.invitation;
}

/** Reads the invitation of a holder that was not answered yet. */
export async function readOpenInvitation(
  rootSigningDir: string,
  holder: string,
  keys: KeyScope,
): Promise<Invitation | undefined> {
  const path = keyPaths(rootSigningDir, holder, keys).invitation;
  const bytes = await readFileIfPresent(path, maxDocumentBytes);
  return bytes && parseInvitation(bytes, path);
}

export interface AcceptedEnrolment {
  readonly enrolled: VerifiedEnrolment;
  /** The key that it takes the place of; metadata lists that one until a ceremony replaces it. */
  readonly replaced: VerifiedEnrolment | undefined;
}

/**
 * Takes the answer to an open invitation into `keyholders/`, and puts the enrolment of the key that it replaces away.
 *
 * Repeating it after a crash completes it. The invitation is gone afterwards: it is answered once.
 * @throws CER_INVITATION_MISSING, CER_INVITATION_USED, CER_KEY_FORMER
 * @throws as `parseEnrolment`, `verifyEnrolment` and `readHolderKeys`
 */
export async function acceptEnrolment(
  rootSigningDir: string,
  bytes: Uint8Array,
  options: DirectoryOptions & { readonly now: Date },
): Promise<AcceptedEnrolment> {
  const enrolment = parseEnrolment(bytes);
  const { holder, keys } = enrolment.invitation;
  const invitation = await readOpenInvitation(rootSigningDir, holder.id, keys);
  if (!invitation) throw noInvitation(holder.id, keyPaths(rootSigningDir, holder.id, keys).invitation);
  const holders = await readHolderKeys(rootSigningDir, options);
  const current = keyOf(holders.get(holder.id), keys);
  const others = [...holders.values()].flatMap(({ main, targets }) => [main, targets].flatMap(keysOf));
  const enrolled = verifyEnrolment({ ...options, enrolment, invitation, others });
  assertUnused(invitation, current, bytes);
  await assertNeverReplaced(rootSigningDir, enrolled);
  const replaced = current && !isSameKey(current.enrolment, enrolment) ? current : undefined;
  await keep(rootSigningDir, enrolment, replaced);
  return { enrolled, replaced };
}

/** In this order a crash leaves the old key or the new one, never copies of the other, and an invitation to go on with. */
async function keep(rootSigningDir: string, enrolment: Enrolment, replaced: VerifiedEnrolment | undefined) {
  const { holder, keys } = enrolment.invitation;
  const paths = keyPaths(rootSigningDir, holder.id, keys);
  if (replaced) {
    await makeDirectory(paths.formerDirectory);
    await createFile(formerPath(rootSigningDir, holder.id, replaced.keyid), formatEnrolment(replaced.enrolment));
    for (const path of keyCopies(rootSigningDir, replaced.enrolment).keys()) await rm(path, { force: true });
  }
  await replaceFile(paths.key, formatEnrolment(enrolment));
  for (const [path, content] of keyCopies(rootSigningDir, enrolment)) {
    await makeDirectory(dirname(path));
    await replaceFile(path, content);
  }
  await rm(paths.invitation, { force: true });
}

function formerPath(rootSigningDir: string, holder: string, keyid: string): string {
  return join(keyPaths(rootSigningDir, holder, 'all').formerDirectory, `${keyid.slice(0, 8)}.json`);
}

function keyOf(holder: HolderKeys | undefined, keys: KeyScope): VerifiedEnrolment | undefined {
  return keys === 'all' ? holder?.main : holder?.targets;
}

function keysOf(key: VerifiedEnrolment | undefined) {
  return key ? [otherKeyOf(key)] : [];
}

function isSameKey(a: Enrolment, b: Enrolment): boolean {
  return physicalKeyOf(a.publicKey) === physicalKeyOf(b.publicKey);
}

/** An invitation can come back, by a merge or a restored backup, and must not be answered with a second key. */
function assertUnused(invitation: Invitation, current: VerifiedEnrolment | undefined, bytes: Uint8Array): void {
  if (current?.enrolment.invitation.nonce !== invitation.nonce) return;
  if (equalBytes(Buffer.from(formatEnrolment(current.enrolment)), bytes)) return;
  throw new ToolkitError('CER_INVITATION_USED', {
    message: `invitation of ${invitation.holder.id}: expected one that was not answered, got the one of the key in place`,
    fault: 'evidence',
    data: { holder: invitation.holder.id, nonce: invitation.nonce },
    hint: 'two different answers came to one invitation: ask the holder, by another channel, which key is theirs',
  });
}

async function assertNeverReplaced(rootSigningDir: string, { keyid, holder }: VerifiedEnrolment): Promise<void> {
  for (const owner of await listHolders(rootSigningDir)) {
    const path = formerPath(rootSigningDir, owner, keyid);
    if (await pathExists(path)) throw former(holder, path);
  }
}

function former(holder: string, path: string): ToolkitError {
  return new ToolkitError('CER_KEY_FORMER', {
    message: `enrolment of ${holder}: expected a key that was never replaced, got the one of ${path}`,
    fault: 'input',
    data: { holder, path },
    hint: 'make a new key; if nothing that replaced it was ever published, take back the commit that did',
  });
}

function noInvitation(holder: string, path: string): ToolkitError {
  return new ToolkitError('CER_INVITATION_MISSING', {
    message: `${path}: expected the invitation that ${holder} answers, found none`,
    fault: 'input',
    data: { holder, path },
    hint: `a key is enrolled, or replaced, by invitation only: sigstead ceremony invite ${holder}`,
  });
}

function stillOpen(path: string, { holder, expires }: Invitation): ToolkitError {
  return new ToolkitError('CER_INVITATION_OPEN', {
    message: `${path}: expected no open invitation of ${holder.id}, found one until ${expires.toISOString()}`,
    fault: 'input',
    data: { holder: holder.id, path, expires: expires.toISOString() },
    hint: 'send that one again, it is no secret; or delete it to call it off, and then invite anew',
  });
}
