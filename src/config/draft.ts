import { formatPath, type Path } from './problem.ts';

/** A string of the file, and where it stands. */
export interface Written {
  readonly value: string;
  readonly path: string;
}

/** A host name that was written, or the default that stands in for it. */
export interface Declared extends Written {
  readonly isDefault: boolean;
}

export interface DraftService {
  readonly kind: 'rekor' | 'ct' | 'timestamps' | 'fulcio';
  readonly path: string;
  readonly name?: Written;
  readonly host?: Declared;
  readonly operator?: Declared;
  readonly key?: Written;
  readonly region?: Written;
  readonly witnesses?: Written;
}

/** A mapping of the file whose fields may have any shape. */
export interface DraftFields {
  readonly path: Path;
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * A configuration as far as it can be read, for the rules across fields: they report what is wrong between two
 * values also while a third one has the wrong form.
 */
export interface ConfigDraft {
  /** The root policy. */
  readonly root?: Written;
  readonly domain?: Written;
  readonly services: readonly DraftService[];
  readonly issuers: readonly DraftFields[];
  readonly selection: DraftFields;
  readonly aws?: DraftFields;
}

export const fulcioName = 'fulcio';

/** The name of a service that the file does not spell out. */
export function defaultHost(name: string, domain: string): string {
  return `${name}.${domain}`;
}

export function draftOf(config: unknown): ConfigDraft {
  const top: DraftFields = { path: [], fields: fieldsOf(config) };
  const domain = written(fieldsAt(top, 'instance'), 'domain');
  const root = written(top, 'root');
  const logs = fieldsAt(top, 'logs');
  const fulcio = fieldsAt(top, 'fulcio');
  const services = (['rekor', 'ct'] as const).flatMap((kind) =>
    itemsAt(logs, kind).map((item) => serviceOf(kind, item, { name: 'shard', host: 'origin' }, domain)),
  );
  const timestamps = itemsAt(top, 'timestamps').map((item) =>
    serviceOf('timestamps', item, { name: 'name', host: 'host' }, domain),
  );
  return {
    ...(root && { root }),
    ...(domain && { domain }),
    services: [fulcioOf(fulcio, domain), ...services, ...timestamps],
    issuers: itemsAt(top, 'issuers'),
    selection: fieldsAt(top, 'selection'),
    ...('aws' in top.fields && { aws: fieldsAt(top, 'aws') }),
  };
}

function serviceOf(
  kind: DraftService['kind'],
  item: DraftFields,
  keys: { name: string; host: string },
  domain: Written | undefined,
): DraftService {
  const name = written(item, keys.name);
  const host = declared(item, keys.host, name && domain && defaultHost(name.value, domain.value));
  const operator = declared(item, 'operator', host?.value);
  const key = written(item, 'key');
  const region = written(item, 'region');
  const witnesses = written(item, 'witnesses');
  return {
    kind,
    path: formatPath(item.path),
    ...(region && { region }),
    ...(witnesses && { witnesses }),
    ...(name && { name }),
    ...(host && { host }),
    ...(operator && { operator }),
    ...(key && { key }),
  };
}

/** Fulcio is the one service whose name nobody chooses: no other may have it. */
function fulcioOf(fulcio: DraftFields, domain: Written | undefined): DraftService {
  const name: Written = { value: fulcioName, path: 'fulcio' };
  const host: Declared | undefined = domain && {
    ...name,
    value: defaultHost(fulcioName, domain.value),
    isDefault: true,
  };
  const operator = declared(fulcio, 'operator', host?.value);
  const key = written(fulcio, 'key');
  return {
    kind: 'fulcio',
    path: 'fulcio',
    name,
    ...(host && { host }),
    ...(operator && { operator }),
    ...(key && { key }),
  };
}

/** Returns the field as a string, or `undefined` if it is absent or something else. */
export function written(item: DraftFields, key: string): Written | undefined {
  const value = item.fields[key];
  return typeof value === 'string' ? { value, path: formatPath([...item.path, key]) } : undefined;
}

function declared(item: DraftFields, key: string, fallback: string | undefined): Declared | undefined {
  const own = written(item, key);
  if (own) return { ...own, isDefault: false };
  if (key in item.fields || fallback === undefined) return undefined;
  return { value: fallback, path: formatPath(item.path), isDefault: true };
}

export function fieldsAt(item: DraftFields, key: string): DraftFields {
  return { path: [...item.path, key], fields: fieldsOf(item.fields[key]) };
}

/** Returns the mappings of a list, with their places. */
export function itemsAt(item: DraftFields, key: string): readonly DraftFields[] {
  const value = item.fields[key];
  if (!Array.isArray(value)) return [];
  return value.map((fields: unknown, index) => ({ path: [...item.path, key, index], fields: fieldsOf(fields) }));
}

export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isMapping ? (value as Record<string, unknown>) : {};
}
