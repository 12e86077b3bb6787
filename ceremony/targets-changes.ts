import type { TargetsDocument } from '../src/tuf/document.ts';

export interface TargetChange {
  readonly name: string;
  readonly what: 'added' | 'changed' | 'removed';
}

/** Says which files two targets documents list differently, in the order of their names. */
export function changedTargets(before: TargetsDocument | undefined, after: TargetsDocument): readonly TargetChange[] {
  const older = before?.targets ?? new Map<string, never>();
  const names = [...new Set([...older.keys(), ...after.targets.keys()])].sort();
  return names.flatMap((name): readonly TargetChange[] => {
    const [old, young] = [older.get(name), after.targets.get(name)];
    if (!old) return [{ name, what: 'added' }];
    if (!young) return [{ name, what: 'removed' }];
    return old.sha256 === young.sha256 ? [] : [{ name, what: 'changed' }];
  });
}
