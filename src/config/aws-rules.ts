import type { Rule } from '../core/rules.ts';
import { defaultNetwork } from './config-schema.ts';
import { type ConfigDraft, type DraftFields, fieldsAt, type Written, written } from './draft.ts';
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
  {
    id: 'frozen-shards',
    title: 'what is frozen is a shard, and not the last one of its kind: that is where new entries go',
    check: (draft) => {
      const shards = draft.services.filter(({ kind }) => kind === 'rekor' || kind === 'ct');
      const last = new Set((['rekor', 'ct'] as const).map((of) => shards.findLast(({ kind }) => kind === of)));
      return listedAt(draft.aws, 'frozen').flatMap(({ value, path }) => {
        const shard = shards.find(({ name }) => name?.value === value);
        if (shard === undefined) {
          const hint = 'write its name as under logs; a shard stays there for as long as anybody trusts it';
          return [{ where: path, message: `expected the name of a shard, got ${value}`, hint }];
        }
        if (!last.has(shard)) return [];
        const hint = 'open the next shard first: docs/operator-runbook.md#new-shard';
        return [{ where: path, message: `expected a shard that another one follows, got ${value}`, hint }];
      });
    },
  },
  {
    id: 'network-ranges',
    title: 'ranges of addresses are what they say: AWS refuses one whose address has bits behind its prefix',
    check: ({ aws }) =>
      [
        ...(aws ? [written(aws, 'network'), written(fieldsAt(aws, 'hsm'), 'network')] : []),
        ...listedAt(aws, 'clientNetworks'),
      ].flatMap((range) => {
        if (range === undefined) return [];
        const network = networkOf(range.value);
        if (network === range.value) return [];
        const hint = network === undefined ? 'four numbers up to 255, and a prefix up to 32' : `write ${network}`;
        return [{ where: range.path, message: `expected a range of IPv4 addresses, got ${range.value}`, hint }];
      }),
  },
  {
    id: 'hsm-network',
    title: 'the HSM is outside of the VPC, or in a part of it: a VPC keeps for itself what is in its own range',
    check: ({ aws }) => {
      const hsm = aws && written(fieldsAt(aws, 'hsm'), 'network');
      const vpc = (aws && written(aws, 'network')?.value) ?? defaultNetwork;
      if (hsm === undefined || !covers(hsm.value, vpc)) return [];
      const message = `expected addresses outside of aws.network ${vpc}, or a part of it, got ${hsm.value}, which has all of it`;
      const hint =
        'name the addresses of the HSM alone; where it is in another network, give aws.network another range';
      return [{ where: hsm.path, message, hint }];
    },
  },
];

/** Addresses as numbers, both ends included. */
interface Range {
  readonly first: number;
  readonly last: number;
  readonly bits: number;
}

/** Returns the range that a text means, with the bits behind its prefix cleared. */
function rangeOf(text: string): Range | undefined {
  const [address = '', prefix = ''] = text.split('/');
  const bits = Number(prefix);
  const octets = address.split('.').map(Number);
  const isWhole = (value: number, most: number) => Number.isInteger(value) && value >= 0 && value <= most;
  if (octets.length !== 4 || !octets.every((octet) => isWhole(octet, 255)) || !isWhole(bits, 32)) return undefined;
  const size = 2 ** (32 - bits);
  const number = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const first = number - (number % size);
  return { first, last: first + size - 1, bits };
}

function networkOf(text: string): string | undefined {
  const range = rangeOf(text);
  if (range === undefined) return undefined;
  const octets = [24, 16, 8, 0].map((shift) => (range.first >>> shift) & 0xff);
  return `${octets.join('.')}/${range.bits}`;
}

/** True if every address of the second range is in the first. */
function covers(outer: string, inner: string): boolean {
  const [around, within] = [rangeOf(outer), rangeOf(inner)];
  if (around === undefined || within === undefined) return false;
  return around.first <= within.first && within.last <= around.last;
}

function regionsOf({ aws }: ConfigDraft): readonly Written[] {
  return listedAt(aws, 'regions');
}

/** Returns the texts of a list of the section, with their places. */
function listedAt(aws: DraftFields | undefined, key: string): readonly Written[] {
  const items = Array.isArray(aws?.fields[key]) ? aws.fields[key] : [];
  return items.map((value: unknown, index) => ({ value, path: `aws.${key}[${index}]` })).filter(isNamed);
}

function partitionOf(region: string): string {
  if (region.startsWith('us-gov-')) return 'aws-us-gov';
  return region.startsWith('cn-') ? 'aws-cn' : 'aws';
}
