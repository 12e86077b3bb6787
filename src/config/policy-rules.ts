import type { Complaint, Rule } from '../core/rules.ts';
import { type DraftFields, fieldsAt, fieldsOf, itemsAt, type Written, written } from './draft.ts';
import { formatPath } from './problem.ts';

/** A root policy as far as it can be read (see `ConfigDraft`). */
export interface PolicyDraft {
  readonly holders: readonly Written[];
  readonly heldRoles: readonly DraftRole[];
  readonly onlineRoles: readonly DraftRole[];
}

export interface DraftRole {
  readonly name: string;
  readonly path: string;
  /** Who may sign: the role's own list, or everybody. */
  readonly holders: readonly Written[];
  readonly threshold?: number;
  readonly expiryDays?: number;
  readonly resignDays?: number;
}

export function policyDraftOf(policy: unknown): PolicyDraft {
  const top: DraftFields = { path: [], fields: fieldsOf(policy) };
  const holders = itemsAt(top, 'holders').flatMap((holder) => written(holder, 'id') ?? []);
  const roles = (names: readonly string[]) => names.map((name) => roleOf(name, fieldsAt(top, name), holders));
  return { holders, heldRoles: roles(['root', 'targets']), onlineRoles: roles(['snapshot', 'timestamp']) };
}

function roleOf(name: string, role: DraftFields, everybody: readonly Written[]): DraftRole {
  const { threshold, expiryDays, resignDays, holders } = role.fields;
  const own = Array.isArray(holders) ? holders.flatMap((id: unknown, index) => listed(id, role, index)) : undefined;
  return {
    name,
    path: formatPath(role.path),
    holders: own ?? everybody,
    ...(typeof threshold === 'number' && { threshold }),
    ...(typeof expiryDays === 'number' && { expiryDays }),
    ...(typeof resignDays === 'number' && { resignDays }),
  };
}

function listed(id: unknown, role: DraftFields, index: number): readonly Written[] {
  return typeof id === 'string' ? [{ value: id, path: formatPath([...role.path, 'holders', index]) }] : [];
}

