import { sha256Hex } from '../src/core/digest.ts';
import { assertNoErrors } from '../src/core/rules.ts';
import { canonicalize } from '../src/tuf/canonical-json.ts';
import { parseDocument } from '../src/tuf/document.ts';
import { lintPlan } from './lint.ts';
import type { Plan, PlannedPayload } from './plan.ts';

export interface FrozenPayload extends PlannedPayload {
  readonly version: number;
  /** SHA-256 of the canonical bytes, which are what holders sign and compare aloud. */
  readonly digest: string;
}

declare const frozen: unique symbol;

/** A plan that passed every rule, with the digests of what will be signed. Only `freeze` makes one. */
export interface FrozenPlan {
  readonly [frozen]: true;
  readonly plan: Plan;
  readonly payloads: readonly FrozenPayload[];
  /** Changes with any bit of any payload. */
  readonly digest: string;
}

/**
 * Fixes the bytes of a plan, which must pass every rule: nothing that does not lint can be signed.
 * @throws CER_PLAN_REFUSED
 */
export function freeze(plan: Plan): FrozenPlan {
  assertNoErrors(lintPlan(plan), 'CER_PLAN_REFUSED', plan.intent);
  const payloads = plan.payloads.map((payload) => {
    const signed = structuredClone(payload.signed);
    const { version } = parseDocument(signed, payload.role);
    return { ...payload, signed, version, digest: sha256Hex(canonicalize(signed)) };
  });
  const digest = sha256Hex(...payloads.map((payload) => `${payload.role} ${payload.version} ${payload.digest}\n`));
  return { plan, payloads, digest } as unknown as FrozenPlan;
}
