import { type AccessMatrix, bucketFamilies } from './matrix.ts';

/** Returns everybody whom the matrix names, in the order in which it does. */
export function everybodyNamed(matrix: AccessMatrix): readonly string[] {
  return [...new Set(grants(matrix).map(({ who }) => who))];
}

/** Returns the table of one role as it stands in `docs/access.md`: where, and what it may do there. */
export function tableOf(who: string, matrix: AccessMatrix): string {
  const rows = new Map<string, string[]>();
  for (const grant of grants(matrix).filter((each) => each.who === who)) {
    rows.set(grant.where, [...(rows.get(grant.where) ?? []), grant.what]);
  }
  const lines = [...rows].map(([where, what]) => `| ${where} | ${what.join(', ')} |`);
  return ['| at | may |', '|---|---|', ...lines].join('\n');
}

interface Grant {
  readonly who: string;
  readonly where: string;
  readonly what: string;
}

const keyNames = { service: 'the key of each service', 'tuf-online': 'the key `tuf-online`' } as const;
const bucketNames = {
  ...{ log: 'log', records: 'records', tuf: 'TUF', memory: 'memory' },
  ...{ audit: 'audit', 'audit-keys': "keys' audit", 'access-logs': 'access log' },
} as const;

function grants({ keys, buckets }: AccessMatrix): readonly Grant[] {
  const ofKeys = (['service', 'tuf-online'] as const).flatMap((kind) =>
    Object.entries(keys[kind]).flatMap(([what, all]) =>
      all.map((who) => ({ who, where: who === 'its task' ? 'the key of its service' : keyNames[kind], what })),
    ),
  );
  const ofBuckets = bucketFamilies.flatMap((kind) =>
    Object.entries(buckets[kind]).flatMap(([object, allowed]) =>
      Object.entries(allowed).flatMap(([what, all]) =>
        all.map((who) => grantOf(who, { where: placeOf(bucketNames[kind], object), what })),
      ),
    ),
  );
  return [...ofKeys, ...ofBuckets];
}

/** A task is one role of a service, whatever the matrix calls it where the kind of service matters. */
function grantOf(who: string, { where, what }: Omit<Grant, 'who'>): Grant {
  if (who === 'its CT task') return { who: 'its task', where: `${where} of a CT log`, what };
  return { who: who === 'tasks of its logs' ? 'its task' : who, where, what };
}

function placeOf(bucket: string, object: string): string {
  return object === 'bucket' ? `${bucket} bucket` : `${bucket} bucket: \`${object}\``;
}
