import { join } from 'node:path';
import { sha256Hex } from '../../src/core/digest.ts';
import { ToolkitError } from '../../src/core/error.ts';
import type { Signer } from '../../src/core/signer.ts';
import { assertIssuerKey } from '../../src/x509/certificate-factory.ts';
import { chainOf } from '../../src/x509/chain.ts';
import { signTbs } from '../../src/x509/to-be-signed.ts';
import { assertAuthorised } from './authorisation.ts';
import type { Authority } from './authority.ts';
import { formatCaDocument, retiredFormat } from './documents.ts';
import { assertCaPlanInTime, assertPlaceFree, type CaEvent, writeNew } from './event.ts';
import { assertChain, assertLintedBytes, assertPlannedBytes, lintWithThrowAwayKey } from './lint.ts';
import type { PlannedCertificate } from './plan-document.ts';
import { assertFollowsFromIntent, type CaRoom } from './plan-event.ts';
import { tbsOfPlan } from './tbs.ts';

declare const ready: unique symbol;

/** An event whose key may be used: authorised, in time, linted. Only `readyCaEvent` makes one. */
export interface ReadyCaEvent {
  readonly [ready]: true;
  readonly event: CaEvent;
  /** The authority whose key signs; absent at genesis. */
  readonly issuer: Authority | undefined;
  readonly signs: { readonly planned: PlannedCertificate; readonly linted: Uint8Array } | undefined;
  readonly now: Date;
}

/**
 * Checks all that can be checked without the key: the plan follows from its intent and passes every rule today, everybody
 * authorised it, it is not too old, its place is free, and as a certificate signed by a throw-away key it passes the rules
 * of its chain.
 * @throws CER_CA_FILE_TAKEN, CER_CA_PLAN_REFUSED, CER_CA_PLAN_OTHER, CER_PLAN_TOO_OLD, CER_PLAN_FUTURE
 * @throws CER_CA_NOT_AUTHORISED, CER_CA_AUTHORISATION_FALSE, CER_CA_LINT, CER_CA_TBS_DIFFERS
 */
export async function readyCaEvent(event: CaEvent, room: CaRoom, now: Date): Promise<ReadyCaEvent> {
  const { plan } = event;
  await assertPlaceFree(event);
  await assertFollowsFromIntent(event, room);
  await assertAuthorised(event, room.holders);
  assertCaPlanInTime(event, now);
  const issuer = room.authorities.get(plan.ca);
  const { certificate: planned } = plan;
  const linted = planned && (await lintWithThrowAwayKey(planned, issuer?.certificate.der, now));
  return { event, issuer, signs: planned && linted && { planned, linted }, now } as ReadyCaEvent;
}

/**
 * Has the key of the authority sign what was linted, and returns the certificate (DER) once it is verified, has the
 * bytes that were planned and linted, and passes every rule in its real chain.
 * @throws X509_ISSUER_KEY before the key is used, X509_SIGNATURE
 * @throws CER_CA_TBS_DIFFERS, CER_CA_LINT
 */
export async function signReady({ event, issuer, signs, now }: ReadyCaEvent, signer: Signer): Promise<Uint8Array> {
  if (!signs) throw nothingToSign(event);
  const { planned, linted } = signs;
  const root = issuer?.certificate.der;
  if (root) assertIssuerKey(root, signer);
  const tbs = tbsOfPlan(planned, { issuer: root, rootKey: signer.publicKey });
  assertPlannedBytes(planned, tbs);
  const der = await signTbs(tbs, signer);
  assertLintedBytes(planned, linted, der);
  assertChain(planned, root ? chainOf(der, root) : chainOf(der), now);
  return der;
}

/** Signs a certificate below an authority, and writes it with its root: the chain as servers read it. */
export async function issueReady(readyEvent: ReadyCaEvent, signer: Signer): Promise<{ path: string; sha256: string }> {
  const { event, issuer, signs } = readyEvent;
  if (!issuer || !signs) throw nothingToSign(event);
  const der = await signReady(readyEvent, signer);
  const path = join(event.authority.directory, signs.planned.path);
  const isCross = event.plan.kind === 'ca-cross-sign';
  await writeNew(path, (isCross ? chainOf(der) : chainOf(der, issuer.certificate.der)).pem);
  return { path, sha256: sha256Hex(der) };
}

/** Writes down that an authority issues nothing from now on. */
export async function retireReady({ event, now }: ReadyCaEvent): Promise<string> {
  const { plan, planSha256, authority } = event;
  const { ca, reason, since, authorisedBy } = plan;
  const document = { ca, at: now, reason, since, event: plan.event, planSha256, authorisedBy };
  await writeNew(authority.retired, formatCaDocument(retiredFormat, document));
  return authority.retired;
}

function nothingToSign({ plan }: CaEvent): ToolkitError {
  return new ToolkitError('CER_CA_NOTHING_TO_SIGN', {
    message: `${plan.event}: expected an event that signs a certificate, got ${plan.kind}`,
    fault: 'caller',
    data: { event: plan.event, kind: plan.kind },
  });
}
