import type { KeyObject } from 'node:crypto';
import type { Complaint, Rule } from '../core/rules.ts';
import type { Certificate } from './certificate.ts';

/** What the rules look at: a chain in the order that it was given, and what it is wanted for. */
export interface LintedChain {
  readonly certificates: readonly Certificate[];
  /** Fulcio's first certificate issues; a TSA's first certificate is a leaf, and left out of its authorities. */
  readonly use: 'fulcio' | 'tsa' | 'tsa-authority';
  readonly publicKey?: KeyObject;
  readonly now: Date;
  readonly outlives?: Date;
}

export type ChainRule = Rule<LintedChain>;

/** Returns the certificates that issue others. */
export function authoritiesOf(chain: LintedChain): readonly Certificate[] {
  return chain.use === 'tsa' ? chain.certificates.slice(1) : chain.certificates;
}

export interface Link {
  readonly certificate: Certificate;
  /** The next one in the chain. */
  readonly issuer: Certificate;
}

export function linksOf(chain: LintedChain): readonly Link[] {
  return chain.certificates.flatMap((certificate, index) => {
    const issuer = chain.certificates[index + 1];
    return issuer ? [{ certificate, issuer }] : [];
  });
}

export function isSelfIssued(certificate: Certificate): boolean {
  return Buffer.from(certificate.subject).equals(certificate.issuer);
}

/** A complaint about one certificate, e.g. at `certificate 1 of 2 "acme Fulcio intermediate"`. */
export function complain(chain: LintedChain, certificate: Certificate, message: string, hint?: string): Complaint {
  const position = chain.certificates.indexOf(certificate) + 1;
  const where = `certificate ${position} of ${chain.certificates.length} ${JSON.stringify(certificate.label)}`;
  return { where, message, ...(hint !== undefined && { hint }) };
}
