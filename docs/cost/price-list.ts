import { parse } from 'yaml';

/** What is counted in a template, to be multiplied with a price; `quantities.ts` says how. */
export const quantityNames = [
  'one',
  'fargate-vcpus',
  'fargate-gigabytes',
  'aurora-capacity-units',
  'endpoint-zones',
  'firewall-rules',
  'alarm-metrics',
  'own-metrics',
  'log-keys',
  'log-buckets',
  'functions-by-the-clock',
] as const;
export type QuantityName = (typeof quantityNames)[number];

export interface PricePart {
  readonly quantity: QuantityName;
  readonly perMonth: number;
}

/** What one resource of a type costs. Without parts it is free, and `free` says why. */
export interface Price {
  readonly parts: readonly PricePart[];
  readonly free?: string;
  readonly use?: string;
}

export interface PriceList {
  readonly dated: string;
  readonly region: string;
  readonly verified: boolean;
  readonly byType: ReadonlyMap<string, Price>;
}

/** Parses a price list. Every entry costs something or says why not; what it does not know, it refuses. */
export function parsePriceList(text: string): PriceList {
  const { dated, region, verified, hoursPerMonth, types, ...rest } = record(parse(text), 'price list');
  if (Object.keys(rest).length > 0) throw new Error(`price list: unknown ${Object.keys(rest).join(', ')}`);
  if (typeof verified !== 'boolean') throw new Error('price list: expected verified: true or false');
  const hours = amount(hoursPerMonth, 'hoursPerMonth');
  const entries = Object.entries(record(types, 'types')).map(
    ([type, entry]) => [type, priceOf(type, entry, hours)] as const,
  );
  return { dated: String(dated), region: String(region), verified, byType: new Map(entries) };
}

function priceOf(type: string, entry: unknown, hours: number): Price {
  const { parts, free, use, ...rest } = record(entry, type);
  if (Object.keys(rest).length > 0) throw new Error(`${type}: unknown ${Object.keys(rest).join(', ')}`);
  if ((parts === undefined) === (free === undefined))
    throw new Error(`${type}: expected parts, or free with the reason`);
  if (parts !== undefined && (!Array.isArray(parts) || parts.length === 0))
    throw new Error(`${type}: expected parts as a list`);
  return {
    parts: ((parts ?? []) as readonly unknown[]).map((part) => partOf(type, part, hours)),
    ...(free !== undefined && { free: sentence(free, type) }),
    ...(use !== undefined && { use: sentence(use, type) }),
  };
}

function partOf(type: string, part: unknown, hours: number): PricePart {
  const { quantity, hour, month } = record(part, type);
  const name = quantityNames.find((one) => one === quantity);
  if (name === undefined) throw new Error(`${type}: unknown quantity ${String(quantity)}`);
  if ((hour === undefined) === (month === undefined)) throw new Error(`${type}: expected hour or month`);
  return { quantity: name, perMonth: hour === undefined ? amount(month, type) : amount(hour, type) * hours };
}

function record(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Error(`${what}: expected a mapping`);
}

function amount(value: unknown, what: string): number {
  if (typeof value === 'number' && value > 0) return value;
  throw new Error(`${what}: expected a positive number, got ${String(value)}`);
}

function sentence(value: unknown, what: string): string {
  if (typeof value === 'string' && value.length > 3) return value;
  throw new Error(`${what}: expected a sentence`);
}
