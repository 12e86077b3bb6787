import type { Rule } from '../core/rules.ts';
import type { ConfigDraft, Written } from './draft.ts';
import { duplicates, isNamed } from './duplicates.ts';

/** Rules of the section `aws`, and of what other sections say about it. */
export const awsRules: readonly Rule<ConfigDraft>[] = [
  {
    id: 'unique-regions',
    title: 'each region is listed once',
    check: (draft) => duplicates(regionsOf(draft), 'the region', 'keep one of the two'),
  },
  {
    id: 'one-partition',
    title: 'all regions are of one partition: an account belongs to one',
    check: (draft) => {
      const [first, ...others] = regionsOf(draft);
      return others
        .filter(({ value }) => first && partitionOf(value) !== partitionOf(first.value))
        .map(({ value, path }) => ({
          where: path,
          message: `expected a region of the partition ${partitionOf(first?.value ?? '')}, got ${value} of ${partitionOf(value)}`,
          hint: 'an account belongs to one partition: make an instance of its own for the other one',
        }));
    },
  },
  {
    id: 'placed-in-a-region',
    title: 'each shard and timestamp authority runs in one of aws.regions',
    check: (draft) => {
      const regions = regionsOf(draft).map(({ value }) => value);
      return draft.services
        .flatMap(({ region }) => region ?? [])
        .filter(({ value }) => draft.aws !== undefined && !regions.includes(value))
        .map(({ value, path }) => ({
          where: path,
          message: `expected one of aws.regions, got ${JSON.stringify(value)}`,
          hint: `add ${value} to aws.regions, or leave the region out to use the first of them`,
        }));
    },
  },
];

function regionsOf({ aws }: ConfigDraft): readonly Written[] {
  const regions = Array.isArray(aws?.fields['regions']) ? aws.fields['regions'] : [];
  return regions.map((value: unknown, index) => ({ value, path: `aws.regions[${index}]` })).filter(isNamed);
}

function partitionOf(region: string): string {
  if (region.startsWith('us-gov-')) return 'aws-us-gov';
  return region.startsWith('cn-') ? 'aws-cn' : 'aws';
}
