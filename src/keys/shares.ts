import { randomBytes } from 'node:crypto';
import { combine, split } from 'shamir-secret-sharing';
import { concat, parseHex, toHex, utf8 } from '../core/bytes.ts';
import { sha256, sha256Hex } from '../core/digest.ts';
import { ToolkitError } from '../core/error.ts';
import { wordsOf } from '../core/words.ts';

/** What may be known of a secret that was split; it does not help to find the secret. */
export interface ShareSet {
  /** Tells this splitting from every other one: 8 hexadecimal digits. */
  readonly id: string;
  /** What the secret opens: the name of an authority. */
  readonly subject: string;
  /** So many shares restore the secret, and fewer say nothing of it. */
  readonly threshold: number;
  /** SHA-256 over the secret and 128 random bits that are shared with it. */
  readonly commitment: string;
  readonly shares: readonly ShareFacts[];
}

export interface ShareFacts {
  readonly holder: string;
  /** SHA-256 of the share, which has nothing in it that could be guessed. */
  readonly sha256: string;
}

/** One share, which its holder keeps on paper. */
export interface Share extends Pick<ShareSet, 'subject' | 'threshold'> {
  readonly set: string;
  readonly holder: string;
  /** From 1, of `count`. */
  readonly number: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

export interface SplitOptions {
  /** Of the authority: a-z, 0-9 and "-". */
  readonly subject: string;
  readonly threshold: number;
  /** One share each. */
  readonly holders: readonly string[];
  readonly secret: Uint8Array;
}

const domain = 'sigstead-share/v1';
const saltBytes = 16;
const checksumBytes = 4;
const maxShares = 16;
const maxSecretBytes = 128;
/** The longest share, with its names, groups and words. */
const maxTextLength = 1_024;

/**
 * Splits a secret so that any `threshold` of the holders restore it (Shamir 1979, over GF(256)).
 *
 * Random bits are shared with it: so its commitment can be public even where the secret is a PIN of six digits.
 * @throws KEY_SHARE_PLAN
 */
export async function splitSecret(
  options: SplitOptions,
): Promise<{ readonly set: ShareSet; readonly shares: readonly Share[] }> {
  const { subject, threshold, holders, secret } = options;
  assertPlan(options);
  const salted = concat(new Uint8Array(randomBytes(saltBytes)), secret);
  try {
    const id = toHex(new Uint8Array(randomBytes(4)));
    const parts = await split(Uint8Array.from(salted), holders.length, threshold);
    const shares = holders.map((holder, index) => {
      const bytes = new Uint8Array(parts[index] ?? []);
      return { subject, threshold, set: id, holder, number: index + 1, count: holders.length, bytes };
    });
    const facts = shares.map(({ holder, bytes }) => ({ holder, sha256: sha256Hex(bytes) }));
    return { set: { id, subject, threshold, commitment: commitmentOf(salted), shares: facts }, shares };
  } finally {
    salted.fill(0);
  }
}

/**
 * Restores a secret from shares of one set. The caller overwrites the bytes when it has used them.
 * @throws KEY_SHARE_FOREIGN, KEY_SHARE_REPEATED, KEY_SHARES_TOO_FEW
 * @throws KEY_SHARE_FALSE (evidence) names the share that is not the one that was made
 */
export async function combineShares(shares: readonly Share[], set: ShareSet): Promise<Uint8Array> {
  shares.forEach((share, index) => {
    assertShare(share, set, shares.slice(0, index));
  });
  if (shares.length < set.threshold) throw tooFew(shares.length, set);
  const salted = await combine(shares.slice(0, set.threshold).map(({ bytes }) => Uint8Array.from(bytes)));
  try {
    if (commitmentOf(salted) === set.commitment) return salted.slice(saltBytes);
    throw notAsMade(set.subject, 'the shares restore another secret than the one that was split');
  } finally {
    salted.fill(0);
  }
}

/**
 * Passes if a share is one of this set, and not among those that are there already.
 * @throws KEY_SHARE_FOREIGN, KEY_SHARE_REPEATED, KEY_SHARE_FALSE
 */
export function assertShare(share: Share, set: ShareSet, others: readonly Share[] = []): void {
  if (share.subject !== set.subject || share.set !== set.id) throw foreign(share, set);
  const facts = set.shares[share.number - 1];
  if (facts?.holder !== share.holder || facts.sha256 !== sha256Hex(share.bytes)) {
    throw notAsMade(set.subject, `the share of ${share.holder} is not the one that was made`, share);
  }
  if (others.some(({ number }) => number === share.number)) throw repeated(share);
}

/**
 * Returns a share as its sheet and its QR code have it, in one line: names, the share in groups of hexadecimal digits,
 * and four words over all of it.
 */
export function formatShare(share: Share): string {
  return [...namesOf(share), ...groupsOf(share), ...checksumWords(share)].join(' ');
}

/** Returns the parts of that line for a sheet. */
export function sharePartsOf(share: Share): Readonly<Record<'names' | 'groups' | 'words', readonly string[]>> {
  return { names: namesOf(share), groups: groupsOf(share), words: checksumWords(share) };
}

/**
 * Reads what a person typed, or a scanner read, from a sheet. Spaces, line ends and capitals do not matter.
 * @param sheet names the sheet in errors, since nothing of it may be shown
 * @throws KEY_SHARE_DAMAGED if a digit or a word is wrong
 */
export function parseShare(text: string, sheet: string): Share {
  const tokens = text.slice(0, maxTextLength).trim().toLowerCase().split(/\s+/);
  const [, subject = '', holder = '', number, count, threshold, set = '', digits = '', words = ''] =
    lineForm.exec(tokens.join(' ')) ?? [];
  const hex = digits.replaceAll(' ', '');
  if (number === undefined || hex.length % 2 !== 0) throw damaged(sheet, 'it is not complete');
  const share: Share = {
    subject,
    holder,
    number: Number(number),
    count: Number(count),
    threshold: Number(threshold),
    set,
    bytes: parseHex(hex, sheet),
  };
  if (checksumWords(share).join(' ').toLowerCase() === words) return share;
  throw damaged(sheet, 'its words do not fit its digits');
}

const name = '([a-z0-9][a-z0-9-]{0,31})';
const lineForm = new RegExp(
  `^sigstead-share ${name} ${name} ([1-9]\\d?) of ([1-9]\\d?) any ([1-9]\\d?) ([0-9a-f]{8})((?: [0-9a-f]{2,4})+?) ([a-z]{3,} [a-z]{3,} [a-z]{3,} [a-z]{3,})$`,
);

function namesOf({ subject, holder, number, count, threshold, set }: Share): readonly string[] {
  return ['sigstead-share', subject, holder, `${number} of ${count} any ${threshold}`, set];
}

function groupsOf({ bytes }: Share): readonly string[] {
  return toHex(bytes).match(/.{1,4}/g) ?? [];
}

function checksumWords(share: Share): readonly string[] {
  return wordsOf(sha256(utf8(`${domain} ${namesOf(share).join(' ')} ${toHex(share.bytes)}`)).slice(0, checksumBytes));
}

function commitmentOf(salted: Uint8Array): string {
  return sha256Hex(utf8(`${domain} commitment `), salted);
}

function assertPlan({ threshold, holders, secret, subject }: SplitOptions): void {
  const problem =
    (secret.length < 1 || secret.length > maxSecretBytes ? `a secret of 1 to ${maxSecretBytes} bytes` : undefined) ??
    (holders.length > maxShares ? `at most ${maxShares} holders` : undefined) ??
    (new Set(holders).size < holders.length ? 'one share for each holder' : undefined) ??
    (threshold < 2 || threshold > holders.length ? `a threshold of 2 to ${holders.length}` : undefined);
  if (problem === undefined) return;
  throw new ToolkitError('KEY_SHARE_PLAN', {
    message: `shares of ${subject}: expected ${problem}; got ${threshold} of ${holders.length}`,
    fault: 'input',
    data: { subject, threshold, holders: holders.length },
    hint: 'e.g. any 3 of 5: two may be lost, and two together know nothing',
  });
}

function damaged(sheet: string, why: string): ToolkitError {
  return new ToolkitError('KEY_SHARE_DAMAGED', {
    message: `${sheet}: ${why}`,
    fault: 'input',
    data: { sheet },
    hint: 'type the sheet again: the line of names, every group and all four words; each sheet checks itself',
  });
}

function foreign({ subject, set, holder }: Share, expected: ShareSet): ToolkitError {
  return new ToolkitError('KEY_SHARE_FOREIGN', {
    message: `share of ${holder}: expected one of ${expected.subject}, set ${expected.id}, got ${subject}, set ${set}`,
    fault: 'input',
    data: { holder, subject, set, expected: { subject: expected.subject, set: expected.id } },
    hint: 'it is of another authority, or of an earlier splitting: find the sheet with this set',
  });
}

function repeated({ holder, number }: Share): ToolkitError {
  return new ToolkitError('KEY_SHARE_REPEATED', {
    message: `share ${number} of ${holder}: expected another share, this one was given already`,
    fault: 'input',
    data: { holder, number },
    hint: 'each share counts once: give one of another holder',
  });
}

function tooFew(have: number, { subject, threshold, shares }: ShareSet): ToolkitError {
  return new ToolkitError('KEY_SHARES_TOO_FEW', {
    message: `${subject}: expected ${threshold} shares, got ${have}`,
    fault: 'input',
    data: { subject, have, need: threshold, holders: shares.map(({ holder }) => holder) },
    hint: `bring together ${threshold} of ${shares.map(({ holder }) => holder).join(', ')}`,
  });
}

function notAsMade(subject: string, why: string, share?: Share): ToolkitError {
  return new ToolkitError('KEY_SHARE_FALSE', {
    message: `${subject}: ${why}`,
    fault: 'evidence',
    data: { subject, ...(share && { holder: share.holder, number: share.number }) },
    hint: 'somebody made up a sheet, or changed the record of the shares: keep both, and find out who',
  });
}
