import type { KeyObject } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseHex, toHex } from '../../src/core/bytes.ts';
import { isErrno, ToolkitError } from '../../src/core/error.ts';
import { createFile, makeDirectory, readFileCapped } from '../../src/core/files.ts';
import { type Format, formatDocument, parseFormatted } from '../../src/core/formatted.ts';
import { matching, object, sha256Text, text } from '../../src/core/shape.ts';
import type { Signer } from '../../src/core/signer.ts';
import { unreadable } from '../../src/core/unreadable.ts';
import { verifySignature } from '../../src/keys/signer.ts';
import { physicalKeyOf } from '../../src/tuf/key.ts';
import { domainMessage } from '../domain-message.ts';
import { holderId } from '../holders/document.ts';
import type { HolderKeys } from '../holders/key-directory.ts';
import { repositoryId } from '../root-signing/identity.ts';
import type { CaEvent } from './event.ts';

/** That a holder wants an event of an authority to happen, as it is planned. */
export interface Authorisation {
  /** Id of the repository. */
  readonly repository: string;
  readonly event: string;
  readonly planSha256: string;
  readonly holder: string;
  readonly sig: string;
}

/** The keys of holders, verified (`readHolderKeys`). */
export type EnrolledHolders = ReadonlyMap<string, Pick<HolderKeys, 'main'>>;

const authorisationFormat: Format<Authorisation> = {
  name: 'sigstead-ca-authorisation/v1',
  read: object({
    repository: repositoryId,
    event: text,
    planSha256: sha256Text,
    holder: holderId,
    sig: matching(/^(?:[0-9a-f]{2}){1,1024}$/, 'lower-case hexadecimal'),
  }),
  maxBytes: 8192,
  code: 'CER_CA_AUTHORISATION',
  hint: 'ask the holder for the file that `sigstead ceremony ca authorise` wrote',
};

/** Returns what a holder signs: for one plan, of one repository. It is no signature over anything else. */
export function authorisationMessage({
  repository,
  planSha256,
  holder,
}: Omit<Authorisation, 'event' | 'sig'>): Uint8Array {
  return domainMessage(authorisationFormat.name, [repository, planSha256, holder]);
}

export function formatAuthorisation({ repository, event, planSha256, holder, sig }: Authorisation): string {
  return formatDocument(authorisationFormat, { repository, event, planSha256, holder, sig });
}

/** @throws CER_CA_AUTHORISATION, CORE_JSON, CORE_TOO_LARGE */
export function parseAuthorisation(bytes: Uint8Array, what: string): Authorisation {
  return parseFormatted(bytes, authorisationFormat, what);
}

/**
 * Authorises an event with the enrolled key of one of those whom its plan asks. The caller has shown the plan to the
 * holder, and asked for consent.
 * @throws CER_CA_NOT_ASKED if the plan does not ask for this key
 * @throws CER_CA_AUTHORISATION_FALSE (evidence) if what the signer returned does not verify
 */
export async function authorise(event: CaEvent, signer: Signer, holders: EnrolledHolders): Promise<Authorisation> {
  const { plan, planSha256 } = event;
  const holder = plan.authorisedBy.find((id) => {
    const key = keyOf(holders, id);
    return key && physicalKeyOf(key) === physicalKeyOf(signer.publicKey);
  });
  if (holder === undefined) throw notAsked(event, signer.uri);
  const about = { repository: plan.repository.id, planSha256, holder };
  const sig = toHex(await signer.sign(authorisationMessage(about)));
  const authorisation = { ...about, event: plan.event, sig };
  assertAuthorisation(event, authorisation, holders);
  return authorisation;
}

/**
 * Adds an authorisation to its event.
 * @throws CER_CA_AUTHORISATION_OTHER, CER_CA_NOT_ASKED, CER_CA_AUTHORISATION_FALSE
 */
export async function addAuthorisation(
  event: CaEvent,
  authorisation: Authorisation,
  holders: EnrolledHolders,
): Promise<string> {
  assertAuthorisation(event, authorisation, holders);
  const directory = event.layout.authorisations;
  const path = join(directory, `${authorisation.holder}.json`);
  await makeDirectory(directory);
  // ECDSA signs another way each time: one that is there and verifies is as good.
  if ((await readAuthorisations(event)).some(({ holder }) => holder === authorisation.holder)) return path;
  await createFile(path, formatAuthorisation(authorisation));
  return path;
}