/** Rules between the fields of a root policy. */
export const policyRules: readonly Rule<PolicyDraft>[] = [
  {
    id: 'unique-holders',
    title: 'each holder is listed once: two ids of one key would count as two people',
    check: ({ holders }) => repeated(holders, 'the holder'),
  },
  {
    id: 'no-holder-online',
    title:
      'no holder is called "online": in an intent that means the key of snapshot and timestamp, which nobody holds',
    check: ({ holders }) =>
      holders
        .filter(({ value }) => value === 'online')
        .map(({ path }) => ({ where: path, message: 'expected another id, got "online"', hint: 'choose another id' })),
  },
  {
    id: 'unique-role-holders',
    title: 'each holder of a role is listed once',
    check: ({ holders, heldRoles }) =>
      heldRoles.flatMap((role) => (role.holders === holders ? [] : repeated(role.holders, 'the holder'))),
  },
  {
    id: 'known-holders',
    title: 'the holders of a role are among the holders of the policy',
    check: ({ holders, heldRoles }) =>
      heldRoles.flatMap((role) => role.holders.flatMap((id) => unknownHolder(id, holders))),
  },
  {
    id: 'feasible-threshold',
    title: 'a role has at least as many holders as must sign',
    check: ({ heldRoles }) =>
      heldRoles.flatMap(({ name, path, threshold, holders }) => {
        const count = countOf(holders);
        if (threshold === undefined || count === 0 || threshold <= count) return [];
        const message = `expected a threshold of at most ${count}, the number of holders of ${name}, got ${threshold}`;
        return [{ where: `${path}.threshold`, message, hint: 'lower the threshold or add holders' }];
      }),
  },
  {
    id: 'resign-before-expiry',
    title: 'signing anew begins after a version was published and before it expires',
    check: ({ heldRoles, onlineRoles }) =>
      [...heldRoles, ...onlineRoles].flatMap(({ path, expiryDays, resignDays }) => {
        if (expiryDays === undefined || resignDays === undefined || resignDays < expiryDays) return [];
        const message = `expected fewer days than ${path}.expiryDays (${expiryDays}), got ${resignDays}`;
        return [{ where: `${path}.resignDays`, message, hint: 'it counts backwards from the day of expiry' }];
      }),
  },
  {
    id: 'two-signers',
    title: 'no holder alone can sign',
    severity: 'warning',
    check: ({ heldRoles }) =>
      heldRoles
        .filter(({ threshold }) => threshold === 1)
        .map(({ name, path }) => ({
          where: `${path}.threshold`,
          message: `one holder alone can sign ${name}: a single stolen key is the whole root of trust`,
          hint: 'use a threshold of 2 or more',
        })),
  },
  {
    id: 'spare-holder',
    title: 'a lost key leaves enough holders to sign',
    severity: 'warning',
    check: ({ heldRoles }) =>
      heldRoles
        .filter(({ threshold, holders }) => threshold === countOf(holders))
        .map(({ name, path, threshold }) => ({
          where: `${path}.threshold`,
          message: `all ${threshold} holders must sign ${name}: one lost key ends the root of trust`,
          hint: 'have at least two holders more than the threshold',
        })),
  },
  {
    id: 'role-for-holder',
    title: 'each holder has a role',
    severity: 'warning',
    check: ({ holders, heldRoles }) => {
      const signing = new Set(heldRoles.flatMap((role) => role.holders.map(({ value }) => value)));
      return holders.filter(({ value }) => !signing.has(value)).map(idleHolder);
    },
  },
  {
    id: 'root-window',
    title: 'there is time to gather the holders before the root expires',
    severity: 'warning',
    check: ({ heldRoles }) =>
      heldRoles
        .filter(({ name, resignDays }) => name === 'root' && resignDays !== undefined && resignDays < 30)
        .map(({ path, resignDays }) => ({
          where: `${path}.resignDays`,
          message: `${resignDays} days to sign a new root: events of the public instance take 11 to 17, and one may fail`,
          hint: 'use 60',
        })),
  },
  {
    id: 'targets-replay',
    title: 'revoked trust does not stay valid for years',
    severity: 'warning',
    check: ({ heldRoles }) =>
      heldRoles
        .filter(({ name, expiryDays }) => name === 'targets' && expiryDays !== undefined && expiryDays > 366)
        .map(({ path, expiryDays }) => ({
          where: `${path}.expiryDays`,
          message: `whoever steals the online key can serve trust files that were revoked up to ${expiryDays} days ago`,
          hint: 'use 90',
        })),
  },
];

function repeated(ids: readonly Written[], what: string): readonly Complaint[] {
  return ids.flatMap(({ value, path }, index) => {
    const first = ids.findIndex((id) => id.value === value);
    if (first === index) return [];
    const message = `expected ${what} to be listed once, got ${JSON.stringify(value)}, which ${ids[first]?.path} has already`;
    return [{ where: path, message, hint: 'one person signs once; delete one of the two' }];
  });
}

function unknownHolder(id: Written, holders: readonly Written[]): readonly Complaint[] {
  if (holders.length === 0 || holders.some(({ value }) => value === id.value)) return [];
  const known = holders.map(({ value }) => value).join(', ');
  const message = `expected one of the holders ${known}, got ${JSON.stringify(id.value)}`;
  return [{ where: id.path, message, hint: `add ${id.value} to holders, or correct the id` }];
}

function idleHolder({ value, path }: Written): Complaint {
  return {
    where: path,
    message: `${value} holds a key that no role counts`,
    hint: 'add the holder to root or targets, or delete the entry',
  };
}

/** Different holders: a repeated one signs once. */
function countOf(holders: readonly Written[]): number {
  return new Set(holders.map(({ value }) => value)).size;
}
