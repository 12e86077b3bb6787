import { sha256Hex } from '../../src/core/digest.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { assertNoErrors, type Finding } from '../../src/core/rules.ts';
import { generatePrivateKey } from '../../src/keys/algorithm.ts';
import { signerOf } from '../../src/keys/signer.ts';
import { type CertificateChain, chainOf } from '../../src/x509/chain.ts';
import { lintFulcioChain, lintTsaAuthorities, lintTsaChain } from '../../src/x509/lint.ts';
import { signTbs, tbsOf, tbsWithKey } from '../../src/x509/to-be-signed.ts';
import type { PlannedCertificate } from './plan-document.ts';
import { comparableTbs, tbsOfPlan } from './tbs.ts';

/**
 * Issues a planned certificate with a throw-away key of the same kind, and judges it by every rule for its chain, before
 * the real key is even opened. The issuer of the chain is the real root with the throw-away key in it.
 *
 * Returns the bytes that the throw-away key signed, to be compared with those that the real key signs.
 * @throws CER_CA_LINT with all that is wrong at once
 * @throws CER_CA_TBS_DIFFERS (evidence) if they are not the bytes of the plan
 */
export async function lintWithThrowAwayKey(
  planned: PlannedCertificate,
  issuer: Uint8Array | undefined,
  now: Date,
): Promise<Uint8Array> {
  const privateKey = await generatePrivateKey(planned.algorithm);
  const throwAway = signerOf(privateKey, 'memory:throw-away');
  const tbs = tbsOfPlan(planned, { issuer, rootKey: throwAway.publicKey });
  assertPlannedBytes(planned, tbs);
  const certificate = await signTbs(tbs, throwAway);
  const root = issuer && (await signTbs(tbsWithKey(issuer, throwAway.publicKey), throwAway));
  assertChain(planned, root ? chainOf(certificate, root) : chainOf(certificate), now);
  return tbs;
}

/**
 * Passes if a chain is what its first certificate was planned for.
 * @throws CER_CA_LINT
 */
export function assertChain(planned: PlannedCertificate, chain: CertificateChain, now: Date): void {
  assertNoErrors(lint(planned, chain, now), 'CER_CA_LINT', planned.path);
}

/**
 * Passes if bytes to sign are those of the plan: all of them, but for the key of a root and its identifier.
 * @throws CER_CA_TBS_DIFFERS
 */
export function assertPlannedBytes(planned: PlannedCertificate, tbs: Uint8Array): void {
  const sha256 = sha256Hex(comparableTbs(planned, tbs));
  if (sha256 === planned.tbsSha256) return;
  throw new ToolkitError('CER_CA_TBS_DIFFERS', {
    message: `${planned.path}: expected the bytes that were planned, SHA-256 ${planned.tbsSha256}, got ${sha256}`,
    fault: 'evidence',
    data: { path: planned.path, expected: planned.tbsSha256, got: sha256 },
    hint: 'plan, root and tool do not belong together any more: sign nothing until you know which of them changed',
  });
}

/** Passes if the real certificate has the bytes of the one that was linted. */
export function assertLintedBytes(planned: PlannedCertificate, linted: Uint8Array, der: Uint8Array): void {
  assertPlannedBytes({ ...planned, tbsSha256: sha256Hex(comparableTbs(planned, linted)) }, tbsOf(der));
}

function lint(planned: PlannedCertificate, chain: CertificateChain, now: Date): readonly Finding[] {
  const { profile, publicKey } = planned;
  const options = { now, ...(publicKey && { publicKey }) };
  if (profile.startsWith('fulcio-')) return lintFulcioChain(chain, options);
  return profile === 'tsa-leaf' ? lintTsaChain(chain, options) : lintTsaAuthorities(chain, options);
}
