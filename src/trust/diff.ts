import { type Item, type ItemGroup, offeredGroups, trustedGroups } from './diff-items.ts';
import type { TrustFiles } from './lint.ts';
import { describePeriod, describeTime } from './period.ts';
import {
  parseSigningConfig,
  type ServiceSelection,
  type SigningConfigView,
  signingConfigFile,
} from './signing-config.ts';
import { parseTrustedRoot, type TrustedRootView, trustedRootFile } from './trusted-root.ts';

interface Version {
  readonly root: TrustedRootView;
  readonly config: SigningConfigView;
}

/**
 * Explains what changes for clients between two versions of the published files, one sentence per change.
 * Returns nothing where no client would notice: spelling and spacing are no change.
 * @throws CORE_JSON, CORE_TOO_LARGE, TRUST_FORMAT
 */
export function diffTrust(before: TrustFiles | undefined, after: TrustFiles): readonly string[] {
  const older = before && versionOf(before);
  const newer = versionOf(after);
  const olderGroups = older ? groupsOf(older) : [];
  return [
    ...groupsOf(newer).flatMap((group, index) => diffGroup(olderGroups[index]?.items ?? [], group)),
    ...diffSelections(older?.config, newer.config),
  ];
}

function versionOf(files: TrustFiles): Version {
  return {
    root: parseTrustedRoot(files.trustedRoot, trustedRootFile),
    config: parseSigningConfig(files.signingConfig, signingConfigFile),
  };
}

function groupsOf({ root, config }: Version): readonly ItemGroup[] {
  return [...trustedGroups(root), ...offeredGroups(config)];
}

function diffGroup(before: readonly Item[], group: ItemGroup): readonly string[] {
  const older = byId(before);
  const newer = byId(group.items);
  const removed = [...older].filter(([id]) => !newer.has(id)).map(([, item]) => `${item.name} is ${group.removed}`);
  const kept = [...newer].flatMap(([id, item]) => {
    const old = older.get(id);
    return old
      ? diffItem(old, item, group)
      : [`${item.name} is ${group.added}, valid ${describePeriod(item.validFor)}`];
  });
  return [...kept, ...removed, ...diffOrder([...older.keys()], [...newer.keys()], group)];
}

function diffItem(older: Item, newer: Item, { endNote }: ItemGroup): readonly string[] {
  const [was, is] = [older.validFor, newer.validFor];
  const facts = Object.entries(newer.facts).flatMap(([label, fact]) =>
    fact === older.facts[label] ? [] : [`${newer.name} has another ${label}: ${older.facts[label]} becomes ${fact}`],
  );
  if (was.start.getTime() !== is.start.getTime()) {
    facts.push(`${newer.name} now starts at ${describeTime(is.start)}, not ${describeTime(was.start)}`);
  }
  if (was.end?.getTime() !== is.end?.getTime()) facts.push(`${newer.name} ${describeEnd(was.end, is.end)}${endNote}`);
  return facts;
}

function describeEnd(was: Date | undefined, is: Date | undefined): string {
  const before = was ? `, not ${describeTime(was)}` : '';
  return is ? `now ends at ${describeTime(is)}${before}` : `no longer ends${before.replace(', not', ' at')}`;
}

/** Order matters to signers: sigstore-python uses the first service of the list. */
function diffOrder(older: readonly string[], newer: readonly string[], { nouns }: ItemGroup): readonly string[] {
  const olderKept = older.filter((id) => newer.includes(id));
  const newerKept = newer.filter((id) => older.includes(id));
  return olderKept.every((id, index) => id === newerKept[index]) ? [] : [`the order of the ${nouns} changes`];
}

function diffSelections(older: SigningConfigView | undefined, newer: SigningConfigView): readonly string[] {
  return [
    ...diffSelection('Rekor logs', older?.rekorSelection, newer.rekorSelection, older === undefined),
    ...diffSelection('timestamp services', older?.timestampSelection, newer.timestampSelection, older === undefined),
  ];
}

function diffSelection(
  nouns: string,
  older: ServiceSelection | undefined,
  newer: ServiceSelection | undefined,
  isFirst: boolean,
): readonly string[] {
  const [was, is] = [describeSelection(older), describeSelection(newer)];
  if (isFirst) return [`signers use ${is} of the ${nouns} that are offered`];
  return was === is ? [] : [`signers use ${is} of the ${nouns} that are offered, not ${was}`];
}

function describeSelection(selection: ServiceSelection | undefined): string {
  if (selection === undefined) return 'none';
  return selection.selector === 'EXACT' ? `exactly ${selection.count}` : selection.selector.toLowerCase();
}

/** Items by ID; an ID that is there twice (which the linter refuses) counts its occurrences. */
function byId(items: readonly Item[]): ReadonlyMap<string, Item> {
  const found = new Map<string, Item>();
  for (const item of items) {
    const occurrences = items.slice(0, items.indexOf(item)).filter(({ id }) => id === item.id).length;
    found.set(`${item.id}#${occurrences}`, item);
  }
  return found;
}
