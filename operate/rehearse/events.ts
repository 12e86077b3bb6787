import { writeFile } from 'node:fs/promises';
import type { EventKind } from '../../src/config/intent.ts';
import type { RolePolicy } from '../../src/config/root-policy.ts';
import { delegatedRole, handOverRole } from './delegated-role.ts';
import { fastForward } from './fast-forward.ts';
import type { People, PersonsKey } from './people.ts';
import type { Stage } from './stage.ts';

/** One event of a rehearsal: what happens before it, and who signs. */
export interface RehearsedEvent {
  readonly kind: EventKind;
  /** What has to be there before it is planned; returns keys that sign besides those of a quorum. */
  prepare(stage: Stage, people: People): Promise<readonly PersonsKey[]>;
  /** Fields of the intent besides kind and reason. */
  readonly intent: string;
  /** How one of the holders signs, so that every way is rehearsed. @default at the terminal */
  readonly way?: 'detached' | 'qr' | 'amended';
}

const joining = { id: 'frank', name: 'Frank Newcomer' };

/** A year in the life of a root of trust, in an order in which each finds what it needs. */
export function rehearsedEvents(people: People): readonly RehearsedEvent[] {
  const [first = '', second = '', third = '', fourth = '', fifth = ''] = people.ids;
  const nothing = async () => [];
  return [
    { kind: 'genesis', intent: '', prepare: nothing },
    { kind: 'renew', intent: '', prepare: nothing, way: 'detached' },
    {
      kind: 'update-targets',
      intent: '',
      way: 'amended',
      prepare: async (_, who) => {
        await who.target('notice.txt', () => 'A file that clients may read.\n');
        return [];
      },
    },
    {
      kind: 'replace-key',
      intent: `holder: ${first}\n`,
      way: 'qr',
      prepare: async (_, who) => await bothKeys(who, [first]),
    },
    {
      kind: 'replace-quorum',
      intent: `holders: [${second}, ${third}, ${fourth}]\n`,
      prepare: async (_, who) => await bothKeys(who, [second, third, fourth]),
    },
    {
      kind: 'add-holder',
      intent: `holder: ${joining.id}\n`,
      prepare: async (_, who) => {
        await who.change({
          holders: [...who.policy.holders, joining],
          root: withHolder(who.policy.root),
          targets: withHolder(who.policy.targets),
        });
        await who.enrol(joining.id);
        return [];
      },
    },
    {
      kind: 'remove-holder',
      intent: `holder: ${joining.id}\n`,
      prepare: async (_, who) => {
        await who.change({
          holders: who.policy.holders.filter(({ id }) => id !== joining.id),
          root: withoutHolder(who.policy.root),
          targets: withoutHolder(who.policy.targets),
        });
        return [];
      },
    },
    {
      kind: 'set-threshold',
      intent: 'role: targets\n',
      prepare: async (_, who) => {
        const { targets } = who.policy;
        await who.change({ targets: { ...targets, threshold: targets.threshold - 1 } });
        return [];
      },
    },
    {
      kind: 'rotate-online',
      intent: '',
      prepare: async (stage) => {
        await nameOnlineKey(stage, 'second');
        return [];
      },
    },
    {
      kind: 'revoke-key',
      intent: `holder: ${fifth}\nsince: 2026-11-01T00:00:00Z\n`,
      prepare: async (_, who) => {
        await who.enrol(fifth);
        return [];
      },
    },
    {
      kind: 'rotate-targets-keys',
      intent: `holders: [${first}, ${second}, ${third}, ${fourth}]\n`,
      prepare: async (_, who) => {
        for (const id of [first, second, third, fourth]) await who.enrol(id, 'targets');
        return [];
      },
    },
    {
      kind: 'recover-fast-forward',
      intent: 'since: 2026-11-01T00:00:00Z\n',
      prepare: async (stage) => {
        await fastForward(stage);
        await nameOnlineKey(stage, 'third');
        return [];
      },
    },
    {
      kind: 'delegate',
      intent: `role: ${delegatedRole}\nthreshold: 1\nkeys: [owners.pem]\npaths: ['${delegatedRole}/*']\nterminating: true\n`,
      prepare: async (stage) => {
        await handOverRole(stage, new Date());
        return [];
      },
    },
    { kind: 'undelegate', intent: `role: ${delegatedRole}\n`, prepare: nothing },
  ];
}

/** Names another online key to the record; keys of a rehearsal that sign without people are files. */
export async function nameOnlineKey(stage: Stage, name: string): Promise<void> {
  const options = await stage.onlineKeys.newKey('online', name);
  await stage.coordinator('ceremony', 'enroll', '--online', ...options);
}

export async function writeIntent(stage: Stage, event: RehearsedEvent): Promise<string> {
  const path = stage.path(`${event.kind}.intent.yaml`);
  await writeFile(path, `kind: ${event.kind}\nreason: rehearsal of ${event.kind}\n${event.intent}`);
  return path;
}

/** Each of these people enrols another key, and signs with the one that goes and with the one that comes. */
async function bothKeys(people: People, ids: readonly string[]): Promise<readonly PersonsKey[]> {
  const keys: PersonsKey[] = [];
  for (const id of ids) {
    const former = await people.enrol(id);
    if (former) keys.push(former);
    keys.push(people.key(id));
  }
  return keys;
}

function withHolder(role: RolePolicy): RolePolicy {
  return { ...role, holders: [...role.holders, joining.id] };
}

function withoutHolder(role: RolePolicy): RolePolicy {
  return { ...role, holders: role.holders.filter((id) => id !== joining.id) };
}
