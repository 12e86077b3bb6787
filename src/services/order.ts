import { ToolkitError } from '../core/error.ts';

/**
 * Returns items in groups: each group needs only what stands in groups before it, so its members start side by side.
 * @throws SVC_ORDER if a dependency is missing or they form a circle
 */
export function startGroups<T extends { readonly id: string; readonly dependsOn: readonly string[] }>(
  items: readonly T[],
): readonly (readonly T[])[] {
  const started = new Set<string>();
  const groups: T[][] = [];
  let waiting = [...items];
  while (waiting.length > 0) {
    const group = waiting.filter((item) => item.dependsOn.every((id) => started.has(id)));
    if (group.length === 0) throw stuck(waiting);
    for (const item of group) started.add(item.id);
    waiting = waiting.filter((item) => !group.includes(item));
    groups.push(group);
  }
  return groups;
}

function stuck(items: readonly { readonly id: string; readonly dependsOn: readonly string[] }[]): ToolkitError {
  const text = items.map((item) => `${item.id} needs ${item.dependsOn.join(', ')}`).join('; ');
  return new ToolkitError('SVC_ORDER', { message: `services cannot be ordered: ${text}`, fault: 'caller' });
}
