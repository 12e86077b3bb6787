import { statefulOf } from '../../../lib/guardrails/rules/data.ts';
import { assembly, profiles } from './synthesise.ts';

/** Returns `stack logicalId type` of everything that cannot be made again, in any profile. */
export async function statefulIds(): Promise<readonly string[]> {
  const synthesised = await Promise.all(profiles.map(assembly));
  const lines = synthesised.flatMap(({ assembly: stacks }) =>
    statefulOf(stacks).map(({ stack, id, type }) => `${stack.name} ${id} ${type}`),
  );
  return [...new Set(lines)].toSorted();
}
