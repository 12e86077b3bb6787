import { equalBytes } from '../src/core/bytes.ts';
import type { Json, JsonObject } from '../src/core/json.ts';
import { canonicalize } from '../src/tuf/canonical-json.ts';
import type { Delegation } from '../src/tuf/delegations.ts';
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
    return same(entryOf(before, name), entryOf(after, name)) ? [] : [{ name, what: 'changed' }];
  });
}

/** Returns the fields of a targets document that others have a use for, and that two of them have differently. */
export function changedFields(before: TargetsDocument, after: TargetsDocument): readonly string[] {
  const spokenOf = ['version', 'expires', 'targets', 'delegations'];
  const fields = new Set([...Object.keys(before.signed), ...Object.keys(after.signed)]);
  return [...fields].filter((field) => !spokenOf.includes(field) && !same(before.signed[field], after.signed[field]));
}

export interface DelegationChange {
  readonly delegation: Delegation;
  readonly what: 'added' | 'changed' | 'moved' | 'removed';
}

/** Says which roles two targets documents delegate to differently, the order in which clients visit them included. */
export function changedDelegations(
  before: TargetsDocument | undefined,
  after: TargetsDocument,
): readonly DelegationChange[] {
  const older = before?.delegations ?? [];
  const kept = older.filter(({ name }) => after.delegations.some((role) => role.name === name));
  const removed = older
    .filter((role) => !kept.includes(role))
    .map((delegation) => ({ delegation, what: 'removed' as const }));
  let place = 0;
  const others = after.delegations.flatMap((delegation): readonly DelegationChange[] => {
    const old = kept.find(({ name }) => name === delegation.name);
    if (!old) return [{ delegation, what: 'added' }];
    place += 1;
    if (!same(allOf(before, old), allOf(after, delegation))) return [{ delegation, what: 'changed' }];
    return kept[place - 1] === old ? [] : [{ delegation, what: 'moved' }];
  });
  return [...removed, ...others];
}

/** All that stands in a document about a delegated role, its keys included. */
function allOf(targets: TargetsDocument | undefined, { name, quorum }: Delegation): Json {
  const { roles } = (targets?.signed['delegations'] ?? {}) as { readonly roles?: readonly JsonObject[] };
  const role = roles?.find((each) => each['name'] === name) ?? null;
  return { role, keys: quorum.keys.map(({ keyid, key }) => ({ keyid, key })) };
}

function entryOf(targets: TargetsDocument | undefined, name: string): Json | undefined {
  return (targets?.signed['targets'] as JsonObject | undefined)?.[name];
}

function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return equalBytes(canonicalize(a), canonicalize(b));
}
