import { type Finding, runRules } from '../core/rules.ts';
import type { Problem } from '../core/shape.ts';
import { lintFulcioChain, lintTsaChain } from '../x509/lint.ts';
import type { AuthorityPeriod } from './period.ts';
import { formatRules, trustRules } from './rules/index.ts';
import { readSigningConfig, signingConfigFile } from './signing-config.ts';
import { readTrustedRoot, type TrustedAuthority, type TrustedRootView, trustedRootFile } from './trusted-root.ts';

export interface TrustFiles {
  readonly trustedRoot: Uint8Array;
  readonly signingConfig: Uint8Array;
}

/**
 * Checks the two files that clients read together, whoever wrote them, against what each client demands.
 * Files that clients cannot read at all are not looked at further.
 * @throws CORE_JSON, CORE_TOO_LARGE
 */
export function lintTrust(files: TrustFiles, options: { readonly now: Date }): readonly Finding[] {
  const root = readTrustedRoot(files.trustedRoot, trustedRootFile);
  const config = readSigningConfig(files.signingConfig, signingConfigFile);
  if (root.value === undefined || config.value === undefined) {
    const problems = [...inFile(trustedRootFile, root.problems), ...inFile(signingConfigFile, config.problems)];
    return runRules(formatRules, { problems });
  }
  return [
    ...runRules(trustRules, { trustedRoot: root.value, signingConfig: config.value, now: options.now }),
    ...lintChains(root.value, options.now),
  ];
}

/** The certificate rules of `src/x509`, for each chain at a time when it counted. */
function lintChains(root: TrustedRootView, now: Date): readonly Finding[] {
  return [
    ...root.certificateAuthorities.flatMap((authority) =>
      at(authority, lintFulcioChain(authority.chain, { now: timeToLint(authority.validFor, now) })),
    ),
    ...root.timestampAuthorities.flatMap((authority) =>
      at(authority, lintTsaChain(authority.chain, { now: timeToLint(authority.validFor, now) })),
    ),
  ];
}

function at(authority: TrustedAuthority, findings: readonly Finding[]): readonly Finding[] {
  return findings.map((finding) => ({
    ...finding,
    where: `${trustedRootFile} ${authority.path}: ${finding.where}`,
  }));
}

/** An authority of the past may have expired certificates; they were judged while it was one. */
function timeToLint({ start, end }: AuthorityPeriod, now: Date): Date {
  if (end !== undefined && end < now) return end;
  return start > now ? start : now;
}

function inFile(file: string, problems: readonly Problem[]) {
  return problems.map((problem) => ({ file, ...problem }));
}
