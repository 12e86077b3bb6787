import type { KeyObject } from 'node:crypto';
import { parseHex } from '../../src/core/bytes.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { parseChain } from '../../src/x509/chain.ts';
import { crossTbs, issuedTbs, rootTbs, tbsWithoutKey } from '../../src/x509/to-be-signed.ts';
import type { PlannedCertificate } from './plan-document.ts';

/** What the bytes to sign follow from, beside the plan. */
export interface TbsSources {
  /** The root that issues (DER); absent at genesis. */
  readonly issuer: Uint8Array | undefined;
  /** At genesis, the key of the root: a throw-away one until it is born. */
  readonly rootKey: KeyObject | undefined;
}

/**
 * Returns the bytes to sign for a planned certificate. The same plan gives the same bytes, on every machine.
 * @throws CER_CA_PLAN_FILE if the plan lacks what its kind needs
 * @throws X509_SUBJECT, X509_VALIDITY, X509_PEM
 */
export function tbsOfPlan(planned: Omit<PlannedCertificate, 'tbsSha256'>, { issuer, rootKey }: TbsSources): Uint8Array {
  const { subject, publicKey, root } = planned;
  const terms = { ...planned, serial: parseHex(planned.serial) };
  if (subject && rootKey && !issuer) return rootTbs(terms, subject, rootKey);
  if (subject && publicKey && issuer) return issuedTbs(terms, { subject, publicKey, issuer });
  const other = root === undefined ? undefined : parseChain(root, 'certificate.root').der[0];
  if (other && issuer) return crossTbs(terms, { root: other, issuer });
  throw new ToolkitError('CER_CA_PLAN_FILE', {
    message: `${planned.path}: expected a subject and a key, or a root to cross-sign`,
    fault: 'input',
    data: { path: planned.path },
    hint: 'plan another event, or put back the plan.json that was authorised',
  });
}

/** Returns what is compared of bytes to sign: all, but for the key of a root, which the plan cannot know. */
export function comparableTbs({ issuerSha256 }: Pick<PlannedCertificate, 'issuerSha256'>, tbs: Uint8Array): Uint8Array {
  return issuerSha256 === undefined ? tbsWithoutKey(tbs) : tbs;
}
