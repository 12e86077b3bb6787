import { type Finding, type RuleOutcome, ruleOutcomes, runRules } from '../src/core/rules.ts';
import { type Plan, parsePayloads } from './plan.ts';
import { planRules } from './rules/index.ts';
import { wellFormed } from './rules/well-formed.ts';

/** Says of each rule what came of it. The plan must be well-formed. */
export function planOutcomes(plan: Plan): readonly RuleOutcome[] {
  return ruleOutcomes(planRules, parsePayloads(plan));
}

/** Returns what the rules have to say about a plan. One that is not well-formed is not looked at any further. */
export function lintPlan(plan: Plan): readonly Finding[] {
  const findings = runRules([wellFormed], plan);
  return findings.length > 0 ? findings : runRules(planRules, parsePayloads(plan));
}
