import { equalBytes } from '../src/core/bytes.ts';
import type { JsonObject } from '../src/core/json.ts';
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
    return old.sha256 === young.sha256 ? [] : [{ name, what: 'changed' }];
  });
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
    if (!equalBytes(bytesOf(before, old), bytesOf(after, delegation))) return [{ delegation, what: 'changed' }];
    return kept[place - 1] === old ? [] : [{ delegation, what: 'moved' }];
  });
  return [...removed, ...others];
}

/** All that stands in a document about a delegated role, its keys included. */
function bytesOf(targets: TargetsDocument | undefined, { name, quorum }: Delegation): Uint8Array {
  const { roles } = (targets?.signed['delegations'] ?? {}) as { readonly roles?: readonly JsonObject[] };
  const role = roles?.find((each) => each['name'] === name) ?? null;
  return canonicalize({ role, keys: quorum.keys.map(({ keyid, key }) => ({ keyid, key })) });
}
