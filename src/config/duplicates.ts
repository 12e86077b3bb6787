import type { Complaint } from '../core/rules.ts';
import type { Declared, Written } from './draft.ts';

/** Reports each value that stood there before; the first place is named. */
export function duplicates(values: readonly (Written | Declared)[], what: string, hint: string): readonly Complaint[] {
  const first = new Map<string, Written | Declared>();
  return values.flatMap((current) => {
    const earlier = first.get(current.value);
    if (earlier === undefined) {
      first.set(current.value, current);
      return [];
    }
    if (isDefault(current) && isDefault(earlier)) return [];
    const message = `expected ${what} to be used once, got ${JSON.stringify(current.value)}, which ${earlier.path} has already`;
    return [{ where: current.path, message, hint }];
  });
}

function isDefault(value: Written | Declared): boolean {
  return 'isDefault' in value && value.isDefault;
}

export function isNamed(item: { value: unknown; path: string }): item is Written {
  return typeof item.value === 'string';
}
