import type { KeyObject } from 'node:crypto';
import type { CaIntent, CaIntentOf } from '../../src/config/ca-intent.ts';
import { toHex, utf8 } from '../../src/core/bytes.ts';
import { addMs, dayMs, floorToSecond, parseInstant } from '../../src/core/clock.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { assertNoErrors, runRules } from '../../src/core/rules.ts';
import { type Certificate, parseCertificate } from '../../src/x509/certificate.ts';
import { formatPem } from '../../src/x509/pem.ts';
import type { RepositoryIdentity } from '../root-signing/identity.ts';
import type { Authority } from './authority.ts';
import type { CaPlan, PlannedAuthority, PlannedCertificate } from './plan-document.ts';
import { caRules } from './rules.ts';
import { comparableTbs, tbsOfPlan } from './tbs.ts';

const yearDays = 365;

export interface PlanCaOptions {
  readonly identity: RepositoryIdentity;
  readonly intent: CaIntent;
  /** Of the event. */
  readonly event: string;
  readonly authorities: ReadonlyMap<string, Authority>;
  readonly enrolled: ReadonlySet<string>;
  /** The key of a server, to be certified. */
  readonly publicKey: KeyObject | undefined;
  /** The root to cross-sign (DER). */
  readonly other: Uint8Array | undefined;
  /** Of the kind that a genesis asks for; used for laying out the bytes, and for nothing else. */
  readonly throwAwayKey: KeyObject;
  /** From `randomSerial`. */
  readonly serial: Uint8Array;
  /** Of the next certificate in its directory, from 1. */
  readonly number: number;
  readonly planDays: number;
  readonly now: Date;
  readonly rehearsal: boolean;
}

export interface PlannedCaEvent {
  readonly plan: CaPlan;
  /** What will be signed; of a root, with zeros for its key. Absent where nothing is. */
  readonly tbs: Uint8Array | undefined;
}

/**
 * Plans an event of an offline authority: every byte that its key will sign follows from the options, and from nothing
 * else. At genesis all but the key and its identifier, which are born later.
 * @throws CER_CA_PLAN_REFUSED with every rule that refuses it
 * @throws X509_VALIDITY, X509_SUBJECT
 */
export function planCaEvent(options: PlanCaOptions): PlannedCaEvent {
  const { identity, intent, event, authorities, rehearsal } = options;
  const ca = authorityOf(intent);
  const other = options.other && parseCertificate(options.other, 'root to cross-sign');
  assertNoErrors(runRules(caRules, { ...options, name: ca, other }), 'CER_CA_PLAN_REFUSED', `plan of ${event}`);
  const planned = floorToSecond(options.now);
  const drafted = certificateOf({ ...options, now: planned }, authorities.get(ca), other);
  const plan: CaPlan = {
    repository: { id: identity.id, name: identity.name },
    event,
    kind: intent.kind,
    reason: intent.reason,
    ca,
    authorisedBy: intent.authorisedBy,
    intentSha256: sha256Hex(utf8(intent.text)),
    planned,
    signUntil: addMs(planned, options.planDays * dayMs),
    authority: intent.kind === 'ca-genesis' ? plannedAuthority(intent) : undefined,
    certificate: drafted?.certificate,
    since: intent.kind === 'ca-retire' && intent.since !== undefined ? parseInstant(intent.since) : undefined,
    rehearsal,
  };
  return { plan, tbs: drafted?.tbs };
}

/** Returns the name of the authority that an intent is about. */
export function authorityOf(intent: CaIntent): string {
  if (intent.kind === 'ca-genesis') return intent.name ?? intent.ca;
  if (intent.kind === 'ca-issue') return intent.issuer;
  return intent.kind === 'ca-cross-sign' ? intent.by : intent.ca;
}

function plannedAuthority({ ca, custody, shares, policyUrl }: CaIntentOf<'ca-genesis'>): PlannedAuthority {
  const { threshold, holders } = shares;
  return { use: ca, custody, shares: { threshold, holders }, policyUrl };
}

function certificateOf(options: PlanCaOptions, authority: Authority | undefined, other: Certificate | undefined) {
  const draft = draftOf(options, authority, other);
  if (!draft) return undefined;
  const sources = { issuer: authority?.certificate.der, rootKey: authority ? undefined : options.throwAwayKey };
  const tbs = comparableTbs(draft, tbsOfPlan(draft, sources));
  const certificate: PlannedCertificate = { ...draft, tbsSha256: sha256Hex(tbs) };
  return { certificate, tbs };
}

type Draft = Omit<PlannedCertificate, 'tbsSha256'>;

function draftOf(options: PlanCaOptions, by: Authority | undefined, other: Certificate | undefined): Draft | undefined {
  const { intent, serial, now: notBefore, publicKey } = options;
  const head = { serial: toHex(serial), notBefore };
  if (intent.kind === 'ca-genesis') {
    const { ca, subject, years, algorithm } = intent;
    const profile = ca === 'fulcio-root' ? 'fulcio-offline-root' : 'tsa-offline-root';
    const notAfter = addMs(notBefore, years * yearDays * dayMs);
    const none = { publicKey: undefined, root: undefined, issuerSha256: undefined };
    return { profile, subject, ...head, notAfter, algorithm, ...none, path: 'root.pem' };
  }
  if (intent.kind === 'ca-retire' || !by) return undefined;
  const { algorithm, certificateSha256: issuerSha256, use } = by.document;
  if (intent.kind === 'ca-issue') {
    if (!publicKey) throw withoutInput(options.event, intent.key);
    const { profile, subject, days } = intent;
    const notAfter = addMs(notBefore, days * dayMs);
    const path = pathOf('issued', options.number, profile);
    return { profile, subject, ...head, notAfter, algorithm, publicKey, root: undefined, issuerSha256, path };
  }
  if (!other) throw withoutInput(options.event, intent.of);
  const profile = use === 'fulcio-root' ? 'fulcio-cross' : 'tsa-cross';
  // As long as both: whichever of the two roots ends first ends this.
  const notAfter = new Date(Math.min(by.certificate.notAfter.at.getTime(), other.notAfter.at.getTime()));
  const root = formatPem('CERTIFICATE', other.der);
  const path = pathOf('cross', options.number, slugOf(other.label));
  return { profile, subject: undefined, ...head, notAfter, algorithm, publicKey: undefined, root, issuerSha256, path };
}

function pathOf(directory: 'issued' | 'cross', number: number, name: string): string {
  return `${directory}/${String(number).padStart(4, '0')}-${name}.pem`;
}

/** Of a name that somebody chose, what a file name may have of it. */
function slugOf(label: string): string {
  return (
    label
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '') || 'root'
  );
}

function withoutInput(event: string, file: string): ToolkitError {
  return new ToolkitError('CER_CA_INPUT', {
    message: `plan of ${event}: expected what ${file} has, got nothing`,
    fault: 'input',
    data: { event, file },
    hint: 'the intent names the file, below root-signing/: put the public key or the certificate there',
  });
}
