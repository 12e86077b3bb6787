import type { SigstoreClient, Verdict } from '../clients/client.ts';
import { nameOf } from '../proof.ts';

/** One thing that smoke looked at. */
export interface Check {
  readonly name: string;
  readonly client: string;
  readonly expected: 'accepts' | 'refuses';
  readonly passed: boolean;
  /** Why the client refused, in its own words. */
  readonly reason?: string;
}

export function accepts(name: string, client: SigstoreClient, verdict: Verdict): Check {
  const check = { name, client: nameOf(client), expected: 'accepts' } as const;
  return verdict.accepted ? { ...check, passed: true } : { ...check, passed: false, reason: verdict.reason };
}

/** A refusal counts only for the right reason: a broken setup refuses everything. */
export function refuses(name: string, client: SigstoreClient, verdict: Verdict, because: RegExp): Check {
  const check = { name, client: nameOf(client), expected: 'refuses' } as const;
  if (verdict.accepted) return { ...check, passed: false };
  return { ...check, passed: because.test(verdict.reason), reason: verdict.reason };
}
