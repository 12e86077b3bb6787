import { type Finding, runRules } from '../src/core/rules.ts';
import { type Plan, parsePayloads } from './plan.ts';
import { planRules } from './rules/index.ts';
import { wellFormed } from './rules/well-formed.ts';

/** Returns what the rules have to say about a plan. One that is not well-formed is not looked at any further. */
export function lintPlan(plan: Plan): readonly Finding[] {
  const findings = runRules([wellFormed], plan);
  return findings.length > 0 ? findings : runRules(planRules, parsePayloads(plan));
}
