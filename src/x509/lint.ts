import type { KeyObject } from 'node:crypto';
import { type Finding, runRules } from '../core/rules.ts';
import { type CertificateChain, certificatesOf } from './chain.ts';
import { chainRules, fulcioRules, tsaRules } from './rules/index.ts';

export interface LintOptions {
  /** The key that the server will sign with; the first certificate must be its. */
  readonly publicKey?: KeyObject;
  readonly now: Date;
  /** Until when every certificate has to be valid. */
  readonly outlives?: Date;
}

/**
 * Checks a chain against what Fulcio demands when it starts and what clients demand when they verify.
 * The chain is the issuing certificate first, the root last.
 */
export function lintFulcioChain(chain: CertificateChain, options: LintOptions): readonly Finding[] {
  return runRules(fulcioRules, { ...options, use: 'fulcio', certificates: certificatesOf(chain) });
}

/** Checks a chain, leaf first and root last, against what the timestamp authority and its clients demand. */
export function lintTsaChain(chain: CertificateChain, options: LintOptions): readonly Finding[] {
  return runRules(tsaRules, { ...options, use: 'tsa', certificates: certificatesOf(chain) });
}

/** Checks a chain that ends above the leaf of a timestamp authority: a root, an intermediate, a cross-certificate. */
export function lintTsaAuthorities(chain: CertificateChain, options: LintOptions): readonly Finding[] {
  return runRules(chainRules, { ...options, use: 'tsa-authority', certificates: certificatesOf(chain) });
}
