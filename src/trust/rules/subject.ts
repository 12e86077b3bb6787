import type { Complaint, Rule } from '../../core/rules.ts';
import type { Problem } from '../../core/shape.ts';
import type { AuthorityPeriod } from '../period.ts';
import { type OfferedService, type SigningConfigView, signingConfigFile } from '../signing-config.ts';
import { type TrustedLog, type TrustedRootView, trustedRootFile } from '../trusted-root.ts';

/** What reading the two files found wrong with their shape. */
export interface FormatSubject {
  readonly problems: readonly (Problem & { readonly file: string })[];
}

export type FormatRule = Rule<FormatSubject>;

/** Complaints about the problems that concern one rule. */
export function problemsWhere(subject: FormatSubject, isMine: (problem: Problem) => boolean): readonly Complaint[] {
  return subject.problems
    .filter(isMine)
    .map(({ file, path, message }) => ({ where: path === '' ? file : `${file} ${path}`, message }));
}

/** True for the path of a validity period, or of its start. */
export function isStart(path: string): boolean {
  return path.endsWith('validFor') || path.endsWith('validFor.start');
}

/** Two files of the right shape, which clients read together. */
export interface TrustSubject {
  readonly trustedRoot: TrustedRootView;
  readonly signingConfig: SigningConfigView;
  readonly now: Date;
}

export type TrustRule = Rule<TrustSubject>;

/** What is wrong with one entry; the rule adds where it stands. */
export type Objection = Omit<Complaint, 'where'>;

/** Complaints about entries of the trusted root, each at its path. */
export function inTrustedRoot<T extends { readonly path: string }>(
  entries: readonly T[],
  check: (entry: T) => Objection | undefined,
): readonly Complaint[] {
  return complaintsIn(trustedRootFile, entries, check);
}

/** Complaints about services of the signing configuration, each at its path. */
export function inSigningConfig(
  services: readonly OfferedService[],
  check: (service: OfferedService) => Objection | undefined,
): readonly Complaint[] {
  return complaintsIn(signingConfigFile, services, check);
}

/** One complaint about a file, or a field of it, as a whole. */
export function aboutTrustedRoot(field: string, objection: Objection): Complaint {
  return { where: `${trustedRootFile} ${field}`, ...objection };
}

export function aboutSigningConfig(field: string, objection: Objection): Complaint {
  return { where: `${signingConfigFile} ${field}`, ...objection };
}

export function allLogs({ trustedRoot }: TrustSubject): readonly TrustedLog[] {
  return [...trustedRoot.tlogs, ...trustedRoot.ctlogs];
}

export function allServices({ signingConfig }: TrustSubject): readonly OfferedService[] {
  return [...signingConfig.fulcio, ...signingConfig.oidc, ...signingConfig.rekor, ...signingConfig.timestamps];
}

/** The list that a service stands in, e.g. `tsaUrls`. */
export function kindOf(service: OfferedService): string {
  return service.path.replace(/\[.*$/, '');
}

/** True for `https://` and a lower-case host name, spelled as the origin of a log is. */
export function isOriginUrl(url: string): boolean {
  return /^https:\/\/[a-z0-9.-]+$/.test(url) && URL.canParse(url);
}

interface Entry {
  readonly path: string;
  readonly validFor: AuthorityPeriod;
}

/** The lists of the trusted root under their names in the file. */
export function listsOf({ trustedRoot }: TrustSubject): Readonly<Record<string, readonly Entry[]>> {
  const { tlogs, certificateAuthorities, ctlogs, timestampAuthorities } = trustedRoot;
  return { tlogs, certificateAuthorities, ctlogs, timestampAuthorities };
}

/** The first entry before this one with the same key, if there is one. */
export function earlierTwin<T>(entries: readonly T[], entry: T, keyOf: (entry: T) => string): T | undefined {
  const twin = entries.find((candidate) => keyOf(candidate) === keyOf(entry));
  return twin === entry ? undefined : twin;
}

function complaintsIn<T extends { readonly path: string }>(
  file: string,
  entries: readonly T[],
  check: (entry: T) => Objection | undefined,
): readonly Complaint[] {
  return entries.flatMap((entry) => {
    const objection = check(entry);
    return objection ? [{ where: `${file} ${entry.path}`, ...objection }] : [];
  });
}