/** @throws CER_CA_AUTHORISATION */
export async function readAuthorisations({ layout }: CaEvent): Promise<readonly Authorisation[]> {
  const names = await readdir(layout.authorisations).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return [];
    throw unreadable(layout.authorisations, error);
  });
  const files = names.sort().map(async (name) => {
    const path = join(layout.authorisations, name);
    return parseAuthorisation(await readFileCapped(path, authorisationFormat.maxBytes), path);
  });
  return await Promise.all(files);
}

/** Returns who authorised an event so far; every authorisation that is there must hold. */
export async function authorisedSoFar(event: CaEvent, holders: EnrolledHolders): Promise<readonly string[]> {
  const authorisations = await readAuthorisations(event);
  for (const authorisation of authorisations) assertAuthorisation(event, authorisation, holders);
  const present = new Set(authorisations.map(({ holder }) => holder));
  return event.plan.authorisedBy.filter((id) => present.has(id));
}

/**
 * Passes if everybody whom the plan asks has authorised it.
 * @throws CER_CA_NOT_AUTHORISED with who is missing; and as `addAuthorisation`
 */
export async function assertAuthorised(event: CaEvent, holders: EnrolledHolders): Promise<void> {
  const { plan } = event;
  const have = await authorisedSoFar(event, holders);
  const missing = plan.authorisedBy.filter((id) => !have.includes(id));
  if (missing.length === 0) return;
  throw new ToolkitError('CER_CA_NOT_AUTHORISED', {
    message: `${plan.event}: authorised by ${have.join(', ') || 'nobody'}; missing: ${missing.join(', ')}`,
    fault: 'input',
    data: { event: plan.event, have, missing },
    hint: `each of them runs: sigstead ceremony ca authorise ${plan.event} --signer URI`,
  });
}

function assertAuthorisation(event: CaEvent, authorisation: Authorisation, holders: EnrolledHolders): void {
  const { plan, planSha256 } = event;
  const { holder, sig } = authorisation;
  const same =
    authorisation.repository === plan.repository.id &&
    authorisation.event === plan.event &&
    authorisation.planSha256 === planSha256;
  if (!same) throw otherPlan(event, authorisation);
  const key = plan.authorisedBy.includes(holder) ? keyOf(holders, holder) : undefined;
  if (!key) throw notAsked(event, holder);
  if (verifySignature(key, authorisationMessage(authorisation), parseHex(sig))) return;
  throw new ToolkitError('CER_CA_AUTHORISATION_FALSE', {
    message: `authorisation of ${holder}: expected a signature by the enrolled key of ${holder} over the plan of ${plan.event}`,
    fault: 'evidence',
    data: { holder, event: plan.event, planSha256 },
    hint: 'somebody made it up, or changed it: ask the holder over another channel',
  });
}

function keyOf(holders: EnrolledHolders, id: string): KeyObject | undefined {
  return holders.get(id)?.main?.enrolment.publicKey;
}

function notAsked({ plan }: CaEvent, who: string): ToolkitError {
  return new ToolkitError('CER_CA_NOT_ASKED', {
    message: `${who}: expected the enrolled key of ${plan.authorisedBy.join(', ')}, whom ${plan.event} asks`,
    fault: 'input',
    data: { who, event: plan.event, authorisedBy: plan.authorisedBy },
    hint: 'sign with the key that you enrolled; whoever else shall authorise stands in the intent, and is enrolled',
  });
}

function otherPlan({ plan, planSha256 }: CaEvent, authorisation: Authorisation): ToolkitError {
  const got = `${authorisation.event}, plan ${authorisation.planSha256.slice(0, 16)}`;
  return new ToolkitError('CER_CA_AUTHORISATION_OTHER', {
    message: `authorisation of ${authorisation.holder} for ${got}: expected ${plan.event}, plan ${planSha256.slice(0, 16)}`,
    fault: 'input',
    data: { holder: authorisation.holder, event: authorisation.event, expected: planSha256 },
    hint: 'it was given for another event, another repository or another plan: have this one authorised',
  });
}
